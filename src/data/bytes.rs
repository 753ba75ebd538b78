//! Byte-level byte-pair encoding (Sennrich et al., arXiv 1508.07909; over bytes as in GPT-2), learned from the user's own
//! texts. Every text can be written with it and read back as it was; nothing is unknown.

use crate::order;
use std::collections::{HashMap, HashSet};

/// Most tokens, bytes included.
pub const MAX_TOKENS: usize = 2_000;
/// Pieces that merges are learned from: the most frequent ones, so that a file of noise takes no longer than a text.
const MAX_PIECES: usize = 20_000;
/// Most characters of a piece.
const MAX_PIECE: usize = 24;
/// A pair that is seen less often is not worth a token.
const FEWEST: usize = 2;

type Pair = (u32, u32);

/// Tokens made of bytes: the first 256 are the bytes themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct BytePairs {
    tokens: Vec<Vec<u8>>,
    /// Which two tokens become which, and how early that was learned.
    merges: HashMap<Pair, (u32, u32)>,
}

/// Pieces that no token reaches across: letters, digits or marks with the space before them, or white space.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let class = |c: char| if c.is_whitespace() { 0 } else if c.is_alphabetic() { 1 } else if c.is_numeric() { 2 } else { 3 };
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut last = None;
        let ends = rest.char_indices().enumerate().find(|(n, (at, c))| {
            let ends = *n == MAX_PIECE || last.is_some_and(|before| before != class(*c) && &rest[..*at] != " ");
            last = Some(class(*c));
            ends
        });
        let (piece, after) = rest.split_at(ends.map_or(rest.len(), |(_, (at, _))| at));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// `symbols` with every `pair` made one.
fn merged(symbols: &[u32], pair: Pair, token: u32) -> Vec<u32> {
    let mut out = Vec::with_capacity(symbols.len());
    let mut i = 0;
    while i < symbols.len() {
        let found = symbols.get(i..i + 2) == Some(&[pair.0, pair.1]);
        out.push(if found { token } else { symbols[i] });
        i += 1 + usize::from(found);
    }
    out
}

