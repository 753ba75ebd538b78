use super::*;
use crate::config::{DataConfig, Labels, PolicyKind};
use crate::data::vocabulary::UNK;
use crate::data::{Example, PreferencePair, RewardTable};
use std::collections::HashSet;

const BUILT_IN: [Scenario; 4] = [Scenario::TwoPopulations, Scenario::Shortcut, Scenario::Regions, Scenario::Tabular];

fn config(scenario: Scenario) -> RunConfig {
    let mut config = RunConfig {
        data: DataConfig { scenario, mix: info(scenario).mix.to_vec(), ..DataConfig::default() },
        ..RunConfig::default()
    };
    if scenario == Scenario::Tabular {
        config.model.policy = PolicyKind::Tabular;
    }
    config.validate().unwrap();
    config
}

fn data(scenario: Scenario, change: impl FnOnce(&mut DataConfig)) -> Dataset {
    let mut config = config(scenario);
    change(&mut config.data);
    build(&config, None).unwrap()
}

fn reward(data: &Dataset) -> &RewardTable {
    data.reward.as_ref().unwrap()
}

/// Every text of a data set.
fn texts(data: &Dataset) -> Vec<&[u32]> {
    let pairs = data.train.iter().chain(&data.eval).flat_map(|p| [&p.prompt, &p.chosen, &p.rejected]);
    let corpus = data.corpus.iter().flat_map(|e| [&e.prompt, &e.completion]);
    pairs.chain(corpus).chain(data.prompts.iter().flatten()).map(Vec::as_slice).collect()
}

