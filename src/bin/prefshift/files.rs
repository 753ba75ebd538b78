//! Reading and writing files, with errors that name them.

use prefshift::error::{Error, ErrorCode, Result};
use std::path::Path;

/// Longest file that is read, in bytes; each format has its own bound below this.
const MAX_FILE: u64 = 1 << 30;

fn failed(what: &str, path: &Path, e: &std::io::Error) -> Error {
    Error::new(ErrorCode::Io, format!("{}: cannot {what}: {e}", path.display()), "check the path and its permissions")
}

/// A whole file as bytes.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let length = std::fs::metadata(path).map_err(|e| failed("read", path, &e))?.len();
    if length > MAX_FILE {
        return Err(Error::new(ErrorCode::Data, format!("{}: {} MiB long; at most {} can be read", path.display(), length >> 20, MAX_FILE >> 20), "give a smaller file"));
    }
    std::fs::read(path).map_err(|e| failed("read", path, &e))
}

/// A whole file as text.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_bytes(path)?).map_err(|e| {
        Error::new(ErrorCode::Data, format!("{}: not UTF-8 at byte {}", path.display(), e.utf8_error().valid_up_to()), "save it as UTF-8")
    })
}

/// Writes beside the target first, so that a file that is there is never half replaced.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| failed("create", folder, &e))?;
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes).map_err(|e| failed("write", &part, &e))?;
    std::fs::rename(&part, path).map_err(|e| failed("write", path, &e))
}
