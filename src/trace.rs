//! Recorded runs: JSON Lines, one [`Event`] a line, the first is `started`. The same run gives the same bytes.

use crate::error::{Error, ErrorCode, Result};
use crate::event::Event;

/// Longest trace that is read, in bytes.
pub const MAX_FILE: usize = 256 << 20;
/// Longest line of it.
pub const MAX_LINE: usize = 64 << 20;

/// One event as a line, newline included.
///
/// # Errors
/// Where the event cannot be serialized (never with finite strings).
pub fn line(event: &Event) -> Result<String> {
    let mut text = serde_json::to_string(event).map_err(|e| Error::new(ErrorCode::Trace, format!("event could not be written: {e}"), ""))?;
    text.push('\n');
    Ok(text)
}

/// Reads a whole trace.
///
/// # Errors
/// [`ErrorCode::Trace`] with the line that is damaged, or where the first event is not `started`.
pub fn read(text: &str) -> Result<Vec<Event>> {
    if text.len() > MAX_FILE {
        return Err(Error::new(ErrorCode::Trace, format!("the trace is {} MiB long; at most {} can be read", text.len() >> 20, MAX_FILE >> 20), "record fewer frames (train.frame_every)"));
    }
    let mut events = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        if line.len() > MAX_LINE {
            return Err(Error::new(ErrorCode::Trace, format!("trace line {}: {} MiB long; at most {} can be read", i + 1, line.len() >> 20, MAX_LINE >> 20), "record the run again"));
        }
        let event = serde_json::from_str(line).map_err(|e| {
            Error::new(ErrorCode::Trace, format!("trace line {}, column {}: {e}", i + 1, e.column()), "the file is damaged; record the run again")
        })?;
        if events.is_empty() && !matches!(event, Event::Started(_)) {
            return Err(Error::new(ErrorCode::Trace, format!("trace line {}: the first event is not `started`", i + 1), "use a file written by --trace"));
        }
        events.push(event);
    }
    if events.is_empty() {
        return Err(Error::new(ErrorCode::Trace, "the trace is empty", "use a file written by --trace"));
    }
    Ok(events)
}
