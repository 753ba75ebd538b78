//! What becomes of rows: which are held out, how many are trained on, what the reference policy reads.

use super::*;
use crate::config::{DataConfig, Scenario};
use crate::data::TokenBatch;
use crate::data::import::read;
use crate::data::vocabulary::{BOS, EOS, SEP};
use proptest::prelude::*;

fn config(mix: &[f64], pairs: usize, eval_pairs: usize) -> RunConfig {
    RunConfig { data: DataConfig { scenario: Scenario::Imported, mix: mix.to_vec(), pairs, eval_pairs, ..DataConfig::default() }, ..RunConfig::default() }
}

fn row(prompt: &str, chosen: &str, rejected: &str, group: &str) -> Row {
    Row { prompt: prompt.into(), chosen: chosen.into(), rejected: rejected.into(), group: group.into(), confidence: 1.0 }
}

fn file(rows: Vec<Row>) -> Imported {
    Imported { rows, ..Imported::default() }
}

/// `n` rows of each group, every one with a prompt of its own.
fn groups(sizes: &[(&str, usize)]) -> Imported {
    file(sizes.iter().flat_map(|(g, n)| (0..*n).map(move |i| row(&format!("{g} asks {} {}", i / 100, i % 100), "yes", "no", g))).collect())
}

fn notice(d: &Dataset, part: &str) -> bool {
    d.notices.iter().any(|n| n.contains(part))
}

#[test]
fn a_context_is_the_smallest_that_keeps_a_row_whole() {
    for prompt in 1..50_u32 {
        for answer in 1..30_u32 {
            let (p, a): (Vec<u32>, Vec<u32>) = ((100..100 + prompt).collect(), (300..300 + answer).collect());
            let whole = [&[BOS][..], &p, &[SEP], &a, &[EOS]].concat();
            let keeps = |context: usize| {
                let mut batch = TokenBatch::new(context);
                batch.push(&p, &a);
                batch.tokens.starts_with(&whole)
            };
            let smallest = (1..200).find(|c| keeps(*c)).expect("some context does");
            assert_eq!(context_for(prompt as usize, answer as usize), smallest, "{prompt} and {answer}");
        }
    }
}

#[test]
fn lengths_are_those_that_keep_half_nearly_all_and_all_rows() {
    // Prompts of 1 to 200 words: contexts grow with them.
    let imported = file((1..=200).rev().map(|n| row(&"w ".repeat(n), "yes yes", "no", "g")).collect());
    let of = |n: usize| context_for(n, 2);
    let lengths = imported.lengths();
    assert_eq!((lengths.median, lengths.p99, lengths.longest), (of(100), of(198), of(200)));
    let keeps = |context: usize| imported.rows.iter().filter(|r| needed(r) <= context).count();
    assert_eq!((keeps(lengths.median), keeps(lengths.p99), keeps(lengths.longest)), (100, 198, 200));
    let one = file(vec![row("a b c", "x", "y z", "g")]).lengths();
    assert_eq!((one.median, one.p99, one.longest), (8, 8, 8), "the longer answer counts");
    let none = Imported::default().lengths();
    assert_eq!((none.median, none.p99, none.longest), (0, 0, 0));
    // 99 of 100 is all but the longest.
    let hundred = file((1..=100).map(|n| row(&"w ".repeat(n), "yes yes", "no", "g")).collect()).lengths();
    assert_eq!((hundred.median, hundred.p99, hundred.longest), (of(50), of(99), of(100)));
}

#[test]
fn at_most_a_fifth_of_a_group_is_held_out_and_at_least_one() {
    for (rows, wanted, held) in [(2, 9, 1), (4, 9, 1), (9, 9, 1), (10, 9, 2), (14, 9, 2), (15, 9, 3), (50, 9, 9), (50, 1, 1), (50, 64, 10)] {
        let d = build(&config(&[1.0], 40, wanted), &groups(&[("g", rows)])).expect("data");
        assert_eq!(d.eval.len(), held, "{wanted} of {rows}");
        assert_eq!(d.train.len(), (rows - held).min(40));
        assert!(notice(&d, &format!("Held out for evaluation, with their prompts: g ({held}).")), "{:?}", d.notices);
    }
    // Each group for itself.
    let d = build(&config(&[0.6, 0.4], 40, 3), &groups(&[("a", 30), ("b", 7)])).expect("data");
    assert_eq!([0, 1].map(|g| d.eval.iter().filter(|p| p.group == g).count()), [3, 1]);
}

