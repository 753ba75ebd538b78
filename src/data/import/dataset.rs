//! From rows to a data set: vocabulary, held-out prompts, a training set at the requested mix.

use super::{Imported, Row};
use crate::order;
use crate::config::RunConfig;
use crate::data::scenario::{assign, counts, flips};
use crate::data::{Dataset, Example, PreferencePair, Vocabulary};
use crate::error::{Error, ErrorCode, Result};
use crate::event::GroupInfo;
use crate::rng::Streams;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Most words in a vocabulary, specials not counted.
pub const MAX_WORDS: usize = 4_000;
/// Most examples that the reference policy is trained on.
pub const MAX_CORPUS: usize = 8_192;
const PROMPTS: usize = 256;

/// Tokens a prompt may have in a context: at least a quarter is left for the answer (see `batch.rs`).
fn prompt_room(context: usize) -> usize {
    (context - context / 4).saturating_sub(2).max(1)
}

/// Smallest context that keeps a prompt and an answer of these lengths whole.
pub fn context_for(prompt: usize, answer: usize) -> usize {
    let mut context = prompt + answer + 3; // BOS, SEP, EOS
    while prompt_room(context) < prompt {
        context += 1;
    }
    context
}

/// A data set from rows that were read. `data.mix` names the share of each group, most frequent first.
pub fn build(config: &RunConfig, imported: &Imported) -> Result<Dataset> {
    let (data, streams) = (&config.data, Streams::new(config.seed.into()));
    let names = imported.groups();
    let mut notices = vec![format!("Read {} rows: {}.", imported.rows.len(), listed(&names))];
    if imported.bad_lines > 0 {
        notices.push(format!("Left out {} lines: {}.", imported.bad_lines, imported.listing()));
    }
    if data.mix.len() != names.len() {
        let allowed = format!("the file has {} groups, and the mix gives a share of each: {}", names.len(), listed(&names));
        return Err(Error::config("data.mix", format!("{} shares", data.mix.len()), allowed));
    }
    let vocabulary = vocabulary(&imported.rows, &mut notices);
    let pairs = encode(imported, &names, &vocabulary, config.model.context, &mut notices);
    for (g, (name, _)) in names.iter().enumerate() {
        let rows = pairs.iter().filter(|p| p.group == g).count();
        if rows < 2 {
            let message = format!("group `{name}` has {rows} usable rows; one is needed to train on and one to hold out");
            return Err(Error::new(ErrorCode::Data, message, "add rows to this group or leave it out of the file"));
        }
    }

    let held = hold_out(&pairs, names.len(), data.eval_pairs, &streams, &mut notices)?;
    let mut eval: Vec<Vec<PreferencePair>> = vec![Vec::new(); names.len()];
    let mut pools = eval.clone();
    for (pair, held) in pairs.into_iter().zip(held) {
        let side = if held { &mut eval } else { &mut pools };
        side[pair.group].push(pair);
    }
    for (g, held) in eval.iter_mut().enumerate() {
        streams.stream(&format!("data/eval/{g}")).shuffle(held);
        held.truncate(data.eval_pairs);
    }
    let held_out: Vec<_> = names.iter().zip(&eval).map(|((name, _), e)| (name.clone(), e.len())).collect();
    notices.push(format!("Held out for evaluation, with their prompts: {}.", listed(&held_out)));

    let corpus = corpus(&pools, &streams);
    for (g, pool) in pools.iter_mut().enumerate() {
        streams.stream(&format!("data/train/{g}")).shuffle(pool);
    }
    let prompts = eval.iter().zip(&pools).map(|(e, p)| e.iter().chain(p).map(|pair| pair.prompt.clone()).collect::<Vec<_>>());
    let prompts = prompts.map(|p| p.iter().cycle().take(PROMPTS).cloned().collect()).collect();
    let sizes = sizes(data.pairs, &data.mix, &pools, &names, &mut notices);
    let train = training(&sizes, data.flip, pools, &streams);
    let share = |n: usize| n as f64 / train.len().max(1) as f64;
    let wants = |rows: usize| format!("Wants what its {rows} rows in the file say.");
    let groups = names.iter().zip(&sizes);
    let groups =
        groups.map(|((name, rows), &n)| GroupInfo { name: name.clone(), wants: wants(*rows), share: share(n) }).collect();
    Ok(Dataset { vocabulary, groups, eval: eval.concat(), prompts, corpus, reward: None, emotion: None, notices, train })
}

