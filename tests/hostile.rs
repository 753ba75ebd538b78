//! Files of any content: every format's reader is given files that were damaged at random, and must answer with a file or
//! with an error that says what is wrong, and never crash. A smoke of some hundred files each; `make fuzz` goes on for two
//! minutes a format (`PREFSHIFT_FUZZ_SECONDS`) from another seed each time (`PREFSHIFT_FUZZ_SEED` repeats one).
#![cfg(not(target_family = "wasm"))]

mod common;
#[path = "common/readers.rs"]
mod readers;

use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::experiment::{Experiment, Inputs};
use prefshift::rng::{Stream, Streams};
use prefshift::trace;
use prefshift::train::run_checkpoint::RunCheckpoint;
use readers::{READERS, Reader, small, small_emotion, trained};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Files of a format that are tried in a smoke.
const SMOKE: usize = 400;

/// What readers have stumbled over elsewhere.
const TOKENS: [&str; 32] = [
    "null", "true", "-1", "-0", "1e999", "-1e999", "NaN", "18446744073709551616", "9007199254740993", "4294967296", "1e-400", "0.1", "\"\"", "[]", "{}", "[[[[[[[[",
    "{\"a\":", "\\u0000", "\\ud800", "\u{feff}", "\u{202e}", "\n", "\r\n", "\u{2028}", "<script>alert(1)</script>", "\",\"__proto__\":{\"x\":1},\"", "\0", "é", "🦀", ",", ":", "\"",
];

/// Damages `file` in one to four places; `other` lends a part.
fn damage(rng: &mut Stream, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(out.len() + 1);
        let reach = [1, 8, 64, out.len() + 1][rng.below(4)];
        let end = (at + 1 + rng.below(reach)).min(out.len());
        match rng.below(9) {
            0 if at < out.len() => out[at] ^= 1 << rng.below(8),
            1 if at < out.len() => out[at] = rng.below(256) as u8,
            2 if at < end => drop(out.drain(at..end)),
            3 if at < end => {
                let again = out[at..end].to_vec();
                out.splice(at..at, again);
            }
            4 => out.truncate(at),
            5 => {
                let from = rng.below(other.len() + 1);
                out.splice(at..end.max(at), other[from..(from + 1 + rng.below(200)).min(other.len())].iter().copied());
            }
            6 => drop(out.splice(at..at, vec![b"[{\"0 "[rng.below(5)]; 1 + rng.below(3_000)])),
            7 if at + 8 <= out.len() => out[at..at + 8].copy_from_slice(&[u64::MAX, 1 << 62, 1 << 31, 0][rng.below(4)].to_le_bytes()),
            _ => drop(out.splice(at..at, rng.pick(&TOKENS).bytes())),
        }
    }
    out
}

/// Damages files of a format until the time is up, or a smoke of so many.
fn feed(name: &str, smoke: usize, seeds: &[Vec<u8>]) {
    let reader = Reader::named(name);
    let variable = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let long = variable("PREFSHIFT_FUZZ_SECONDS").map(Duration::from_secs);
    let seed = variable("PREFSHIFT_FUZZ_SEED").unwrap_or_else(|| {
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
        long.map_or(7, |_| now())
    });
    let (mut rng, began) = (Streams::new(seed).stream(name), Instant::now());
    for file in seeds {
        (reader.read)(file).unwrap_or_else(|e| panic!("{name}: an undamaged file is refused: {e}"));
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(corpus(reader)).expect("a folder");
        (0..).zip(seeds).for_each(|(i, file)| std::fs::write(corpus(reader).join(format!("whole-{i}")), file).expect("a file"));
    }
    let (mut tried, mut good) = (0_usize, 0_usize);
    while long.map_or(tried < smoke, |l| began.elapsed() < l) {
        let other = rng.pick(seeds).clone();
        let file = rng.pick(seeds).clone();
        let file = damage(&mut rng, &file, &other);
        let outcome = std::panic::catch_unwind(|| reader.hold(&file));
        good += usize::from(outcome.unwrap_or_else(|_| panic!("{name}, seed {seed}, file {tried}: {}", String::from_utf8_lossy(&file[..file.len().min(2_000)]))));
        tried += 1;
    }
    println!("{name}: {tried} files in {:.1} s, {good} of them still good", began.elapsed().as_secs_f64());
    assert!(tried > good, "{name}: no file was ever refused");
}

#[test]
fn configs() {
    let seeds: Vec<Vec<u8>> = [PolicyKind::Gpt, PolicyKind::LogLinear].map(|p| serde_json::to_vec_pretty(&small(p)).expect("JSON")).to_vec();
    feed("config", SMOKE, &seeds);
}

#[test]
fn traces() {
    let lines = |policy| common::run(small(policy), Inputs::default()).iter().map(|e| trace::line(e).expect("a line")).collect::<String>().into_bytes();
    feed("trace", SMOKE, &[lines(PolicyKind::Gpt), lines(PolicyKind::LogLinear)]);
}

