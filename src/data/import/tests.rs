use super::*;
use crate::config::{DataConfig, RunConfig};
use crate::data::vocabulary::UNK;
use crate::data::{Dataset, PreferencePair, TokenBatch};
use proptest::prelude::*;
use std::collections::HashSet;

const GOOD: &str = r#"{"prompt": "a b", "chosen": "c", "rejected": "d"}"#;

fn config(mix: &[f64], pairs: usize, eval_pairs: usize) -> RunConfig {
    let data = DataConfig { scenario: Scenario::Imported, mix: mix.to_vec(), pairs, eval_pairs, ..DataConfig::default() };
    let config = RunConfig { data, ..RunConfig::default() };
    config.validate().unwrap();
    config
}

/// `n` rows of a group, each with its own prompt.
fn rows(group: &str, n: usize, answers: (&str, &str)) -> String {
    let line =
        |i| format!(r#"{{"prompt":"{group} asks {i}","chosen":"{}","rejected":"{}","group":"{group}"}}"#, answers.0, answers.1);
    (0..n).map(|i| line(i) + "\n").collect()
}

fn built(config: &RunConfig, text: &str) -> Dataset {
    crate::data::build(config, Some(text)).unwrap()
}

fn problem(line: &str) -> String {
    let imported = read(&format!("{GOOD}\n{line}\n{GOOD}")).unwrap();
    assert_eq!((imported.rows.len(), imported.bad_lines, imported.problems.len()), (2, 1, 1), "{line}");
    assert_eq!(imported.problems[0].line, 2);
    imported.problems[0].what.clone()
}

#[test]
fn lines_that_cannot_be_used_are_named_with_the_reason() {
    for (line, what) in [
        ("[1]", "not an object but a list"),
        ("{\"prompt\": ", "not JSON"),
        (r#"{"chosen": "c", "rejected": "d"}"#, "misses `prompt`"),
        (r#"{"prompt": "a", "rejected": "d"}"#, "misses `chosen`"),
        (r#"{"prompt": "a", "chosen": "c"}"#, "misses `rejected`"),
        (r#"{"prompt": 3, "chosen": "c", "rejected": "d"}"#, "`prompt` is not text but a number"),
        (r#"{"prompt": "a", "chosen": {}, "rejected": "d"}"#, "`chosen` is not text but an object"),
        (r#"{"prompt": "a", "chosen": [3], "rejected": "d"}"#, "`chosen` has a message without"),
        (
            r#"{"prompt": "a", "chosen": [{"role": "user", "content": "x"}], "rejected": "d"}"#,
            "`chosen` has no assistant message",
        ),
        (r#"{"prompt": " \n ", "chosen": "c", "rejected": "d"}"#, "`prompt` is empty"),
        (r#"{"prompt": "a", "chosen": "", "rejected": "d"}"#, "`chosen` is empty"),
        (r#"{"prompt": "a", "chosen": "Yes", "rejected": " yes "}"#, "the same words"),
        (r#"{"prompt": "a", "chosen": "c", "rejected": "d", "group": 1}"#, "`group` is not text"),
        (r#"{"prompt": "a", "chosen": "c", "rejected": "d", "group": " "}"#, "`group` is empty"),
        (r#"{"prompt": "a", "chosen": "c", "rejected": "d", "confidence": 0.4}"#, "`confidence` is 0.4"),
        (r#"{"prompt": "a", "chosen": "c", "rejected": "d", "confidence": 1.1}"#, "`confidence` is 1.1"),
        (r#"{"prompt": "a", "chosen": "c", "rejected": "d", "confidence": "high"}"#, "`confidence` is not a number but text"),
    ] {
        assert!(problem(line).contains(what), "{line}: {}", problem(line));
    }
    let long = format!(r#"{{"prompt": "{}", "chosen": "c", "rejected": "d"}}"#, "a ".repeat(MAX_LINE / 2));
    assert!(problem(&long).contains("64 KiB"), "{}", problem(&long));
}

#[test]
fn what_stands_in_the_place_of_an_object_or_a_text_is_named() {
    for (value, name) in [("null", "null"), ("false", "true or false"), ("7", "a number"), ("\"x\"", "text"), ("[]", "a list"), ("{}", "an object")] {
        let whole = problem(value);
        assert!(if name == "an object" { whole == "misses `chosen`" } else { whole == format!("not an object but {name}") }, "{whole}");
        if !["null", "text"].contains(&name) {
            let field = problem(&format!(r#"{{"prompt": "a", "chosen": "c", "rejected": "d", "group": {value}}}"#));
            assert_eq!(field, format!("`group` is not text but {name}"));
        }
    }
    for turn in [r#"{"role": "assistant"}"#, r#"{"content": "x"}"#, r#"{"role": 1, "content": "x"}"#, r#"{"role": "assistant", "content": ["x"]}"#, r#""x""#] {
        for field in ["prompt", "chosen", "rejected"] {
            let mut line: Value = serde_json::from_str(GOOD).unwrap();
            line[field] = Value::Array(vec![serde_json::from_str(turn).unwrap()]);
            assert_eq!(problem(&line.to_string()), format!("`{field}` has a message without `role` and `content` as text"));
        }
    }
}

#[test]
fn bounds_belong_to_what_is_allowed() {
    for confidence in ["0.5", "1", "1.0", "null"] {
        let text = format!(r#"{{"prompt": "a", "chosen": "c", "rejected": "d", "confidence": {confidence}}}"#);
        assert_eq!(read(&text).unwrap().rows[0].confidence, confidence.parse().unwrap_or(1.0));
    }
    let line = |bytes: usize| format!("{}{}}}", &GOOD[..GOOD.len() - 1], " ".repeat(bytes - GOOD.len()));
    assert_eq!((line(MAX_LINE).len(), read(&line(MAX_LINE)).unwrap().rows.len()), (MAX_LINE, 1));
    assert_eq!(problem(&line(MAX_LINE + 1)), "64 KiB long; at most 64 can be read");
    assert_eq!(problem(&line(2 * MAX_LINE)), "128 KiB long; at most 64 can be read");
    // Lines are counted as an editor does, empty ones too, and the twentieth problem is still listed.
    let text = format!("\n{GOOD}\n\n \n{}\n", "nope\n\n".repeat(20));
    let imported = read(&text).unwrap();
    assert_eq!(imported.problems.iter().map(|p| p.line).collect::<Vec<_>>(), (0..20).map(|i| 5 + 2 * i).collect::<Vec<_>>());
    assert!(!imported.listing().contains("more") && imported.listing().starts_with("line 5: not JSON: ") && imported.listing().contains("; line 7: "));
    let more = read(&format!("{text}nope")).unwrap();
    assert!(more.listing().ends_with("; and 1 more"), "{}", more.listing());
}

#[test]
fn the_last_assistant_message_is_the_answer_and_what_was_said_before_it_the_prompt() {
    let turn = |role: &str, content: &str| serde_json::json!({ "role": role, "content": content });
    let before = [turn("user", "one"), turn("assistant", "two"), turn("user", "three")];
    let conversation = |answer: &str| [&before[..], &[turn("assistant", answer), turn("user", "thanks")]].concat();
    let line = serde_json::json!({ "prompt": null, "chosen": conversation("good"), "rejected": conversation("bad") }).to_string();
    let row = |prompt: &str| Row { prompt: prompt.into(), chosen: "good".into(), rejected: "bad".into(), group: NO_GROUP.into(), confidence: 1.0 };
    assert_eq!(read(&line).unwrap().rows, [row("one\ntwo\nthree")]);
    // A prompt that is given is the prompt, and then the two may begin as they like.
    let line = serde_json::json!({ "prompt": " four ", "chosen": conversation("good"), "rejected": "bad" }).to_string();
    assert_eq!(read(&line).unwrap().rows, [row(" four ")]);
    // Answers without anything before them have no prompt in them.
    let line = serde_json::json!({ "chosen": [turn("assistant", "good")], "rejected": [turn("assistant", "bad")] }).to_string();
    assert_eq!(problem(&line), "misses `prompt`");
    let line = serde_json::json!({ "prompt": "a", "chosen": "good", "rejected": "bad", "group": " the few\t" }).to_string();
    assert_eq!(read(&line).unwrap().rows[0].group, "the few");
}

#[test]
fn twenty_problems_are_listed_and_all_are_counted() {
    let imported = read(&format!("{}{GOOD}", "nope\n".repeat(50))).unwrap();
    assert_eq!((imported.rows.len(), imported.problems.len(), imported.bad_lines), (1, MAX_PROBLEMS, 50));
    let error = read(&"nope\n".repeat(50)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Data);
    assert!(error.message.contains("line 1: not JSON") && error.message.contains("and 30 more"), "{error}");
}

#[test]
fn empty_and_huge_files_are_refused() {
    assert!(read("").unwrap_err().message.contains("no lines"));
    assert!(read("\u{feff}\r\n \r\n").unwrap_err().message.contains("no lines"));
    assert!(read(&"\n".repeat(MAX_FILE)).unwrap_err().message.contains("no lines"));
    assert!(read(&"\n".repeat(MAX_FILE + 1)).unwrap_err().message.contains("more than 32 MiB"));
}

#[test]
fn byte_order_marks_crlf_blank_lines_and_unknown_fields_are_fine() {
    let text = format!(
        "\u{feff}{GOOD}\r\n\r\n{}\r\n",
        r#"{"id": 7, "prompt": "x", "chosen": "c", "rejected": "d", "group": null, "confidence": 0.75}"#
    );
    let imported = read(&text).unwrap();
    assert_eq!((imported.rows.len(), imported.bad_lines), (2, 0));
    assert_eq!(
        imported.rows[1],
        Row { prompt: "x".into(), chosen: "c".into(), rejected: "d".into(), group: NO_GROUP.into(), confidence: 0.75 }
    );
}

#[test]
fn conversations_are_read_like_trl_writes_them() {
    let with_prompt = r#"{"prompt": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}],
        "chosen": [{"role": "assistant", "content": "good day"}], "rejected": [{"role": "assistant", "content": "what"}]}"#;
    let implicit = r#"{"chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "good day"}],
        "rejected": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "what"}]}"#;
    let repeated = r#"{"prompt": "hi", "chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "good day"}], "rejected": "what"}"#;
    let read = read(&[with_prompt, implicit, repeated].map(|t| t.replace('\n', " ")).join("\n")).unwrap();
    assert_eq!(read.problems, []);
    let prompts: Vec<_> = read.rows.iter().map(|r| r.prompt.as_str()).collect();
    assert_eq!(prompts, ["be kind\nhi", "hi", "hi"]);
    assert!(read.rows.iter().all(|r| r.chosen == "good day" && r.rejected == "what"));
    let differ = r#"{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}], "rejected": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "y"}]}"#;
    assert!(problem(differ).contains("different turns"));
}

#[test]
fn groups_come_most_frequent_first_then_by_name() {
    let text = rows("zebra", 12, ("x", "y")) + &rows("bee", 8, ("x", "y")) + &rows("ant", 8, ("x", "y"));
    let imported = read(&text).unwrap();
    assert_eq!(imported.groups(), [("zebra".to_string(), 12), ("ant".into(), 8), ("bee".into(), 8)]);
    assert_eq!(imported.summary().mix, [12.0 / 28.0, 8.0 / 28.0, 8.0 / 28.0]);
    let error = build(&config(&[0.5, 0.5], 8, 2), &imported).unwrap_err();
    assert!(error.message.contains("data.mix") && error.mend.contains("zebra (12), ant (8), bee (8)"), "{error}");
}

#[test]
fn the_mix_is_kept_when_a_group_runs_out() {
    let text = rows("most", 400, ("x", "y")) + &rows("few", 30, ("y", "x"));
    let d = built(&config(&[0.8, 0.2], 300, 64), &text);
    // A fifth of the 30 is held out, so 24 are left: 120 pairs at 20 %.
    let few = d.train.iter().filter(|p| p.group == 1).count();
    assert!((d.train.len() as f64 * 0.2 - few as f64).abs() <= 0.5 && few == 24, "{few} of {}", d.train.len());
    assert_eq!(d.groups[1].share, few as f64 / d.train.len() as f64);
    assert_eq!([0, 1].map(|g| d.eval.iter().filter(|p| p.group == g).count()), [64, 6]);
    assert!(d.notices.iter().any(|n| n.contains("`few` has 24 pairs") && n.contains("instead of 300")), "{:?}", d.notices);
    // Enough of everything: as asked, and nothing to say about it.
    let d = built(&config(&[0.9, 0.1], 100, 6), &text);
    assert_eq!((d.train.len(), d.train.iter().filter(|p| p.group == 1).count()), (100, 10));
    assert!(!d.notices.iter().any(|n| n.contains("instead of")), "{:?}", d.notices);
    // One group alone.
    let d = built(&config(&[1.0], 100, 6), &rows("all", 200, ("x", "y")));
    assert_eq!((d.groups.len(), d.train.len(), d.eval.len(), d.prompts[0].len()), (1, 100, 6, 256));
}

/// No prompt (or, where prompts are few, no prompt with its answers) is on both sides.
fn leaks(d: &Dataset, key: impl Fn(&PreferencePair) -> Vec<Vec<u32>>) -> usize {
    let held: HashSet<_> = d.eval.iter().map(&key).collect();
    d.train.iter().filter(|p| held.contains(&key(p))).count()
}

#[test]
fn nothing_held_out_is_trained_on() {
    // Both groups judge the same prompts, oppositely, and each row is there twice.
    let text = (rows("a", 60, ("x", "y")) + &rows("a", 50, ("y", "x")).replace(r#""group":"a""#, r#""group":"b""#)).repeat(2);
    let d = built(&config(&[0.5, 0.5], 64, 10), &text);
    assert_eq!(leaks(&d, |p| vec![p.prompt.clone()]), 0);
    let held: HashSet<_> = d.eval.iter().map(|p| &p.prompt).collect();
    assert!(d.corpus.iter().all(|e| !held.contains(&e.prompt)));
    assert!(d.eval.iter().filter(|p| p.group == 1).count() >= 5);
    assert!(d.notices.iter().any(|n| n.contains("110 rows that repeat")), "{:?}", d.notices);

    // One prompt for all: held out by its answers instead.
    let one: String = (0..40).map(|i| format!("{{\"prompt\":\"p\",\"chosen\":\"w{i}\",\"rejected\":\"v{i}\"}}\n")).collect();
    let d = built(&config(&[1.0], 64, 10), &one);
    assert_eq!((d.eval.len(), leaks(&d, |p| vec![p.chosen.clone(), p.rejected.clone()])), (8, 0));
    assert!(d.notices.iter().any(|n| n.contains("Too few different prompts")), "{:?}", d.notices);

    // Too little to hold anything out.
    for text in [GOOD.to_string(), rows("a", 9, ("x", "y")) + &rows("b", 1, ("x", "y"))] {
        let groups = read(&text).unwrap().groups().len();
        assert_eq!(
            crate::data::build(&config(&vec![1.0 / groups as f64; groups], 8, 2), Some(&text)).unwrap_err().code,
            ErrorCode::Data
        );
    }
}

#[test]
fn long_rows_are_cut_as_a_batch_would_cut_them() {
    let long =
        format!(r#"{{"prompt":"{}","chosen":"{}x","rejected":"{}y"}}"#, "p q ".repeat(30), "r ".repeat(40), "s ".repeat(3));
    let text = rows("everyone", 20, ("x", "y")) + &long;
    let mut config = config(&[1.0], 64, 2);
    config.model.context = 16;
    let d = built(&config, &text);
    for p in d.train.iter().chain(&d.eval) {
        assert!(2 + p.prompt.len() + p.chosen.len() <= 16);
        let (mut cut, mut whole) = (TokenBatch::new(16), TokenBatch::new(16));
        cut.push(&p.prompt, &p.chosen);
        let row = text.lines().find(|l| d.vocabulary.encode(&parse(l).unwrap().prompt).ends_with(&p.prompt)).unwrap();
        let row = parse(row).unwrap();
        whole.push(&d.vocabulary.encode(&row.prompt), &d.vocabulary.encode(&row.chosen));
        assert_eq!(cut, whole);
    }
    assert!(d.notices.iter().any(|n| n.contains("Cut 1 of 21 rows to 16 tokens")), "{:?}", d.notices);
    assert_eq!(dataset::context_for(5, 5), 13);
    assert_eq!(dataset::context_for(60, 1), 82, "a quarter is left for the answer");
}

#[test]
fn rare_words_read_unk_beyond_the_cap() {
    let text: String =
        (0..5_000).map(|i| format!("{{\"prompt\":\"ask w{i}\",\"chosen\":\"yes\",\"rejected\":\"no\"}}\n")).collect();
    let d = built(&config(&[1.0], 64, 10), &text);
    assert_eq!(d.vocabulary.len(), dataset::MAX_WORDS + 5);
    assert_eq!(d.vocabulary.words()[5..9], ["ask", "no", "yes", "w0"]);
    assert!(d.corpus.iter().any(|e| e.prompt.contains(&UNK)));
    assert!(d.notices.iter().any(|n| n.contains("1003 rarer ones")), "{:?}", d.notices);
}

#[test]
fn the_same_file_gives_the_same_data_and_flips_are_counted() {
    let text = rows("a", 300, ("x", "y")) + &rows("b", 100, ("y", "x"));
    let mut config = config(&[0.8, 0.2], 100, 16);
    let [a, b] = [(); 2].map(|()| built(&config, &text));
    assert_eq!((&a.train, &a.eval, &a.corpus, &a.prompts, &a.notices), (&b.train, &b.eval, &b.corpus, &b.prompts, &b.notices));
    config.data.flip = 0.25;
    let noisy = built(&config, &text);
    assert_eq!(noisy.train.iter().filter(|p| p.flipped).count(), 25);
    assert!(a.train.iter().zip(&noisy.train).all(|(a, b)| a.prompt == b.prompt && (a.chosen == b.chosen) != b.flipped));
    assert_eq!(a.eval, noisy.eval);
    config.seed = 9;
    assert_ne!(built(&config, &text).train, noisy.train);
}

#[test]
fn real_pairs_of_two_personas_are_read() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    let folder = std::env::var("PREFSHIFT_DATA").unwrap_or_else(|_| beside.into());
    let Ok(text) = std::fs::read_to_string(format!("{folder}/personas-risk.jsonl")) else {
        println!("skipped: no personas-risk.jsonl in {folder}; set PREFSHIFT_DATA to its folder");
        return;
    };
    let imported = read(&text).unwrap();
    let summary = imported.summary();
    println!("{summary:?}");
    assert_eq!(summary.groups, [("risk-averse".to_string(), 1_000), ("risk-seeking".into(), 1_000)]);
    assert!(imported.rows.iter().all(|r| (0.93..0.98).contains(&r.confidence)));
    let mut config = config(&[0.9, 0.1], 512, 64);
    config.model.context = summary.lengths.p99;
    let d = built(&config, &text);
    println!("{} tokens; {:#?}", d.vocabulary.len(), d.notices);
    for p in &d.train[..3] {
        let [prompt, chosen, rejected] = [&p.prompt, &p.chosen, &p.rejected].map(|t| d.vocabulary.decode(t));
        println!("{} | {prompt} | + {chosen} | - {rejected}", d.groups[p.group].name);
    }
    assert_eq!((d.train.len(), d.train.iter().filter(|p| p.group == 1).count(), d.eval.len()), (512, 51, 128));
    assert_eq!(leaks(&d, |p| vec![p.prompt.clone()]), 0);
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_object_makes_reading_or_building_panic(
        lines in proptest::collection::vec(
            (r#"["a-c \\n]{0,8}"#, r#"(null|3|\[\]|\[\{"role":"assistant","content":"x"\}\]|"[a-d ]{0,9}")"#, "[a-c ]{0,3}", 0.0_f64..1.5),
            0..40,
        ),
        mix in prop_oneof![Just(vec![1.0]), Just(vec![0.7, 0.3])],
        context in 4_usize..12,
    ) {
        let line = |(p, c, r, confidence): &(String, String, String, f64)| {
            format!(r#"{{"prompt":{},"chosen":{c},"rejected":"{r}","group":"{}","confidence":{confidence}}}"#, serde_json::json!(p), r.len() % 2)
        };
        let text = lines.iter().map(line).collect::<Vec<_>>().join("\n");
        if let Ok(imported) = read(&text) {
            let mut config = config(&mix, 20, 4);
            config.model.context = context;
            if let Ok(d) = build(&config, &imported) {
                prop_assert!(!d.train.is_empty() && d.train.len() <= 20);
                prop_assert!(d.train.iter().chain(&d.eval).all(|p| p.chosen != p.rejected && 2 + p.prompt.len() + p.chosen.len() <= context));
                prop_assert!((0..mix.len()).all(|g| d.eval.iter().any(|p| p.group == g)));
            }
        }
    }
}
