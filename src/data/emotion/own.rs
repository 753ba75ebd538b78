//! The user's own texts: CSV with the columns `text` and `label`, or JSON Lines with these fields. Labels are words, or the
//! numbers 0 to 5 of the Emotion data set. Rows that cannot be used are listed with their lines and left out.

use super::{Corpus, HELD_OUT, LONGEST, PROMPT, Text, dataset};
use crate::order;
use crate::config::{RunConfig, Tokens};
use crate::data::bytes::{BytePairs, MAX_TOKENS};
use crate::data::import::{MAX_FILE, MAX_LINE, MAX_PROBLEMS};
use crate::data::{Dataset, LineProblem, Vocabulary};
use crate::error::{Error, ErrorCode, Result};
use crate::rng::Streams;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the numbers of the Emotion data set stand for (Saravia et al. 2018).
pub const NUMBERED: [&str; 6] = ["sadness", "joy", "love", "anger", "fear", "surprise"];
/// Most rows that are read.
pub const MAX_ROWS: usize = 200_000;
/// Most words of a vocabulary, specials not counted.
pub const MAX_WORDS: usize = 2_000;
/// Most classes.
pub const MAX_CLASSES: usize = 16;
/// Rows that a class needs, so that some can be held out.
const FEWEST: usize = 12;

/// A file of texts as read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OwnTexts {
    /// Usable rows: the text and its label.
    pub rows: Vec<(String, String)>,
    /// The first lines that could not be used.
    pub problems: Vec<LineProblem>,
    /// All lines that could not be used.
    pub bad_lines: usize,
}

/// A look at a file of texts, to choose a config by.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TextsSummary {
    /// Usable rows.
    pub rows: usize,
    /// Lines that could not be used.
    pub bad_lines: usize,
    /// The first of them, and why.
    pub problems: Vec<LineProblem>,
    /// Classes with their rows, most frequent first, ties by name.
    pub classes: Vec<(String, usize)>,
}

impl OwnTexts {
    fn refuse(&mut self, line: usize, what: String) {
        self.bad_lines += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(LineProblem { line, what });
        }
    }

    fn add(&mut self, line: usize, text: Option<&str>, label: Option<&str>) {
        match (text.map(str::trim), label.map(str::trim)) {
            (None, _) => self.refuse(line, "misses `text`".into()),
            (_, None | Some("")) => self.refuse(line, "misses `label`".into()),
            (Some(text), _) if text.len() > MAX_LINE => self.refuse(line, format!("{} KiB long; at most {} can be read", text.len() >> 10, MAX_LINE >> 10)),
            (Some(text), Some(label)) => match Vocabulary::split(text).len() {
                n if n <= PROMPT => self.refuse(line, format!("{n} words; the first {PROMPT} are the prompt, and more must follow")),
                _ => match label.parse::<usize>() {
                    Ok(n) if n >= NUMBERED.len() => self.refuse(line, format!("label {n}; numbers go from 0 to {}", NUMBERED.len() - 1)),
                    Ok(n) => self.rows.push((text.into(), NUMBERED[n].into())),
                    Err(_) => self.rows.push((text.into(), label.to_lowercase())),
                },
            },
        }
    }

    /// Classes with their rows, most frequent first, ties by name.
    pub fn classes(&self) -> Vec<(String, usize)> {
        let mut sizes = BTreeMap::<&str, usize>::new();
        self.rows.iter().for_each(|(_, label)| *sizes.entry(label).or_default() += 1);
        order::most_frequent(sizes)
    }

    /// Everything that a config is chosen by.
    pub fn summary(&self) -> TextsSummary {
        TextsSummary { rows: self.rows.len(), bad_lines: self.bad_lines, problems: self.problems.clone(), classes: self.classes() }
    }
}

/// Whether a file looks like labeled texts rather than preference pairs, by its first line.
pub fn looks_like_texts(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    if first.trim_start().starts_with('{') {
        return serde_json::from_str::<serde_json::Value>(first).is_ok_and(|v| v.get("text").is_some() && v.get("chosen").is_none());
    }
    columns(&csv::StringRecord::from(first.split(',').collect::<Vec<_>>())).is_some()
}

/// Which columns of a header hold the text and its label.
fn columns(header: &csv::StringRecord) -> Option<[usize; 2]> {
    let find = |names: &[&str]| header.iter().position(|h| names.contains(&h.trim().trim_matches('"').to_lowercase().as_str()));
    Some([find(&["text", "sentence"])?, find(&["label", "emotion"])?])
}