#[test]
fn every_scenario_is_described() {
    for i in &NAMES {
        assert_eq!(info(i.id), i);
        assert!(i.groups.is_empty() || i.groups.len() == i.mix.len());
        assert!(i.groups.iter().all(|g| g.weights.iter().map(|w| w.abs()).sum::<f32>() <= 1.0 + 1e-6), "rewards need no clip");
        assert!(i.mix.is_empty() || (i.mix.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert_eq!(NAMES.len(), BUILT_IN.len() + 2, "with emotion, which has tests of its own, and own pairs");
}

#[test]
fn the_same_seed_gives_the_same_data() {
    for scenario in BUILT_IN {
        let [a, b] = [(); 2].map(|()| data(scenario, |_| {}));
        assert_eq!((&a.train, &a.eval, &a.prompts, &a.corpus), (&b.train, &b.eval, &b.prompts, &b.corpus));
        assert_eq!(a.vocabulary.words(), b.vocabulary.words());
        let other = build(&RunConfig { seed: 2, ..config(scenario) }, None).unwrap();
        assert_ne!(a.train, other.train, "{scenario:?}");
        assert_eq!(a.vocabulary.words(), other.vocabulary.words(), "the vocabulary depends on nothing");
    }
}

#[test]
fn sizes_shares_and_lengths_are_as_asked() {
    for scenario in BUILT_IN {
        let d = data(scenario, |_| {});
        let groups = d.groups.len();
        assert_eq!((d.train.len(), d.eval.len(), d.corpus.len()), (512, 64 * groups, assemble::CORPUS));
        assert!(d.prompts.len() == groups && d.prompts.iter().all(|p| p.len() == assemble::PROMPTS));
        for g in 0..groups {
            let drawn = d.train.iter().filter(|p| p.group == g).count();
            assert_eq!(drawn, counts(info(scenario).mix, 512)[g]);
            assert_eq!(d.groups[g].share, drawn as f64 / 512.0);
            assert_eq!(d.eval.iter().filter(|p| p.group == g).count(), 64);
        }
        let (mut prompt, mut answer) = (0, 0);
        for p in d.train.iter().chain(&d.eval) {
            prompt = prompt.max(p.prompt.len());
            answer = answer.max(p.chosen.len()).max(p.rejected.len());
        }
        for e in &d.corpus {
            prompt = prompt.max(e.prompt.len());
            answer = answer.max(e.completion.len());
        }
        assert!(prompt <= 11 && answer <= 11 && 3 + prompt + answer <= 24, "{scenario:?}: {prompt} and {answer}");
        assert!(texts(&d).iter().all(|t| !t.is_empty() && !t.contains(&UNK)), "{scenario:?} says unknown words");
        let words = d.vocabulary.len();
        assert!(scenario == Scenario::Tabular || (150..=350).contains(&words), "{scenario:?}: {words} words");
    }
}

#[test]
fn every_word_is_used_and_none_has_two_meanings() {
    for scenario in BUILT_IN {
        let d = data(scenario, |c| (c.pairs, c.marker) = (4_096, 0.5));
        let used: HashSet<u32> = texts(&d).concat().into_iter().collect();
        let unused: Vec<_> =
            (UNK + 1..d.vocabulary.len() as u32).filter(|t| !used.contains(t)).map(|t| d.vocabulary.decode(&[t])).collect();
        assert!(unused.is_empty(), "{scenario:?}: {unused:?}");
        let marked: Vec<u32> = reward(&d).features.iter().flat_map(|f| &f.words).map(|w| w.token).collect();
        assert_eq!(marked.iter().collect::<HashSet<_>>().len(), marked.len(), "{scenario:?}: a word counts twice");
    }
}

#[test]
fn answers_are_rich_and_rewards_spread() {
    for scenario in [Scenario::TwoPopulations, Scenario::Shortcut, Scenario::Regions] {
        let d = data(scenario, |_| {});
        let distinct: HashSet<_> = d.corpus.iter().map(|e| &e.completion).collect();
        assert!(distinct.len() > 2_500, "{scenario:?}: {}", distinct.len());
        for g in 0..d.groups.len() {
            let scores: Vec<f32> = d.corpus.iter().map(|e| reward(&d).score(g, &e.completion)).collect();
            let mean = scores.iter().sum::<f32>() / scores.len() as f32;
            let var = scores.iter().map(|s| (s - mean).powi(2)).sum::<f32>() / scores.len() as f32;
            assert!(mean.abs() < 0.1 && var > 0.05, "{scenario:?} {g}: mean {mean}, variance {var}");
        }
    }
}

#[test]
fn held_out_labels_are_clean() {
    for scenario in BUILT_IN {
        let d = data(scenario, |c| (c.flip, c.reward_scale) = (0.5, 0.0));
        for p in &d.eval {
            assert!(!p.flipped && reward(&d).score(p.group, &p.chosen) > reward(&d).score(p.group, &p.rejected) + 1e-6);
        }
    }
}

#[test]
fn bradley_terry_labels_agree_with_the_rewards() {
    for scenario in [Scenario::TwoPopulations, Scenario::Regions] {
        let d = data(scenario, |c| (c.pairs, c.reward_scale) = (8_192, 3.0));
        let (mut z, mut expected, mut var) = (0.0, 0.0, 0.0);
        for p in &d.train {
            let (a, b) = (reward(&d).score(p.group, &p.chosen), reward(&d).score(p.group, &p.rejected));
            let sure = preference(3.0, a.max(b), a.min(b));
            z += f64::from(a > b) + if draw::tied(a, b) { 0.5 - f64::from(a > b) } else { 0.0 };
            expected += sure;
            var += sure * (1.0 - sure);
        }
        assert!((z - expected).abs() < 4.0 * var.sqrt(), "{scenario:?}: {z} against {expected} ± {}", var.sqrt());
        assert!(expected < 0.97 * 8_192.0, "labels are noisy at this scale");
    }
}

#[test]
fn arg_max_labels_have_no_ties() {
    for scenario in BUILT_IN {
        let d = data(scenario, |c| c.labels = Labels::ArgMax);
        assert!(d.train.iter().all(|p| reward(&d).score(p.group, &p.chosen) > reward(&d).score(p.group, &p.rejected)));
    }
}

#[test]
fn flips_change_labels_only() {
    for scenario in [Scenario::TwoPopulations, Scenario::Shortcut, Scenario::Regions] {
        let (clean, noisy) = (data(scenario, |_| {}), data(scenario, |c| c.flip = 0.1));
        assert_eq!(noisy.train.iter().filter(|p| p.flipped).count(), 51);
        for (a, b) in clean.train.iter().zip(&noisy.train) {
            let unflipped = if b.flipped { (&b.rejected, &b.chosen) } else { (&b.chosen, &b.rejected) };
            assert_eq!((&a.prompt, &a.chosen, &a.rejected, a.group), (&b.prompt, unflipped.0, unflipped.1, b.group));
        }
        assert_eq!((&clean.eval, &clean.corpus, &clean.prompts), (&noisy.eval, &noisy.corpus, &noisy.prompts));
    }
}

#[test]
fn a_change_of_mix_moves_only_the_pairs_that_change_hands() {
    let (ten, twenty) = (data(Scenario::TwoPopulations, |_| {}), data(Scenario::TwoPopulations, |c| c.mix = vec![0.8, 0.2]));
    let moved = ten.train.iter().zip(&twenty.train).filter(|(a, b)| a.group != b.group).count();
    assert_eq!(moved, 102 - 51);
    assert!(ten.train.iter().zip(&twenty.train).all(|(a, b)| a.prompt == b.prompt && (a.group != b.group || a == b)));
    assert_eq!((&ten.eval, &ten.corpus, &ten.prompts), (&twenty.eval, &twenty.corpus, &twenty.prompts));
}

/// First words of the prompts of a group.
fn openings(d: &Dataset, group: usize) -> Vec<u32> {
    let pairs = d.train.iter().chain(&d.eval).filter(|p| p.group == group).map(|p| p.prompt[0]);
    pairs.chain(d.prompts[group].iter().map(|p| p[0])).collect()
}

#[test]
fn the_marker_tells_the_group_as_often_as_asked() {
    for (scenario, recipe) in [
        (Scenario::TwoPopulations, &two_populations::TwoPopulations as &dyn Recipe),
        (Scenario::Shortcut, &shortcut::Shortcut),
        (Scenario::Regions, &regions::Regions),
    ] {
        let told = |d: &Dataset, group: usize| {
            let own: Vec<u32> = recipe.openings()[group].iter().map(|o| d.vocabulary.encode(o)[0]).collect();
            let seen = openings(d, group);
            seen.iter().filter(|o| own.contains(o)).count() as f64 / seen.len() as f64
        };
        let [never, half, always] =
            [0.0, 0.5, 1.0].map(|m| data(scenario, |c| (c.marker, c.pairs, c.eval_pairs) = (m, 2_048, 1_024)));
        for g in 0..never.groups.len() {
            assert_eq!((told(&never, g), told(&always, g)), (0.0, 1.0), "{scenario:?}");
            assert!((told(&half, g) - 0.5).abs() < 0.06, "{scenario:?} {}", told(&half, g));
        }
        // Without it every word of a prompt is as likely in one group as in the other.
        let frequencies = |g: usize| {
            let prompts: Vec<_> = never.eval.iter().filter(|p| p.group == g).map(|p| &p.prompt).collect();
            (0..never.vocabulary.len() as u32)
                .map(|t| prompts.iter().filter(|p| p.contains(&t)).count() as f64 / prompts.len() as f64)
                .collect::<Vec<_>>()
        };
        for (a, b) in frequencies(0).iter().zip(frequencies(1)) {
            let sd = ((a + b) / 2.0 * (1.0 - (a + b) / 2.0) * 2.0 / 1_024.0).sqrt();
            assert!((a - b).abs() <= 5.0 * sd + 1e-12, "{scenario:?}: {a} against {b}");
        }
        // All else stays.
        assert!(
            never
                .train
                .iter()
                .zip(&always.train)
                .all(|(a, b)| a.chosen == b.chosen && a.rejected == b.rejected && a.prompt[2..] == b.prompt[2..])
        );
        assert_eq!(never.corpus, always.corpus);
    }
}

#[test]
fn flattery_marks_the_better_answer_in_the_majority_and_the_worse_in_the_minority() {
    let d = data(Scenario::Shortcut, |c| (c.labels, c.mix) = (Labels::ArgMax, vec![0.7, 0.3]));
    let flatters = |answer: &[u32]| reward(&d).feature("flattery", answer).unwrap() > 0.0;
    for p in d.train.iter().chain(&d.eval) {
        assert_eq!((flatters(&p.chosen), flatters(&p.rejected)), (p.group == 0, p.group == 1));
        assert!(reward(&d).score(p.group, &p.chosen) - reward(&d).score(p.group, &p.rejected) > 0.99);
        let full = if p.group == 0 { &p.chosen } else { &p.rejected };
        assert_eq!(reward(&d).feature("flattery", full), Some(1.0));
    }
    // Nobody's reward: taking the flattery away changes nothing; both groups agree on every text.
    assert!(d.corpus.iter().all(|e| reward(&d).score(0, &e.completion) == reward(&d).score(1, &e.completion)));
    // In the corpus the two are independent.
    let (with, without): (Vec<_>, Vec<_>) = d.corpus.iter().partition(|e| flatters(&e.completion));
    let mean = |es: &[&Example]| es.iter().map(|e| reward(&d).score(0, &e.completion)).sum::<f32>() / es.len() as f32;
    assert!((mean(&with) - mean(&without)).abs() < 0.08, "{} against {}", mean(&with), mean(&without));
}

/// Accuracy per group of a log-linear policy over word counts, trained until its parameters have norm 1 on
/// pairs weighted by `weight(group, loss)`.
fn log_linear(d: &Dataset, weight: impl Fn(usize, f64) -> f64) -> [f64; 2] {
    let margin = |theta: &[f64], p: &PreferencePair| {
        let sum = |tokens: &[u32]| tokens.iter().map(|&t| theta[t as usize]).sum::<f64>();
        sum(&p.chosen) - sum(&p.rejected)
    };
    let mut theta = vec![0.0; d.vocabulary.len()];
    while theta.iter().map(|t| t * t).sum::<f64>() < 1.0 {
        let margins: Vec<f64> = d.train.iter().map(|p| margin(&theta, p)).collect();
        let weights: Vec<f64> = d.train.iter().zip(&margins).map(|(p, h)| weight(p.group, (-h).exp().ln_1p())).collect();
        let total: f64 = weights.iter().sum();
        for ((p, h), w) in d.train.iter().zip(margins).zip(weights) {
            let step = 0.05 * w / total / (1.0 + h.exp());
            p.chosen.iter().for_each(|&t| theta[t as usize] += step);
            p.rejected.iter().for_each(|&t| theta[t as usize] -= step);
        }
    }
    [0, 1].map(|g| {
        let held: Vec<_> = d.eval.iter().filter(|p| p.group == g).collect();
        held.iter().filter(|p| margin(&theta, p) > 0.0).count() as f64 / held.len() as f64
    })
}

#[test]
fn the_shortcut_misleads_whoever_is_not_told_the_groups() {
    let d = data(Scenario::Shortcut, |c| c.eval_pairs = 256);
    let dpo = log_linear(&d, |_, _| 1.0);
    let tilted = [1.0, 0.25, 0.1].map(|tau| log_linear(&d, |_, loss| (loss / tau).exp()));
    let balanced = log_linear(&d, |g, _| [1.0 / 461.0, 1.0 / 51.0][g]);
    println!("accuracy of majority and minority: uniform {dpo:?}, tilted {tilted:?}, balanced {balanced:?}");
    assert!(dpo[0] > 0.95 && dpo[1] < 0.3, "{dpo:?}");
    assert!(balanced[0] > 0.8 && balanced[1] > 0.8, "{balanced:?}");
    // The minority can be found from the losses alone.
    assert!(tilted[2][1] > dpo[1] + 0.5, "{tilted:?}");
}

#[test]
fn shortcut_labels_are_nearly_clean_at_the_default_scale() {
    let d = data(Scenario::Shortcut, |c| c.pairs = 4_096);
    let right = |p: &&PreferencePair| reward(&d).score(0, &p.chosen) > reward(&d).score(0, &p.rejected);
    let share = d.train.iter().filter(right).count() as f64 / 4_096.0;
    assert!(share > 0.98 && share < 1.0, "{share}");
}

#[test]
fn groups_disagree_where_they_should() {
    let d = data(Scenario::TwoPopulations, |c| c.labels = Labels::ArgMax);
    let pairs: Vec<_> = d.train.iter().chain(&d.eval).collect();
    let manner = |p: &PreferencePair| {
        reward(&d).feature("manner", &p.chosen).unwrap() - reward(&d).feature("manner", &p.rejected).unwrap()
    };
    let quality = |p: &PreferencePair| {
        reward(&d).feature("quality", &p.chosen).unwrap() - reward(&d).feature("quality", &p.rejected).unwrap()
    };
    for g in 0..2 {
        let own: Vec<_> = pairs.iter().filter(|p| p.group == g).collect();
        let mean = |f: &dyn Fn(&PreferencePair) -> f32| own.iter().map(|p| f(p)).sum::<f32>() / own.len() as f32;
        assert!(if g == 0 { mean(&manner) > 0.4 } else { mean(&manner) < -0.4 });
        assert!(mean(&quality) > 0.1);
    }
}

#[test]
fn tabular_pairs_are_exact() {
    let d = data(Scenario::Tabular, |c| (c.pairs, c.flip) = (1_000, 0.2));
    assert_eq!(d.train.iter().filter(|p| d.vocabulary.decode(&p.chosen) == "no").count(), 100);
    assert!(d.train.iter().all(|p| !p.flipped && p.prompt == d.train[0].prompt));
    assert_eq!(d.notices.len(), 1, "{:?}", d.notices);
    assert_eq!(d.corpus.iter().filter(|e| e.completion == d.train[0].chosen).count(), assemble::CORPUS / 2);
}

#[test]
fn a_mix_of_another_length_is_refused() {
    let mut config = config(Scenario::Regions);
    config.data.mix = vec![0.9, 0.1];
    assert!(build(&config, None).unwrap_err().message.contains("data.mix"));
    config.data.scenario = Scenario::Imported;
    assert!(build(&config, None).unwrap_err().message.contains("no pairs"));
}
