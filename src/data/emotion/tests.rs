use super::*;
use crate::data::vocabulary::UNK;
use lexicon::{EMOTIONS, N};

fn corpus() -> (Dataset, Corpus) {
    let data = build(&RunConfig::for_scenario(Scenario::Emotion)).unwrap();
    let corpus = *data.emotion.clone().unwrap();
    (data, corpus)
}

#[test]
fn tens_of_thousands_of_different_texts_in_few_words() {
    let (data, c) = corpus();
    let words = data.vocabulary.len();
    println!("{} texts, {} held out, {words} words", c.train.len(), c.test.len());
    assert!(c.train.len() + c.test.len() > 20_000 && words < 1_000);
    let all: Vec<&Text> = c.train.iter().chain(&c.test).collect();
    assert_eq!(all.iter().map(|t| &t.tokens).collect::<HashSet<_>>().len(), all.len());
    assert!(all.iter().all(|t| !t.tokens.contains(&UNK) && (PROMPT + 1..=LONGEST).contains(&t.tokens.len())));
    let cut = all.iter().filter(|t| t.tokens.len() == LONGEST).count();
    assert!(cut * 100 < all.len(), "{cut} texts are cut or nearly");
    // Varied: beginnings, and shapes once emotional words are taken out.
    let prompts: HashSet<_> = all.iter().map(|t| &t.tokens[..PROMPT]).collect();
    assert!(prompts.len() > 1_500, "{} prompts", prompts.len());
    let used: HashSet<u32> = all.iter().flat_map(|t| t.tokens.clone()).collect();
    let unused: Vec<_> = (UNK + 1..words as u32).filter(|t| !used.contains(t)).map(|t| data.vocabulary.decode(&[t])).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn emotions_are_balanced_and_some_texts_have_two() {
    let (_, c) = corpus();
    let n = c.train.len() as f64;
    for e in 0..N {
        let share = c.train.iter().filter(|t| t.labels.contains(&e)).count() as f64 / n;
        assert!((share - 0.25).abs() < 0.02, "{}: {share}", EMOTIONS[e]);
    }
    let two = c.train.iter().filter(|t| t.labels.len() == 2).count() as f64 / n;
    assert!((0.2..0.35).contains(&two), "{two}");
}

#[test]
fn every_emotional_word_is_known_and_belongs_to_few() {
    let (data, c) = corpus();
    let truth = c.truth.unwrap();
    let all = lexicon::strengths();
    assert_eq!(all.iter().map(|(w, _)| w).collect::<HashSet<_>>().len(), all.len(), "a word is listed twice");
    for (word, strengths) in &all {
        let token = data.vocabulary.id(word).unwrap_or_else(|| panic!("{word}"));
        assert_eq!(truth.of(token), strengths);
        assert!((1..=2).contains(&strengths.iter().filter(|v| **v > 0.0).count()), "{word}");
    }
    // Nothing neutral says anything, and no slot is left open.
    let neutral: HashSet<String> = grammar::banks().concat().iter().flat_map(|t| Vocabulary::split(&t.replace(['{', '}'], ""))).collect();
    let marked: HashSet<&str> = all.iter().map(|(w, _)| *w).collect();
    let both: Vec<_> = neutral.iter().filter(|w| marked.contains(w.as_str())).collect();
    assert!(both.is_empty(), "{both:?}");
    assert!(c.train.iter().all(|t| !data.vocabulary.decode(&t.tokens).contains(['{', '}'])));
}

#[test]
fn the_true_reward_says_what_a_text_was_written_for() {
    let (data, c) = corpus();
    let truth = c.truth.unwrap();
    let score = |text: &str| truth.score(&data.vocabulary.encode(text));
    assert_eq!(score("i feel furious today"), [0.0, 0.0, 0.0, 0.9, 0.0].map(|v: f32| v));
    assert!((score("i feel scared and terrified")[4] - 0.99).abs() < 1e-6);
    assert_eq!(score("i feel scared and scared"), score("i feel scared"));
    assert!((score("i am upset")[0] - 0.45).abs() < 1e-6 && (score("i am upset")[3] - 0.45).abs() < 1e-6);
    assert_eq!(score("my boss called me today"), [0.0; 5]);
    for t in c.test.iter() {
        let said = truth.score(&t.tokens);
        assert!(said.iter().all(|v| (0.0..=1.0).contains(v)));
        for e in &t.labels {
            assert!(said[*e] > 0.0, "{}", data.vocabulary.decode(&t.tokens));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_texts() {
    let ((_, a), (_, b)) = (corpus(), corpus());
    assert_eq!((a.train, a.test), (b.train, b.test));
    let other = build(&RunConfig { seed: 2, ..RunConfig::for_scenario(Scenario::Emotion) }).unwrap();
    assert_eq!(other.vocabulary.words(), corpus().0.vocabulary.words());
    assert_ne!(other.emotion.unwrap().train[0], corpus().1.train[0]);
}

#[test]
fn emotions_that_are_not_there_are_refused() {
    let mut config = RunConfig::for_scenario(Scenario::Emotion);
    config.data.emotions = vec!["fear".into(), "surprise".into()];
    let error = build(&config).unwrap_err();
    assert!(error.message.starts_with("data.emotions[1]: `surprise`") && error.mend.contains("anger"), "{error}");
}

/// Texts of the built-in grammar as a file, some rows damaged; the file in the layout of the Emotion data set.
fn file(rows: usize) -> String {
    let mut stream = Streams::new(5).stream("file");
    let mut text = String::from("text,label\n");
    for _ in 0..rows {
        let (sentence, emotions) = grammar::sentence(&mut stream);
        text += &format!("\"{sentence}\",{}\n", emotions[0]);
    }
    text
}

#[test]
fn the_layout_of_the_emotion_data_set_is_read_and_bad_rows_are_listed() {
    let good = file(200);
    let text = good.replacen("text,label\n", "text,label\ntoo short,1\n\"no label here at all\"\n\"six words but wrong label, see\",6\n\"a line\nbreak inside of quotes is fine\",joy\n", 1);
    let own = own::read(&text).unwrap();
    assert_eq!((own.rows.len(), own.bad_lines), (own::read(&good).unwrap().rows.len() + 1, 3 + own::read(&good).unwrap().bad_lines));
    let listed: Vec<(usize, &str)> = own.problems.iter().take(3).map(|p| (p.line, p.what.as_str())).collect();
    assert_eq!(listed.iter().map(|p| p.0).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(listed[0].1.starts_with("2 words") && listed[1].1 == "misses `label`" && listed[2].1.starts_with("label 6"), "{listed:?}");
    assert!(own.rows[0].0.contains('\n') && own.rows[0].1 == "joy");
    assert!(own.classes().iter().all(|(name, _)| EMOTIONS.contains(&name.as_str())));
    // The same as JSON Lines.
    let jsonl: String = own.rows.iter().map(|(t, l)| format!("{}\n", serde_json::json!({ "text": t, "label": l }))).collect();
    assert_eq!(own::read(&jsonl).unwrap().rows, own.rows);
    assert!(own::looks_like_texts(&text) && own::looks_like_texts(&jsonl));
    assert!(!own::looks_like_texts("{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}"));
    let broken = own::read(&format!("{jsonl}{{\"text\": 3}}\nnot json\n")).unwrap();
    assert_eq!(broken.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [own.rows.len() + 1, own.rows.len() + 2]);
}

#[test]
fn own_texts_become_the_data_of_a_run() {
    let text = file(3_000);
    let own = own::read(&text).unwrap();
    let config = RunConfig::for_texts(&own.summary());
    config.validate().unwrap();
    let data = crate::data::build(&config, Some(&text)).unwrap();
    let corpus = data.emotion.as_deref().unwrap();
    assert!(corpus.is_own() && corpus.truth.is_none() && corpus.classes.len() == 5);
    assert_eq!(corpus.rewarded.map(|c| corpus.classes[c].clone()).to_vec(), config.data.emotions);
    let all: HashSet<&Vec<u32>> = corpus.train.iter().chain(&corpus.test).map(|t| &t.tokens).collect();
    assert_eq!(all.len(), corpus.train.len() + corpus.test.len(), "nothing is in both");
    assert!(corpus.test.len() * 5 >= corpus.train.len() - 10 && corpus.train.iter().all(|t| t.labels.len() == 1 && t.tokens.len() > PROMPT));
}

#[test]
fn own_texts_in_byte_pairs_keep_every_letter() {
    let text = file(600).replace("i ", "I ").replace("the ", "das süße ");
    let own = own::read(&text).unwrap();
    let mut config = RunConfig::for_texts(&own.summary());
    config.data.tokens = crate::config::Tokens::Bytes;
    let data = crate::data::build(&config, Some(&text)).unwrap();
    let corpus = data.emotion.as_deref().unwrap();
    assert!((300..=crate::data::bytes::MAX_TOKENS + 5).contains(&data.vocabulary.len()), "{}", data.vocabulary.len());
    let given: HashSet<&str> = own.rows.iter().map(|(t, _)| t.as_str()).collect();
    let whole: Vec<&Text> = corpus.train.iter().chain(&corpus.test).filter(|t| t.tokens.len() < LONGEST).collect();
    assert!(whole.len() > 300 && whole.iter().all(|t| given.contains(data.vocabulary.decode(&t.tokens).as_str())));
    assert!(whole.iter().any(|t| data.vocabulary.decode(&t.tokens).contains("süße")));
}

#[test]
fn files_that_cannot_serve_are_refused_with_a_reason() {
    let refused = |text: &str, part: &str| {
        let error = own::read(text).and_then(|own| own::build(&RunConfig::for_texts(&own.summary()), &own)).unwrap_err();
        assert!(error.message.contains(part), "{error}");
    };
    refused("", "no `text` and `label`");
    refused("a,b\n1,2\n", "no `text` and `label`: a, b");
    refused("text,label\n", "no rows");
    refused("text,label\nshort,1\n", "line 2: 1 words");
    refused(&format!("text,label\n{}", "one two three four five,joy\n".repeat(30)), "1 different labels");
    refused(&format!("text,label\n{}one two three four five,fear\n", "one two three four five,joy\n".repeat(30)), "`fear` has 1 texts");
    refused(&" ".repeat((32 << 20) + 1), "32 MiB");
}