/// "a (3), b (2)".
fn listed(groups: &[(String, usize)]) -> String {
    groups.iter().map(|(name, n)| format!("{name} ({n})")).collect::<Vec<_>>().join(", ")
}

/// Words by frequency, ties by alphabet.
fn vocabulary(rows: &[Row], notices: &mut Vec<String>) -> Vocabulary {
    let mut seen = BTreeMap::<String, usize>::new();
    for word in rows.iter().flat_map(|r| [&r.prompt, &r.chosen, &r.rejected]).flat_map(|text| Vocabulary::split(text)) {
        *seen.entry(word).or_default() += 1;
    }
    let total: usize = seen.values().sum();
    let mut words = order::most_frequent(seen);
    if words.len() > MAX_WORDS {
        let rare: usize = words[MAX_WORDS..].iter().map(|(_, n)| n).sum();
        let percent = 100.0 * rare as f64 / total as f64;
        let rarest = words.len() - MAX_WORDS;
        notices.push(format!(
            "Kept the {MAX_WORDS} most frequent words; {rarest} rarer ones ({percent:.1} % of the text) read <unk>."
        ));
        words.truncate(MAX_WORDS);
    }
    Vocabulary::new(words.into_iter().map(|(word, _)| word))
}

/// Token ids, cut to the context as a batch would cut them; rows that say nothing new or nothing at all go.
fn encode(
    imported: &Imported,
    names: &[(String, usize)],
    vocabulary: &Vocabulary,
    context: usize,
    notices: &mut Vec<String>,
) -> Vec<PreferencePair> {
    let group_of: HashMap<&str, usize> = names.iter().enumerate().map(|(g, (name, _))| (name.as_str(), g)).collect();
    let (mut cut, mut same, mut repeated) = (0, 0, 0);
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    for row in &imported.rows {
        let mut prompt = vocabulary.encode(&row.prompt);
        let [mut chosen, mut rejected] = [&row.chosen, &row.rejected].map(|text| vocabulary.encode(text));
        cut += usize::from(context_for(prompt.len(), chosen.len().max(rejected.len())) > context);
        prompt.drain(..prompt.len().saturating_sub(prompt_room(context)));
        let room = context.saturating_sub(prompt.len() + 2);
        chosen.truncate(room);
        rejected.truncate(room);
        let group = group_of[row.group.as_str()];
        if chosen == rejected {
            same += 1;
        } else if !seen.insert((group, prompt.clone(), chosen.clone(), rejected.clone())) {
            repeated += 1;
        } else {
            pairs.push(PreferencePair { prompt, chosen, rejected, group, flipped: false, confidence: row.confidence });
        }
    }
    if cut > 0 {
        let (rows, p99) = (imported.rows.len(), imported.lengths().p99);
        notices.push(format!("Cut {cut} of {rows} rows to {context} tokens; a context of {p99} keeps 99 % whole."));
    }
    if same > 0 {
        notices.push(format!("Left out {same} rows whose two answers are the same, as the policy would see them."));
    }
    if repeated > 0 {
        notices.push(format!("Left out {repeated} rows that repeat another, as the policy would see them."));
    }
    pairs
}

/// The context that keeps a row whole.
pub(super) fn needed(row: &Row) -> usize {
    let len = |text: &str| Vocabulary::split(text).len();
    context_for(len(&row.prompt), len(&row.chosen).max(len(&row.rejected)))
}