#[test]
fn a_group_needs_two_rows_that_differ() {
    let alone = |rows: Vec<Row>| build(&config(&[0.5, 0.5], 8, 2), &file(rows)).map(|_| ()).map_err(|e| e.message);
    let many = || (0..9).map(|i| row(&format!("ask {i}"), "yes", "no", "many"));
    let few = |prompt: &str| row(prompt, "yes", "no", "few");
    assert!(alone(many().chain([few("one")]).collect()).is_err_and(|e| e.contains("group `few` has 1 usable rows")));
    assert!(alone(many().chain([few("one"), few("One")]).collect()).is_err_and(|e| e.contains("group `few` has 1 usable rows")), "the same twice is one");
    assert!(alone(many().chain([few("one"), few("two")]).collect()).is_ok());
    // The same prompt with the same answers, either way round: nothing can be held out that training does not repeat.
    let turned = [row("one", "yes", "no", "few"), row("one", "no", "yes", "few")];
    assert!(alone(many().chain(turned).collect()).is_err_and(|e| e.contains("too few different prompts and answers")));
}

#[test]
fn rows_that_are_cut_or_say_nothing_new_are_counted() {
    let mut config = config(&[1.0], 40, 2);
    config.model.context = 16; // 10 words of a prompt, and the rest for an answer
    let words = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<Row> = (0..10).map(|i| row(&format!("ask {i}"), "yes", "no", "g")).collect();
    // Whole to the last place: 10 and 3 with the three marks; one word more is cut.
    rows.push(row(&words("p", 10), "a b c", "d", "g"));
    rows.push(row(&words("q", 10), "a b c e", "d", "g"));
    rows.push(row(&words("r", 11), "a", "d", "g"));
    // The same after the cut, and the same as another row after the cut.
    rows.push(row(&words("s", 10), "a b c e f", "a b c e g", "g"));
    rows.push(row(&format!("other {}", words("p", 10)), "a b c", "d", "g"));
    rows.push(row("ask 3", "yes", "no", "g"));
    let d = build(&config, &file(rows)).expect("data");
    let p99 = context_for(10, 5);
    assert!(notice(&d, &format!("Cut 4 of 16 rows to 16 tokens; a context of {p99} keeps 99 % whole.")), "{:?}", d.notices);
    assert!(notice(&d, "Left out 1 rows whose two answers are the same, as the policy would see them."), "{:?}", d.notices);
    assert!(notice(&d, "Left out 2 rows that repeat another, as the policy would see them."), "{:?}", d.notices);
    // A prompt keeps its end, an answer its beginning.
    let all: Vec<[String; 3]> = d.train.iter().chain(&d.eval).map(|p| [&p.prompt, &p.chosen, &p.rejected].map(|t| d.vocabulary.decode(t))).collect();
    assert_eq!(all.len(), 13);
    let ends = words("r", 11).split_once(' ').expect("words").1.to_string();
    assert!(all.contains(&[ends, "a".into(), "d".into()]));
    assert!(all.contains(&[words("q", 10), "a b c e".into(), "d".into()]), "the end of an answer may go unsaid");
    // A file that fits says nothing of it.
    config.data.pairs = 8;
    let d = build(&config, &groups(&[("g", 10)])).expect("data");
    assert_eq!(d.notices.len(), 2, "{:?}", d.notices);
    assert_eq!(d.notices[0], "Read 10 rows: g (10).");
}

