//! What is printed. Whoever reads it may stop at any time (`prefshift methods | head -1`): then nothing more is printed, and
//! the command goes on to its files and its exit code, where the macros of the standard library panic. These take their
//! names, so that no command can forget.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints.
pub fn text(text: Arguments<'_>) {
    if let Err(e) = put(&mut io::stdout().lock(), text) {
        aside(format_args!("prefshift: nothing more can be printed: {e}\n"));
        std::process::exit(3);
    }
}

/// Says something beside the output: a note, an error. Where that fails there is nowhere to say so.
pub fn aside(text: Arguments<'_>) {
    let _ = put(&mut io::stderr().lock(), text);
}

fn put(to: &mut impl Write, text: Arguments<'_>) -> io::Result<()> {
    match to.write_fmt(text).and_then(|()| to.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

macro_rules! print {
    ($($t:tt)*) => { $crate::out::text(format_args!($($t)*)) };
}

macro_rules! println {
    () => { $crate::out::text(format_args!("\n")) };
    ($($t:tt)*) => { $crate::out::text(format_args!("{}\n", format_args!($($t)*))) };
}

macro_rules! eprintln {
    ($($t:tt)*) => { $crate::out::aside(format_args!("{}\n", format_args!($($t)*))) };
}