/// Which pairs are held out: all pairs of a prompt or none, at most a fifth of a group. Where prompts are too
/// few for that, all pairs of a prompt with the same two answers or none.
fn hold_out(
    pairs: &[PreferencePair],
    groups: usize,
    wanted: usize,
    streams: &Streams,
    notices: &mut Vec<String>,
) -> Result<Vec<bool>> {
    type Key = (Vec<u32>, Vec<Vec<u32>>);
    let by_prompt = |p: &PreferencePair| -> Key { (p.prompt.clone(), Vec::new()) };
    let by_answers = |p: &PreferencePair| -> Key {
        let (first, second) = if p.rejected < p.chosen { (&p.rejected, &p.chosen) } else { (&p.chosen, &p.rejected) };
        (p.prompt.clone(), vec![first.clone(), second.clone()])
    };
    let mut rows = vec![0; groups];
    pairs.iter().for_each(|p| rows[p.group] += 1);
    let most: Vec<usize> = rows.iter().map(|n| (n / 5).max(1)).collect();
    for (level, key) in [&by_prompt as &dyn Fn(&PreferencePair) -> Key, &by_answers].into_iter().enumerate() {
        let mut sets = BTreeMap::<Key, Vec<usize>>::new();
        for (i, pair) in pairs.iter().enumerate() {
            sets.entry(key(pair)).or_default().push(i);
        }
        let mut sets: Vec<Vec<usize>> = sets.into_values().collect();
        streams.stream("data/eval").shuffle(&mut sets);
        let (mut held, mut taken) = (vec![false; pairs.len()], vec![0; groups]);
        for set in sets {
            let mut after = taken.clone();
            set.iter().for_each(|&i| after[pairs[i].group] += 1);
            let useful = (0..groups).any(|g| after[g] > taken[g] && taken[g] < wanted);
            if useful && (0..groups).all(|g| after[g] == taken[g] || after[g] <= most[g]) {
                set.into_iter().for_each(|i| held[i] = true);
                taken = after;
            }
        }
        if !taken.contains(&0) {
            if level == 1 {
                notices.push(
                    "Too few different prompts to hold some out: the same prompts, with other answers, are in training.".into(),
                );
            }
            return Ok(held);
        }
    }
    Err(Error::new(
        ErrorCode::Data,
        "too few different prompts and answers to hold some out for evaluation",
        "add rows; every group needs pairs that no training pair repeats",
    ))
}

/// How many pairs of each group are trained on: the mix is kept, and the total gives way when a group runs out.
fn sizes(
    wanted: usize,
    mix: &[f64],
    pools: &[Vec<PreferencePair>],
    names: &[(String, usize)],
    notices: &mut Vec<String>,
) -> Vec<usize> {
    let fits = |sizes: &[usize]| sizes.iter().zip(pools).position(|(n, pool)| *n > pool.len());
    let full = counts(mix, wanted);
    let Some(short) = fits(&full) else { return full };
    // Every group has at least one pair, so one pair in all fits at the latest.
    let bound = mix.iter().zip(pools).filter(|(m, _)| **m > 0.0).map(|(m, pool)| (pool.len() + 1) as f64 / m);
    let mut n = (bound.fold(wanted as f64, f64::min) as usize).max(1);
    while n > 1 && fits(&counts(mix, n)).is_some() {
        n -= 1;
    }
    let (name, pool) = (&names[short].0, pools[short].len());
    notices.push(format!(
        "Group `{name}` has {pool} pairs to train on, not {}: trained on {n} pairs instead of {wanted}, at the same mix.",
        full[short]
    ));
    counts(mix, n)
}

/// The training set: the first pairs of each pool, groups shuffled, labels flipped.
fn training(sizes: &[usize], flip: f64, pools: Vec<Vec<PreferencePair>>, streams: &Streams) -> Vec<PreferencePair> {
    let members = assign(sizes, &mut streams.stream("data/group"));
    let flipped = flips(flip, members.len(), &mut streams.stream("data/flip"));
    let mut pools: Vec<_> = pools.into_iter().map(Vec::into_iter).collect();
    let drawn = members.into_iter().zip(flipped).filter_map(|(g, flip)| Some((pools[g].next()?, flip)));
    drawn
        .map(|(mut pair, flip)| {
            if flip {
                std::mem::swap(&mut pair.chosen, &mut pair.rejected);
            }
            PreferencePair { flipped: flip, ..pair }
        })
        .collect()
}

/// Every prompt that is not held out, once with each of its answers.
fn corpus(pools: &[Vec<PreferencePair>], streams: &Streams) -> Vec<Example> {
    let mut examples: Vec<Example> = pools
        .iter()
        .flatten()
        .flat_map(|p| [&p.chosen, &p.rejected].map(|answer| Example { prompt: p.prompt.clone(), completion: answer.clone() }))
        .collect();
    streams.stream("data/corpus").shuffle(&mut examples);
    examples.truncate(MAX_CORPUS);
    examples
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
