//! The user's own pairs: JSON Lines in the layout of TRL and Hugging Face.
//!
//! Each line has `prompt`, `chosen` and `rejected` (text, or conversations as lists of `{role, content}`),
//! and may have `group` (text) and `confidence` (0.5 to 1). Lines that cannot be used are listed and left
//! out; the rest is kept. `dataset.rs` makes a data set of them.

mod dataset;

use super::Vocabulary;
use super::scenario::ScenarioInfo;
use crate::order;
use crate::config::Scenario;
use crate::error::{Error, ErrorCode, Result};
pub use dataset::build;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is known of this scenario before any data is read.
pub const INFO: ScenarioInfo = ScenarioInfo {
    id: Scenario::Imported,
    title: "Your own pairs",
    description: "A JSONL file with prompt, chosen and rejected, and a group where there is one; it never leaves this machine.",
    groups: &[],
    mix: &[],
    knobs: &["mix", "flip"],
};

/// Longest line that is read, in bytes.
pub const MAX_LINE: usize = 64 << 10;
/// Longest file that is read, in bytes.
pub const MAX_FILE: usize = 32 << 20;
/// Problems that are listed; the rest is counted.
pub const MAX_PROBLEMS: usize = 20;
/// The group of rows that name none.
pub const NO_GROUP: &str = "everyone";

/// One usable line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The prompt.
    pub prompt: String,
    /// The preferred answer.
    pub chosen: String,
    /// The other answer.
    pub rejected: String,
    /// The group, [`NO_GROUP`] where none is given.
    pub group: String,
    /// How sure the label is, 0.5 to 1; 1 where none is given.
    pub confidence: f32,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LineProblem {
    /// Line, from 1.
    pub line: usize,
    /// What was wrong with it.
    pub what: String,
}

/// A file of pairs as read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// Usable rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The first [`MAX_PROBLEMS`] lines that could not be used.
    pub problems: Vec<LineProblem>,
    /// All lines that could not be used.
    pub bad_lines: usize,
}

/// How long the rows of a file are, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Lengths {
    /// Context that keeps half of the rows whole.
    pub median: usize,
    /// Context that keeps 99 % of the rows whole.
    pub p99: usize,
    /// Context that keeps every row whole.
    pub longest: usize,
}

/// A look at a file, to choose a config by.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Summary {
    /// Usable rows.
    pub rows: usize,
    /// Lines that could not be used.
    pub bad_lines: usize,
    /// The first of them, and why.
    pub problems: Vec<LineProblem>,
    /// Groups with their rows, most frequent first, ties by name: the order of `data.mix`.
    pub groups: Vec<(String, usize)>,
    /// Share of each group in the file.
    pub mix: Vec<f64>,
    /// Lengths, which say what context the model needs.
    pub lengths: Lengths,
}

impl Imported {
    /// Groups with their rows, most frequent first, ties by name: the order of `data.mix`.
    pub fn groups(&self) -> Vec<(String, usize)> {
        let mut sizes = BTreeMap::<&str, usize>::new();
        for row in &self.rows {
            *sizes.entry(&row.group).or_default() += 1;
        }
        order::most_frequent(sizes)
    }

