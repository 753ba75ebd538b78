//! A vocabulary: what a token is, and how text becomes tokens and back. Tokens are words, or byte pairs ([`super::bytes`]).

use super::bytes::BytePairs;
use std::collections::HashMap;

/// Padding; never predicted, never attended to.
pub const PAD: u32 = 0;
/// Start of every sequence.
pub const BOS: u32 = 1;
/// Between prompt and completion.
pub const SEP: u32 = 2;
/// End of every completion.
pub const EOS: u32 = 3;
/// A word that is not in the vocabulary.
pub const UNK: u32 = 4;

const SPECIALS: [&str; 5] = ["<pad>", "<bos>", "<sep>", "<eos>", "<unk>"];

/// Words by token id. Ids below 5 are the special tokens.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    words: Vec<String>,
    ids: HashMap<String, u32>,
    /// Tokens are these, not words; their ids begin after the specials.
    pairs: Option<BytePairs>,
}

impl Vocabulary {
    /// From words in id order, without the specials; duplicates are dropped.
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Self {
        let mut vocabulary = Self { words: Vec::new(), ids: HashMap::new(), pairs: None };
        for word in SPECIALS.iter().map(|s| (*s).to_string()).chain(words.into_iter().map(|w| w.as_ref().to_string())) {
            if !vocabulary.ids.contains_key(&word) {
                vocabulary.ids.insert(word.clone(), vocabulary.words.len() as u32);
                vocabulary.words.push(word);
            }
        }
        vocabulary
    }

    /// Byte pairs; `words` are then how each is shown.
    pub fn of_bytes(pairs: BytePairs) -> Self {
        Self { pairs: Some(pairs.clone()), ..Self::new(pairs.names()) }
    }

    /// Number of tokens, specials included.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Never true: the specials are always there.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Words by id.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Splits text into words: lower case; letters, digits, `'` and `-` make words, other marks stand alone.
    pub fn split(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut word = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            let c = if c == '\u{2019}' { '\'' } else { c };
            if c.is_alphanumeric() || c == '\'' || c == '-' {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if !c.is_whitespace() && !c.is_control() {
                words.push(c.to_string());
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        words
    }

    /// Token ids of `text`; unknown words become [`UNK`].
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_with(text, &mut HashMap::new())
    }

    /// The same of many texts; `known` remembers what was met before.
    pub fn encode_with<'a>(&self, text: &'a str, known: &mut HashMap<&'a str, Vec<u32>>) -> Vec<u32> {
        if let Some(pairs) = &self.pairs {
            return pairs.encode(text, known).into_iter().map(|t| t + SPECIALS.len() as u32).collect();
        }
        Self::split(text).iter().map(|w| self.ids.get(w).copied().unwrap_or(UNK)).collect()
    }

    /// The id of one word.
    pub fn id(&self, word: &str) -> Option<u32> {
        self.ids.get(word).copied()
    }

    /// Readable text: words have no space before closing marks; `PAD`, `BOS`, `SEP` and `EOS` are left out.
    pub fn decode(&self, tokens: &[u32]) -> String {
        if let Some(pairs) = &self.pairs {
            let bytes: Vec<u8> = tokens.iter().filter_map(|t| t.checked_sub(SPECIALS.len() as u32)).flat_map(|t| pairs.bytes(t).to_vec()).collect();
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        let mut text = String::new();
        for &token in tokens {
            if token < UNK {
                continue;
            }
            let word = self.words.get(token as usize).map_or("<unk>", String::as_str);
            if !text.is_empty() && !matches!(word, "." | "," | "!" | "?" | ";" | ":" | ")") {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_in_and_comes_back() {
        let v = Vocabulary::new(["don't", "stop", ",", "friend", ".", "stop"]);
        assert_eq!(v.len(), 10);
        let tokens = v.encode("Don\u{2019}t stop, my friend.");
        assert_eq!(tokens, [5, 6, 7, UNK, 8, 9]);
        assert_eq!(v.decode(&tokens), "don't stop, <unk> friend.");
        assert_eq!(v.decode(&[BOS, 6, SEP, EOS, PAD, 999]), "stop <unk>");
    }

    #[test]
    fn bytes_go_in_and_come_back_as_they_were() {
        let text = "Don\u{2019}t stop,\tmy FRIEND … 友";
        let v = Vocabulary::of_bytes(BytePairs::learn(["stop it", "stop, stop"], 300));
        let tokens = v.encode(text);
        assert_eq!(v.decode(&tokens), text);
        assert!(!tokens.contains(&UNK) && v.words()[5 + usize::from(b' ')] == "␣" && v.words().len() == v.len() && v.len() > 261);
        assert_eq!(v.id("stop").map(|t| v.decode(&[BOS, t, EOS, 9_999])), Some("stop".into()));
    }
}
