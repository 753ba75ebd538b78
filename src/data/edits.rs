//! Two answers compared word by word: where they differ, and a losing answer edited toward the winning one.

use super::Vocabulary;
use std::ops::Range;

/// Function words, which say little of why one answer is better.
const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its",
    "just", "may", "me", "might", "must", "my", "no", "nor", "not", "now", "of", "on", "or", "our", "out", "own", "shall", "she", "should", "so", "some",
    "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "up", "us", "very", "was", "we",
    "were", "what", "when", "where", "which", "while", "who", "whom", "why", "will", "with", "would", "you", "your",
];

/// A span of one text that stands where another span of the other does; at most one of them is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// In the first text.
    pub from: Range<usize>,
    /// In the second.
    pub to: Range<usize>,
}

/// What turns one text into the other: the spans between the words of a longest common subsequence, in order.
pub fn changes(from: &[u32], to: &[u32]) -> Vec<Change> {
    let (n, m) = (from.len(), to.len());
    // longest[i][j]: of from[i..] and to[j..].
    let mut longest = vec![vec![0_usize; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            longest[i][j] = if from[i] == to[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < n || j < m {
        let start = (i, j);
        while (i < n || j < m) && !(i < n && j < m && from[i] == to[j]) {
            // On a tie the first text gives way, so that the same two texts always differ in the same way.
            if j == m || (i < n && longest[i + 1][j] >= longest[i][j + 1]) { i += 1 } else { j += 1 }
        }
        if start != (i, j) {
            out.push(Change { from: start.0..i, to: start.1..j });
        }
        while i < n && j < m && from[i] == to[j] {
            (i, j) = (i + 1, j + 1);
        }
    }
    out
}

/// `rejected` with the spans that `chosen` words differently replaced by `chosen`'s. What only one of the two says stays as
/// `rejected` has it; where nothing is worded differently the result is `chosen`.
pub fn bridged(chosen: &[u32], rejected: &[u32]) -> Vec<u32> {
    let replaced: Vec<Change> = changes(rejected, chosen).into_iter().filter(|c| !c.from.is_empty() && !c.to.is_empty()).collect();
    if replaced.is_empty() {
        return chosen.to_vec();
    }
    let (mut out, mut at) = (Vec::new(), 0);
    for change in replaced {
        out.extend_from_slice(&rejected[at..change.from.start]);
        out.extend_from_slice(&chosen[change.to]);
        at = change.from.end;
    }
    out.extend_from_slice(&rejected[at..]);
    out
}

/// 1 for each word of both answers that the other does not have in its place, function words aside; else 0.
pub fn differing(chosen: &[u32], rejected: &[u32], vocabulary: &Vocabulary) -> [Vec<f32>; 2] {
    let function: Vec<u32> = FUNCTION_WORDS.iter().filter_map(|w| vocabulary.id(w)).collect();
    let mut marks = [vec![0.0; chosen.len()], vec![0.0; rejected.len()]];
    for change in changes(chosen, rejected) {
        for (side, text, span) in [(0, chosen, change.from), (1, rejected, change.to)] {
            span.filter(|i| !function.contains(&text[*i])).for_each(|i| marks[side][i] = 1.0);
        }
    }
    marks
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn worked_by_hand() {
        // keep 1 | 2 3 became 7 | keep 4 | 5 is gone | keep 6
        let (rejected, chosen) = ([1, 2, 3, 4, 5, 6], [1, 7, 4, 6]);
        let change = |from, to| Change { from, to };
        assert_eq!(changes(&rejected, &chosen), [change(1..3, 1..2), change(4..5, 3..3)]);
        assert_eq!(bridged(&chosen, &rejected), [1, 7, 4, 5, 6], "what was only left out stays");
        assert_eq!(bridged(&[1, 2, 3], &[1, 3]), [1, 2, 3], "nothing is worded differently");
        assert_eq!(bridged(&[1, 2], &[1, 2]), [1, 2]);
        assert_eq!(bridged(&[8, 9], &[]), [8, 9]);
    }

    #[test]
    fn function_words_do_not_count() {
        let words = Vocabulary::new(["write", "a", "letter", "the", "cry"]);
        let of = |text: &str| text.split(' ').filter_map(|w| words.id(w)).collect::<Vec<u32>>();
        assert_eq!(differing(&of("write a letter"), &of("cry the letter"), &words), [vec![1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0]]);
    }

    #[test]
    fn an_edited_loser_is_better_than_the_loser_on_average() {
        use crate::config::{RunConfig, Scenario};
        for scenario in [Scenario::TwoPopulations, Scenario::Shortcut, Scenario::Regions] {
            let data = super::super::build(&RunConfig::for_scenario(scenario), None).expect("data");
            let reward = data.reward.as_ref().expect("a reward");
            let n = data.train.len() as f32;
            let (mut means, mut same) = ([0.0_f32; 3], [0_usize; 2]);
            for pair in data.train.iter() {
                let edited = bridged(&pair.chosen, &pair.rejected);
                for (mean, text) in means.iter_mut().zip([&pair.rejected, &edited, &pair.chosen]) {
                    *mean += reward.score(pair.group, text) / n;
                }
                same[0] += usize::from(edited == pair.rejected);
                same[1] += usize::from(edited == pair.chosen);
            }
            println!("{scenario:?}: mean rewards {means:.2?} of losers, edited ones and winners; {} edits are the winner itself", same[1]);
            let text = |t: &[u32]| data.vocabulary.decode(t);
            let pair = &data.train[0];
            println!("  {} | {} | {}", text(&pair.rejected), text(&bridged(&pair.chosen, &pair.rejected)), text(&pair.chosen));
            assert_eq!(same[0], 0, "an edit changes something");
            assert!(means[0] < means[1] && same[1] < data.train.len(), "{means:?} {same:?}");
        }
    }

    proptest! {
        #[test]
        fn changes_turn_one_text_into_the_other(from in prop::collection::vec(0_u32..5, 0..20), to in prop::collection::vec(0_u32..5, 0..20)) {
            let all = changes(&from, &to);
            let (mut made, mut at) = (Vec::new(), 0);
            for c in &all {
                prop_assert!(!(c.from.is_empty() && c.to.is_empty()));
                made.extend_from_slice(&from[at..c.from.start]);
                made.extend_from_slice(&to[c.to.clone()]);
                at = c.from.end;
            }
            made.extend_from_slice(&from[at..]);
            prop_assert_eq!(&made, &to);
            // Every change of the edit is one of these, and the edit lies between the two: it comes nearer to `to`.
            let kept = |a: &[u32], b: &[u32]| a.len() - changes(a, b).iter().map(|c| c.from.len()).sum::<usize>();
            prop_assert!(kept(&bridged(&to, &from), &to) >= kept(&from, &to));
            prop_assert_eq!(kept(&from, &to), kept(&to, &from));
        }
    }
}