impl BytePairs {
    /// Learns from texts: again and again the most frequent pair of neighbors becomes a token, ties by the lower ids.
    pub fn learn<'a>(texts: impl IntoIterator<Item = &'a str>, most: usize) -> Self {
        let mut seen = HashMap::<&str, usize>::new();
        texts.into_iter().flat_map(pieces).for_each(|piece| *seen.entry(piece).or_default() += 1);
        let mut seen: Vec<(&str, usize)> = seen.into_iter().collect();
        order::sort(&mut seen, |a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        seen.truncate(MAX_PIECES);
        let mut words: Vec<(Vec<u32>, usize)> = seen.into_iter().map(|(piece, n)| (piece.bytes().map(u32::from).collect(), n)).collect();
        let mut counts = HashMap::<Pair, usize>::new();
        let mut places = HashMap::<Pair, HashSet<usize>>::new();
        for (i, (symbols, n)) in words.iter().enumerate() {
            for pair in symbols.windows(2).map(|w| (w[0], w[1])) {
                *counts.entry(pair).or_default() += n;
                places.entry(pair).or_default().insert(i);
            }
        }
        let mut learned = Self { tokens: (0..=u8::MAX).map(|b| vec![b]).collect(), merges: HashMap::new() };
        let mut known: HashMap<Vec<u8>, u32> = learned.tokens.iter().cloned().zip(0..).collect();
        while learned.tokens.len() < most {
            let best = counts.iter().filter(|(_, n)| **n >= FEWEST).max_by(|(a, n), (b, m)| n.cmp(m).then(b.cmp(a)));
            let Some(pair) = best.map(|(pair, _)| *pair) else { break };
            // Two ways of parting the same bytes are one token.
            let bytes = [learned.tokens[pair.0 as usize].as_slice(), &learned.tokens[pair.1 as usize]].concat();
            let token = *known.entry(bytes.clone()).or_insert_with(|| {
                learned.tokens.push(bytes);
                learned.tokens.len() as u32 - 1
            });
            let rank = learned.merges.len() as u32;
            learned.merges.insert(pair, (rank, token));
            for i in places.remove(&pair).unwrap_or_default() {
                let (symbols, n) = &mut words[i];
                let after = merged(symbols, pair, token);
                for gone in symbols.windows(2).map(|w| (w[0], w[1])) {
                    counts.entry(gone).and_modify(|c| *c -= *n);
                }
                for new in after.windows(2).map(|w| (w[0], w[1])) {
                    *counts.entry(new).or_default() += *n;
                    places.entry(new).or_default().insert(i);
                }
                *symbols = after;
            }
            counts.remove(&pair);
        }
        learned
    }

    /// Number of tokens.
    #[expect(clippy::len_without_is_empty, reason = "the bytes are always there")]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Token ids of `text`; `known` remembers pieces from call to call.
    pub fn encode<'a>(&self, text: &'a str, known: &mut HashMap<&'a str, Vec<u32>>) -> Vec<u32> {
        let mut out = Vec::new();
        for piece in pieces(text) {
            out.extend_from_slice(known.entry(piece).or_insert_with(|| self.piece(piece)));
        }
        out
    }

    fn piece(&self, piece: &str) -> Vec<u32> {
        let mut symbols: Vec<u32> = piece.bytes().map(u32::from).collect();
        while let Some((pair, token)) = symbols.windows(2)
            .filter_map(|w| self.merges.get(&(w[0], w[1])).map(|(rank, token)| (rank, (w[0], w[1]), *token)))
            .min().map(|(_, pair, token)| (pair, token))
        {
            symbols = merged(&symbols, pair, token);
        }
        symbols
    }

    /// The bytes of a token; none where there is no such token.
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.tokens.get(token as usize).map_or(&[], Vec::as_slice)
    }

    /// How every token is shown, each differently: as text with its spaces marked, or byte by byte where it is no readable text.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.tokens.iter().map(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(|c: char| c == '\\' || c == '␣' || c.is_control()) => text.replace(' ', "␣"),
            _ => bytes.iter().map(|b| format!("\\x{b:02x}")).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    fn encode(pairs: &BytePairs, text: &str) -> Vec<u32> {
        pairs.encode(text, &mut HashMap::new())
    }

    fn text(pairs: &BytePairs, tokens: &[u32]) -> String {
        String::from_utf8(tokens.iter().flat_map(|t| pairs.bytes(*t).to_vec()).collect()).unwrap()
    }

    #[test]
    fn the_most_frequent_neighbors_become_tokens() {
        // By hand: "ab" is seen 4 times, then "abc" 3 times; nothing else is seen twice.
        let pairs = BytePairs::learn(["abc abd", "abc", "abc"], MAX_TOKENS);
        assert_eq!(pairs.tokens[256..], [b"ab".to_vec(), b"abc".to_vec()]);
        assert_eq!(encode(&pairs, "abc abd"), [257, 32, 256, 100]);
        assert_eq!(BytePairs::learn(["abc abd", "abc", "abc"], 257).tokens.len(), 257);
    }

    #[test]
    fn pieces_keep_the_space_before_them() {
        let cut: Vec<&str> = pieces("don't  stop, 12 friends\n— now").collect();
        assert_eq!(cut, ["don", "'", "t", "  ", "stop", ",", " 12", " friends", "\n", "—", " now"]);
        assert_eq!(pieces(&"x".repeat(60)).map(str::len).collect::<Vec<_>>(), [24, 24, 12]);
        assert_eq!(pieces("").count(), 0);
    }

    #[test]
    fn any_text_comes_back_as_it_was_and_the_same_texts_teach_the_same() {
        let mut stream = Streams::new(3).stream("bytes");
        let alphabet: Vec<char> = "aab bcé日本<pad>'\\␣\u{0}\n\t😀 0.,x".chars().collect();
        let mut draw = |longest: usize| -> String { (0..stream.below(longest) + 1).map(|_| alphabet[stream.below(alphabet.len())]).collect() };
        for round in 0..40 {
            let texts: Vec<String> = (0..30).map(|_| draw(40)).collect();
            let learn = || BytePairs::learn(texts.iter().map(String::as_str), 256 + round * 5);
            let pairs = learn();
            assert_eq!(pairs, learn());
            assert!(pairs.len() <= 256 + round * 5);
            let names: HashSet<String> = pairs.names().collect();
            assert_eq!(names.len(), pairs.len(), "two tokens look the same");
            assert!(!names.contains("<pad>") && names.iter().all(|n| !n.contains(' ')));
            let mut known = HashMap::new();
            let strange = draw(200);
            for text_of in texts.iter().chain([&strange]) {
                let tokens = pairs.encode(text_of, &mut known);
                assert_eq!(&text(&pairs, &tokens), text_of);
                assert_eq!(tokens, encode(&pairs, text_of));
            }
        }
    }

    #[test]
    fn a_file_of_noise_is_learned_from_in_bounds() {
        let mut stream = Streams::new(4).stream("noise");
        let noise: String = (0..400_000).map(|_| char::from(b' ' + stream.below(95) as u8)).collect();
        let one = "z".repeat(1 << 20);
        let pairs = BytePairs::learn([noise.as_str(), &one], MAX_TOKENS);
        assert_eq!(pairs.len(), MAX_TOKENS);
        assert!(pairs.tokens.iter().all(|t| t.len() <= 4 * MAX_PIECE));
        assert_eq!(text(&pairs, &encode(&pairs, &noise[..5_000])), &noise[..5_000]);
    }
}
