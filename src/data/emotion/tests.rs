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
