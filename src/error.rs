//! One error type for the whole crate: a stable code, what was wrong, and how to mend it.
//!
//! Errors are handled once, where a user can see them: the command line prints them and exits,
//! the page shows them. Everything below passes them up with `?`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Stable names for what can go wrong; the page and scripts match on these, never on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum ErrorCode {
    /// A field of a config is unknown, missing, of the wrong type or out of range.
    Config,
    /// A data file (JSONL, fixture) has lines that cannot be used.
    Data,
    /// A policy file (safetensors) is damaged or does not fit the model.
    Checkpoint,
    /// A recorded trace is damaged.
    Trace,
    /// The compute device failed or is not there.
    Device,
    /// The compute device computes wrongly.
    DeviceWrong,
    /// Numbers stopped being finite.
    Numerics,
    /// A file could not be read or written.
    Io,
}

/// What went wrong, said once, with how to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Error {
    /// Stable code.
    pub code: ErrorCode,
    /// What was wrong, with the field, line or offset named.
    pub message: String,
    /// How to mend it; may be empty where the message already says.
    pub mend: String,
}

/// Longest message, in bytes: a message may quote what a file holds.
const LONGEST: usize = 2_000;

fn short(mut message: String) -> String {
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST));
        message.push('…');
    }
    message
}

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with its code, what was wrong and how to mend it.
    pub fn new(code: ErrorCode, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { code, message: short(message.into()), mend: mend.into() }
    }

    /// A config field that is not allowed; `field` is its dotted path.
    pub fn config(field: &str, problem: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self::new(ErrorCode::Config, format!("{field}: {problem}"), allowed)
    }

    /// The process exit code of the command line for this kind of error (2 = bad input, 3 = machine).
    pub fn exit_code(&self) -> i32 {
        match self.code {
            ErrorCode::Config | ErrorCode::Data | ErrorCode::Checkpoint | ErrorCode::Trace => 2,
            ErrorCode::Device | ErrorCode::DeviceWrong | ErrorCode::Numerics | ErrorCode::Io => 3,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.mend.is_empty() { Ok(()) } else { write!(f, " ({})", self.mend) }
    }
}