#[test]
fn policies() {
    let run = trained(small(PolicyKind::Gpt));
    feed("policy", SMOKE, &[pollster::block_on(run.export(None)).expect("a policy"), pollster::block_on(run.export(Some(2))).expect("a policy")]);
}

#[test]
fn bundles() {
    // What is still good is trained on.
    feed("bundle", SMOKE / 4, &[pollster::block_on(trained(small_emotion()).export(None)).expect("a bundle")]);
}

/// A reference policy in training.
fn half_made() -> Vec<u8> {
    let mut run = Experiment::new(small(PolicyKind::Gpt), Compute::cpu(), Inputs::default()).expect("a run");
    loop {
        pollster::block_on(run.next()).expect("a stage");
        if let Some(file) = pollster::block_on(run.halfway()).expect("a file") {
            return file;
        }
    }
}

#[test]
fn half_made_stages() {
    feed("half-made", SMOKE, &[half_made()]);
}

#[test]
fn no_header_is_longer_than_it_may_be() {
    let file = |config: RunConfig, checkpoint: bool| {
        let run = trained(config);
        if checkpoint { pollster::block_on(run.checkpoint()).expect("a checkpoint") } else { pollster::block_on(run.export(None)).expect("a file") }
    };
    for (name, file) in [
        ("policy", file(small(PolicyKind::Gpt), false)), ("bundle", file(small_emotion(), false)), ("half-made", half_made()),
        ("checkpoint", file(small(PolicyKind::LogLinear), true)),
    ] {
        let header = u64::from_le_bytes(*file.first_chunk().expect("a length")) as usize;
        // Blanks after it mean nothing.
        let grown = |length: usize| [&length.to_le_bytes()[..], &file[8..8 + header], &vec![b' '; length - header], &file[8 + header..]].concat();
        let read = Reader::named(name).read;
        read(&grown(4 << 20)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let error = read(&grown((4 << 20) + 1)).expect_err(name);
        assert!(error.message.contains("4194305 bytes long; at most 4194304") && error.message.contains("bytes 0 to 7"), "{name}: {error}");
    }
}

#[test]
fn checkpoints() {
    feed("checkpoint", SMOKE, &[PolicyKind::Gpt, PolicyKind::LogLinear].map(|p| pollster::block_on(trained(small(p)).checkpoint()).expect("a checkpoint")));
}

#[test]
fn checkpoints_with_right_checksums() {
    let whole = pollster::block_on(trained(small(PolicyKind::LogLinear)).checkpoint()).expect("a checkpoint");
    let header = RunCheckpoint::from_bytes(&whole).expect("a checkpoint").header;
    feed("checkpoint-header", SMOKE, &[serde_json::to_vec(&header).expect("JSON")]);
}

#[test]
fn pairs() {
    let rows: Vec<String> = (0..30).map(|i| match i % 3 {
        0 => format!(r#"{{"prompt":"ask {i}","chosen":"good {i} yes","rejected":"bad {i}","group":"a","confidence":0.{}}}"#, 5 + i % 5),
        1 => format!(r#"{{"prompt":[{{"role":"user","content":"ask {i}"}}],"chosen":[{{"role":"assistant","content":"good {i}"}}],"rejected":[{{"role":"assistant","content":"bad"}}]}}"#),
        _ => format!(r#"{{"prompt":"ask {i}","chosen":"<b>good</b> {i}","rejected":"bad {i}","group":"b","confidence":null}}"#),
    }).collect();
    feed("pairs", SMOKE, &[rows.join("\n").into_bytes(), rows[..9].join("\r\n").into_bytes()]);
}

#[test]
fn texts() {
    let rows: Vec<(String, String)> = (0..40).map(|i| (format!("i feel {} about the {i} things, \"really\", today", ["glad", "angry"][i % 2]), ["joy", "3"][i % 2].into())).collect();
    let csv: String = rows.iter().map(|(text, label)| format!("\"{}\",{label}\r\n", text.replace('"', "\"\""))).collect();
    let lines: String = rows.iter().map(|(text, label)| format!("{}\n", serde_json::json!({ "text": text, "label": label }))).collect();
    feed("texts", SMOKE, &[format!("text,label\r\n{csv}").into_bytes(), lines.into_bytes()]);
}

/// Where the files of a format lie that fuzzing begins with and has found worth keeping. UPDATE=1 writes whole ones anew.
fn corpus(reader: &Reader) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(reader.name)
}

/// Each of them as it is.
#[test]
fn kept_files() {
    for reader in &READERS {
        let folder = corpus(reader);
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).map(|f| f.expect("a file").path()).collect();
        files.sort();
        let good = files.iter().filter(|f| reader.hold(&std::fs::read(f).expect("a file"))).count();
        assert!(good > 0 && good < files.len(), "{}: {good} of {} files are good", reader.name, files.len());
    }
}
