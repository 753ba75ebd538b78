//! One target for every reader: the binary's own name says which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

#[path = "../../tests/common/readers.rs"]
#[allow(dead_code)] // the tests use more of it
mod readers;

fn reader() -> &'static readers::Reader {
    static READER: OnceLock<&'static readers::Reader> = OnceLock::new();
    READER.get_or_init(|| {
        let program = std::env::args().next().expect("a program has a name");
        readers::Reader::named(std::path::Path::new(&program).file_stem().and_then(|s| s.to_str()).expect("text"))
    })
}

fuzz_target!(|file: &[u8]| {
    reader().hold(file);
});