/// Reads CSV or JSON Lines.
///
/// # Errors
/// [`ErrorCode::Data`] where the file is too large, has no such columns or no usable row.
pub fn read(text: &str) -> Result<OwnTexts> {
    const MEND: &str = "a CSV file with the columns `text` and `label`, or JSON Lines with these fields";
    let wrong = |what: String| Error::new(ErrorCode::Data, what, MEND);
    if text.len() > MAX_FILE {
        return Err(Error::new(ErrorCode::Data, format!("the file has more than {} MiB", MAX_FILE >> 20), "take a sample of its lines"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut own = OwnTexts::default();
    if text.trim_start().starts_with('{') {
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            if own.rows.len() >= MAX_ROWS {
                break;
            }
            match serde_json::from_str::<serde_json::Value>(line) {
                Err(e) => own.refuse(i + 1, format!("not JSON: {e}")),
                Ok(row) => {
                    let label = row.get("label").or_else(|| row.get("emotion")).map(|l| l.as_str().map_or_else(|| l.to_string(), str::to_string));
                    own.add(i + 1, row.get("text").and_then(serde_json::Value::as_str), label.as_deref());
                }
            }
        }
    } else {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| wrong(format!("the header cannot be read: {e}")))?;
        let [at, label] = columns(header).ok_or_else(|| wrong(format!("the first line has no `text` and `label`: {}", header.iter().collect::<Vec<_>>().join(", "))))?;
        let mut record = csv::StringRecord::new();
        loop {
            let line = reader.position().line() as usize;
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {
                    let line = record.position().map_or(line, |p| p.line() as usize);
                    own.add(line, record.get(at), record.get(label));
                }
                Err(e) => own.refuse(line, format!("not CSV: {e}")),
            }
            if own.rows.len() >= MAX_ROWS {
                break;
            }
        }
    }
    if own.rows.is_empty() {
        let listed: Vec<String> = own.problems.iter().map(|p| format!("line {}: {}", p.line, p.what)).collect();
        return Err(wrong(if listed.is_empty() { "the file has no rows".into() } else { format!("no row can be used: {}", listed.join("; ")) }));
    }
    Ok(own)
}

/// The data of a run over own texts.
///
/// # Errors
/// Where classes are too many, too few or too small, or those that are rewarded are not among them.
pub fn build(config: &RunConfig, own: &OwnTexts) -> Result<Dataset> {
    let classes = own.classes();
    let wrong = |what: String| Error::new(ErrorCode::Data, what, format!("2 to {MAX_CLASSES} labels, at least {FEWEST} texts each"));
    if !(2..=MAX_CLASSES).contains(&classes.len()) {
        return Err(wrong(format!("{} different labels", classes.len())));
    }
    if let Some((name, n)) = classes.iter().find(|(_, n)| *n < FEWEST) {
        return Err(wrong(format!("label `{name}` has {n} texts")));
    }
    let mut notices = vec![format!("Read {} texts: {}.", own.rows.len(), classes.iter().map(|(c, n)| format!("{c} ({n})")).collect::<Vec<_>>().join(", "))];
    if own.bad_lines > 0 {
        let listed: Vec<String> = own.problems.iter().map(|p| format!("line {}: {}", p.line, p.what)).collect();
        notices.push(format!("Left out {} lines: {}{}.", own.bad_lines, listed.join("; "), if own.bad_lines > listed.len() { "; and more" } else { "" }));
    }
    let vocabulary = match config.data.tokens {
        Tokens::Words => vocabulary(own, &mut notices),
        Tokens::Bytes => {
            let pairs = BytePairs::learn(own.rows.iter().map(|(text, _)| text.as_str()), MAX_TOKENS);
            notices.push(format!("Learned {} byte pairs beside the 256 bytes.", pairs.len() - 256));
            Vocabulary::of_bytes(pairs)
        }
    };
    let names: Vec<String> = classes.into_iter().map(|(name, _)| name).collect();
    let mut rows: Vec<Text> = Vec::new();
    let (mut seen, mut known) = (HashSet::new(), HashMap::new());
    for (text, label) in &own.rows {
        let mut tokens = vocabulary.encode_with(text, &mut known);
        tokens.truncate(LONGEST);
        if seen.insert(tokens.clone()) {
            rows.push(Text { tokens, labels: names.iter().position(|n| n == label).into_iter().collect() });
        }
    }
    if rows.len() < own.rows.len() {
        notices.push(format!("Left out {} texts that repeat another, as the models would see them.", own.rows.len() - rows.len()));
    }
    Streams::new(config.seed.into()).stream("emotion/own").shuffle(&mut rows);
    let test = rows.split_off(rows.len() - rows.len() / HELD_OUT);
    dataset(config, vocabulary, names, (rows, test), None, notices)
}

/// The most frequent words, ties by alphabet.
fn vocabulary(own: &OwnTexts, notices: &mut Vec<String>) -> Vocabulary {
    let mut seen = BTreeMap::<String, usize>::new();
    own.rows.iter().flat_map(|(text, _)| Vocabulary::split(text)).for_each(|word| *seen.entry(word).or_default() += 1);
    let mut words = order::most_frequent(seen);
    if words.len() > MAX_WORDS {
        notices.push(format!("Kept the {MAX_WORDS} most frequent words of {}; the others read <unk>.", words.len()));
        words.truncate(MAX_WORDS);
    }
    Vocabulary::new(words.into_iter().map(|(word, _)| word))
}

impl Corpus {
    /// Whether the texts are the user's own.
    pub fn is_own(&self) -> bool {
        self.truth.is_none()
    }
}