#[test]
fn words_up_to_the_cap_are_all_known() {
    let rows = |words: usize| file((0..words - 3).map(|i| row(&format!("ask w{i}"), "yes", "no", "g")).collect());
    let d = build(&config(&[1.0], 8, 2), &rows(MAX_WORDS)).expect("data");
    assert_eq!((d.vocabulary.len(), d.notices.len()), (MAX_WORDS + 5, 2), "{:?}", d.notices);
    // One too many, said once in all.
    let d = build(&config(&[1.0], 8, 2), &rows(MAX_WORDS + 1)).expect("data");
    assert_eq!(d.vocabulary.len(), MAX_WORDS + 5);
    assert!(notice(&d, "Kept the 4000 most frequent words; 1 rarer ones (0.0 % of the text) read <unk>."), "{:?}", d.notices);
    // Each row has a word of its own, of which 3 997 are kept.
    let d = build(&config(&[1.0], 8, 2), &rows(6_003)).expect("data");
    let percent = 100.0 * (6_000 - 3_997) as f64 / 24_000.0;
    assert!(notice(&d, &format!("2003 rarer ones ({percent:.1} % of the text)")), "{:?}", d.notices);
}

#[test]
fn the_reference_reads_every_prompt_that_is_not_held_out_with_both_answers() {
    let rows: Vec<Row> = (0..40).map(|i| row(&format!("ask {i}"), &format!("yes {i}"), &format!("no {i}"), ["a", "b"][i % 2])).collect();
    // Fewer pairs are trained on than there are.
    let d = build(&config(&[0.5, 0.5], 10, 3), &file(rows.clone())).expect("data");
    assert_eq!((d.train.len(), d.eval.len()), (10, 6));
    let held: HashSet<&Vec<u32>> = d.eval.iter().map(|p| &p.prompt).collect();
    let mut expected: Vec<[Vec<u32>; 2]> = rows.iter().flat_map(|r| [&r.chosen, &r.rejected].map(|a| [&r.prompt, a].map(|t| d.vocabulary.encode(t)))).filter(|[p, _]| !held.contains(&p)).collect();
    let mut found: Vec<[Vec<u32>; 2]> = d.corpus.iter().map(|e| [e.prompt.clone(), e.completion.clone()]).collect();
    assert_ne!(found, expected, "shuffled");
    expected.sort();
    found.sort();
    assert_eq!((found.len(), &found), (68, &expected));
    // Prompts to sample for: the held-out ones first, then the others, over and over.
    for (g, prompts) in d.prompts.iter().enumerate() {
        assert_eq!(prompts.len(), 256);
        let own: HashSet<&Vec<u32>> = prompts.iter().collect();
        assert_eq!(own.len(), 20, "every prompt of the group");
        assert!(prompts.iter().zip(d.eval.iter().filter(|p| p.group == g)).all(|(found, p)| *found == p.prompt));
        assert!(prompts.iter().zip(&prompts[20..]).all(|(a, b)| a == b));
    }
    assert_eq!(d.groups.iter().map(|g| (g.name.as_str(), g.wants.as_str(), g.share)).collect::<Vec<_>>(), [
        ("a", "Wants what its 20 rows in the file say.", 0.5), ("b", "Wants what its 20 rows in the file say.", 0.5),
    ]);
    // At most so many.
    let many = groups(&[("g", MAX_CORPUS / 2 + 30)]);
    assert_eq!(build(&config(&[1.0], 8, 10), &many).expect("data").corpus.len(), MAX_CORPUS);
    let exact = groups(&[("g", MAX_CORPUS / 2 + 10)]);
    assert_eq!(build(&config(&[1.0], 8, 10), &exact).expect("data").corpus.len(), MAX_CORPUS);
    let fewer = groups(&[("g", MAX_CORPUS / 2 + 9)]);
    assert_eq!(build(&config(&[1.0], 8, 10), &fewer).expect("data").corpus.len(), MAX_CORPUS - 2);
}

