//! Whoever reads the command line's output may stop reading: that is a quiet end, not a crash.
#![cfg(all(feature = "cli", not(target_family = "wasm")))]

use std::process::{Command, Stdio};

fn recording() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/demo.trace.jsonl").into()
}

#[test]
fn nobody_reads_what_is_printed() {
    let trace = recording();
    let commands: [&[&str]; 6] = [
        &["methods"], &["methods", "--json"], &["train", "--print-config"], &["replay", &trace], &["replay", &trace, "--json"],
        &["train", "--set", "data.pairs=nonsense", "--json"],
    ];
    for args in commands {
        let run = |read: bool| {
            let (out, stdout) = std::io::pipe().expect("a pipe");
            let (errors, stderr) = std::io::pipe().expect("a pipe");
            let mut command = Command::new(env!("CARGO_BIN_EXE_prefshift"));
            let mut child = command.args(args).stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn().expect("the command line");
            drop(command); // holds the writing ends
            let said = read.then(|| [out, errors].map(|pipe| std::io::read_to_string(pipe).expect("text"))); // or closes them
            (child.wait().expect("an end").code(), said)
        };
        let (code, said) = run(true);
        assert!(code == Some(0) || code == Some(2), "{args:?}: {code:?}");
        assert!(said.is_some_and(|s| s.concat().len() > 40), "{args:?} prints");
        assert_eq!(run(false).0, code, "{args:?} with nobody reading");
    }
}