    /// How long the rows are.
    pub fn lengths(&self) -> Lengths {
        let mut needed: Vec<usize> = self.rows.iter().map(dataset::needed).collect();
        order::sort(&mut needed, Ord::cmp);
        let at = |percent: usize| needed.get((needed.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0);
        Lengths { median: at(50), p99: at(99), longest: at(100) }
    }

    /// Everything that a config is chosen by.
    pub fn summary(&self) -> Summary {
        let (groups, n) = (self.groups(), self.rows.len());
        let mix = groups.iter().map(|(_, rows)| *rows as f64 / n.max(1) as f64).collect();
        Summary { rows: n, bad_lines: self.bad_lines, problems: self.problems.clone(), groups, mix, lengths: self.lengths() }
    }

    /// The listed problems in one line of text.
    fn listing(&self) -> String {
        let listed: Vec<_> = self.problems.iter().map(|p| format!("line {}: {}", p.line, p.what)).collect();
        let more = self.bad_lines - self.problems.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{}{more}", listed.join("; "))
    }
}

/// Reads JSONL text. Errors when it is too large or no line can be used.
pub fn read(text: &str) -> Result<Imported> {
    const MEND: &str = "each line is a JSON object with `prompt`, `chosen` and `rejected`";
    if text.len() > MAX_FILE {
        let message = format!("the file has more than {} MiB", MAX_FILE >> 20);
        return Err(Error::new(ErrorCode::Data, message, "take a sample of its lines"));
    }
    let mut imported = Imported::default();
    for (i, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match parse(line) {
            Ok(row) => imported.rows.push(row),
            Err(what) => {
                imported.bad_lines += 1;
                if imported.problems.len() < MAX_PROBLEMS {
                    imported.problems.push(LineProblem { line: i + 1, what });
                }
            }
        }
    }
    match (imported.rows.is_empty(), imported.bad_lines) {
        (false, _) => Ok(imported),
        (true, 0) => Err(Error::new(ErrorCode::Data, "the file has no lines", MEND)),
        (true, _) => Err(Error::new(ErrorCode::Data, format!("no line can be used: {}", imported.listing()), MEND)),
    }
}

fn parse(line: &str) -> Result<Row, String> {
    if line.len() > MAX_LINE {
        return Err(format!("{} KiB long; at most {} can be read", line.len() >> 10, MAX_LINE >> 10));
    }
    let value: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    let Value::Object(object) = value else { return Err(format!("not an object but {}", kind(&value))) };
    let (before_chosen, chosen) = answer(&object, "chosen")?;
    let (before_rejected, rejected) = answer(&object, "rejected")?;
    let prompt = match object.get("prompt") {
        Some(Value::Array(turns)) => turns.iter().map(|t| turn(t, "prompt")).collect::<Result<Vec<_>, _>>().map(|t| said(&t))?,
        Some(Value::Null) | None if before_chosen.is_empty() => return Err("misses `prompt`".into()),
        // TRL's implicit prompt: the turns that both conversations begin with.
        Some(Value::Null) | None if before_chosen == before_rejected => before_chosen,
        Some(Value::Null) | None => return Err("misses `prompt`, and `chosen` and `rejected` begin with different turns".into()),
        Some(value) => string(value, "prompt")?,
    };
    for (field, text) in [("prompt", &prompt), ("chosen", &chosen), ("rejected", &rejected)] {
        if Vocabulary::split(text).is_empty() {
            return Err(format!("`{field}` is empty"));
        }
    }
    if Vocabulary::split(&chosen) == Vocabulary::split(&rejected) {
        return Err("`chosen` and `rejected` have the same words".into());
    }
    let group = match object.get("group") {
        None | Some(Value::Null) => NO_GROUP.to_string(),
        Some(value) => string(value, "group")?.trim().to_string(),
    };
    if group.is_empty() {
        return Err("`group` is empty".into());
    }
    let confidence = match object.get("confidence") {
        None | Some(Value::Null) => 1.0,
        Some(value) => value.as_f64().ok_or_else(|| format!("`confidence` is not a number but {}", kind(value)))?,
    };
    if !(0.5..=1.0).contains(&confidence) {
        return Err(format!("`confidence` is {confidence}; it must be from 0.5 to 1"));
    }
    Ok(Row { prompt, chosen, rejected, group, confidence: confidence as f32 })
}

/// What was said before an answer (conversations only) and the answer: the last assistant message.
fn answer(object: &Map<String, Value>, field: &str) -> Result<(String, String), String> {
    match object.get(field) {
        None | Some(Value::Null) => Err(format!("misses `{field}`")),
        Some(Value::Array(turns)) => {
            let turns = turns.iter().map(|t| turn(t, field)).collect::<Result<Vec<_>, _>>()?;
            let last = turns.iter().rposition(|(role, _)| *role == "assistant");
            let last = last.ok_or_else(|| format!("`{field}` has no assistant message"))?;
            Ok((said(&turns[..last]), turns[last].1.to_string()))
        }
        Some(value) => Ok((String::new(), string(value, field)?)),
    }
}

fn turn<'a>(value: &'a Value, field: &str) -> Result<(&'a str, &'a str), String> {
    match (value.get("role").and_then(Value::as_str), value.get("content").and_then(Value::as_str)) {
        (Some(role), Some(content)) => Ok((role, content)),
        _ => Err(format!("`{field}` has a message without `role` and `content` as text")),
    }
}

fn said(turns: &[(&str, &str)]) -> String {
    turns.iter().map(|(_, content)| *content).collect::<Vec<_>>().join("\n")
}

fn string(value: &Value, field: &str) -> Result<String, String> {
    value.as_str().map(str::to_string).ok_or_else(|| format!("`{field}` is not text but {}", kind(value)))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