#[test]
fn pairs_keep_what_their_rows_say() {
    let rows: Vec<Row> = (0..20).map(|i| Row { confidence: 0.5 + i as f32 / 40.0, ..row(&format!("ask {i}"), &format!("yes {i}"), "no", "g") }).collect();
    let d = build(&config(&[1.0], 64, 4), &file(rows.clone())).expect("data");
    for p in d.train.iter().chain(&d.eval) {
        let [prompt, chosen, rejected] = [&p.prompt, &p.chosen, &p.rejected].map(|t| d.vocabulary.decode(t));
        let of = rows.iter().find(|r| r.prompt == prompt).expect("its row");
        assert_eq!((&chosen, &rejected, p.confidence, p.flipped), (&of.chosen, &of.rejected, of.confidence, false));
    }
    let read = read(&rows.iter().map(|r| serde_json::to_string(r).expect("JSON") + "\n").collect::<String>()).expect("rows");
    assert_eq!(read.rows, rows);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Prompts that pairs share, in groups that share prompts.
    #[test]
    fn no_prompt_is_on_both_sides_and_no_more_is_held_out_than_asked(
        rows in prop::collection::vec((0_usize..40, 0_usize..30, 0_usize..2), 12..90), wanted in 1_usize..9, seed in 0_u32..100,
    ) {
        let rows = rows.iter().map(|(p, a, g)| row(&format!("ask {p}"), &format!("yes {a}"), "no", ["a", "b"][*g])).collect();
        let imported = file(rows);
        let names = imported.groups();
        prop_assume!(names.len() == 2);
        let Ok(d) = build(&RunConfig { seed, ..config(&[0.5, 0.5], 1_000, wanted) }, &imported) else { return Ok(()) };
        for (g, (_, of_file)) in names.iter().enumerate() {
            let held = d.eval.iter().filter(|p| p.group == g).count();
            prop_assert!((1..=wanted.min((of_file / 5).max(1))).contains(&held), "{held} of {of_file}, {wanted} were wanted");
        }
        let of = |pairs: &[PreferencePair]| pairs.iter().map(|p| p.prompt.clone()).collect::<HashSet<_>>();
        let corpus: HashSet<Vec<u32>> = d.corpus.iter().map(|e| e.prompt.clone()).collect();
        if !notice(&d, "Too few different prompts") {
            prop_assert!(of(&d.eval).is_disjoint(&corpus));
        }
        prop_assert!(of(&d.train).is_subset(&corpus));
    }

    /// The mix is kept exactly, with as many pairs as it allows.
    #[test]
    fn as_many_are_trained_on_as_the_mix_allows(rows in (2_usize..80, 2_usize..80, 2_usize..40), share in 0_usize..20, wanted in 1_usize..150) {
        let imported = groups(&[("a", rows.0), ("b", rows.1), ("c", rows.2)]);
        let names = imported.groups();
        let mix = [0.5, 0.025 * share as f64, 0.5 - 0.025 * share as f64];
        let d = build(&config(&mix, wanted, 4), &imported).expect("data");
        let pools: Vec<usize> = names.iter().enumerate().map(|(g, (_, n))| n - d.eval.iter().filter(|p| p.group == g).count()).collect();
        let found: Vec<usize> = (0..3).map(|g| d.train.iter().filter(|p| p.group == g).count()).collect();
        let n = d.train.len();
        prop_assert_eq!(&found, &counts(&mix, n));
        let fits = |n: usize| counts(&mix, n).iter().zip(&pools).all(|(n, pool)| n <= pool);
        prop_assert!(fits(n) && n <= wanted && (n + 1..=wanted).all(|more| !fits(more)), "{n} of {wanted} from {pools:?}");
        prop_assert_eq!(notice(&d, "instead of"), n < wanted);
        if let Some((short, _)) = counts(&mix, wanted).iter().zip(&pools).enumerate().map(|(g, (n, pool))| (g, n > pool)).find(|(_, short)| *short) {
            let (name, pool) = (&names[short].0, pools[short]);
            prop_assert!(notice(&d, &format!("Group `{name}` has {pool} pairs to train on, not {}: trained on {n} pairs instead of {wanted}", counts(&mix, wanted)[short])), "{:?}", d.notices);
        }
        for (g, of) in d.groups.iter().enumerate() {
            prop_assert!((of.share - found[g] as f64 / n as f64).abs() < 1e-12);
        }
    }
}
