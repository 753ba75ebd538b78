//! A lane's own pairs: made of samples, with further sequences, or with further references.

use crate::data::{Example, PreferencePair, TokenBatch};
use crate::objective::Given;

/// The pairs that one lane trains on instead of the run's, in the order of the run's prompts.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The pairs.
    pub pairs: Vec<PreferencePair>,
    /// Further sequences of each pair, the same number for every one.
    pub further: Vec<Vec<Example>>,
    /// The reference's log-probabilities: chosen, rejected, further ones; `[pair]`, nats.
    pub reference: Vec<Vec<f32>>,
    /// Rewards in the same order; empty where the method does not look at them.
    pub rewards: Vec<Vec<f32>>,
    /// Log-probabilities of both answers under further references, `[reference][pair]`.
    pub others: Vec<Vec<[f32; 2]>>,
    /// The reference's log-probabilities of the tokens that count, of both answers of each pair; empty where the method weighs no tokens.
    pub token_reference: Vec<[Vec<f32>; 2]>,
    /// Of the same tokens, 1 where the two answers differ, else 0.
    pub differs: Vec<[Vec<f32>; 2]>,
    /// Own pairs of each of the run's training pairs, by its prompt. At least one is not empty.
    pub of: Vec<Vec<u32>>,
}

impl Table {
    /// The own pair that stands for the run's pair `id` at this step: that prompt's pairs in turn; where it has none, the next
    /// prompt's that has some. So every lane sees the same prompts in the same order, as far as it can.
    pub fn stand_in(&self, id: u32, step: usize) -> u32 {
        let n = self.of.len();
        (0..n).map(|i| &self.of[(id as usize + i) % n]).find(|own| !own.is_empty()).map_or(0, |own| own[step % own.len()])
    }

    /// The batch that stands for the run's pairs `ids`.
    pub fn batch(&self, ids: &[u32], step: usize, context: usize, noise: Vec<f32>) -> (TokenBatch, Given) {
        let own: Vec<usize> = ids.iter().map(|id| self.stand_in(*id, step) as usize).collect();
        let mut tokens = TokenBatch::from_pairs(own.iter().map(|i| &self.pairs[*i]), context);
        let further = self.further.first().map_or(0, Vec::len);
        for slot in 0..further {
            own.iter().map(|i| &self.further[*i][slot]).for_each(|e| tokens.push(&e.prompt, &e.completion));
        }
        let counted = tokens.counted();
        let column = |slot: usize| own.iter().map(|i| self.reference[*i][slot]).collect::<Vec<f32>>();
        let n = ids.len();
        let rewards = self.rewards.first().map_or(0, Vec::len);
        let placed = |values: &[[Vec<f32>; 2]]| if values.is_empty() { vec![] } else { place(&tokens, own.iter().map(|i| &values[*i])) };
        let given = Given {
            reference: [column(0), column(1)],
            tokens: [counted[..n].to_vec(), counted[n..2 * n].to_vec()],
            soft: own.iter().map(|i| self.pairs[*i].confidence).collect(),
            noise,
            others: self.others.iter().map(|r| [0, 1].map(|side| own.iter().map(|i| r[*i][side]).collect())).collect(),
            extra_reference: (0..further).map(|slot| column(2 + slot)).collect(),
            token_reference: placed(&self.token_reference),
            differs: placed(&self.differs),
            rewards: (0..rewards).map(|slot| own.iter().map(|i| self.rewards[*i][slot]).collect()).collect(),
        };
        (tokens, given)
    }
}

/// Values of both answers' tokens in the places of `batch` that count, chosen answers first.
fn place<'a>(batch: &TokenBatch, pairs: impl Iterator<Item = &'a [Vec<f32>; 2]> + Clone) -> Vec<f32> {
    let mut out = vec![0.0; batch.loss_mask.len()];
    let sequences = [0, 1].into_iter().flat_map(|side| pairs.clone().map(move |p| &p[side]));
    for (i, values) in sequences.enumerate() {
        let counted = (i * batch.context..(i + 1) * batch.context).filter(|at| batch.loss_mask[*at] > 0.0);
        counted.zip(values).for_each(|(at, v)| out[at] = *v);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::vocabulary::{BOS, EOS, PAD, SEP};

    #[test]
    fn prompts_without_pairs_borrow_from_the_next() {
        let table = Table { of: vec![vec![], vec![0, 1], vec![], vec![2]], ..Table::default() };
        assert_eq!((0..4).map(|id| table.stand_in(id, 0)).collect::<Vec<_>>(), [0, 0, 2, 2]);
        assert_eq!((0..4).map(|id| table.stand_in(id, 1)).collect::<Vec<_>>(), [1, 1, 2, 2]);
        // Its own pairs come in turn, and the last prompt borrows from the first.
        let table = Table { of: vec![vec![4, 5, 6], vec![]], ..Table::default() };
        assert_eq!((0..7).map(|step| table.stand_in(0, step)).collect::<Vec<_>>(), [4, 5, 6, 4, 5, 6, 4]);
        assert_eq!((0..4).map(|step| table.stand_in(1, step)).collect::<Vec<_>>(), [4, 5, 6, 4]);
    }

    /// Three pairs with two further texts each, and every number its own.
    fn table() -> Table {
        let pair = |i: u32| PreferencePair { prompt: vec![10 + i], chosen: vec![20 + i; 1 + i as usize], rejected: vec![30 + i], group: 0, flipped: false, confidence: 0.5 + 0.1 * i as f32 };
        let text = |i: u32, slot: u32| Example { prompt: vec![10 + i], completion: vec![40 + 10 * slot + i; 2] };
        let number = |of: usize, i: usize| (100 * of + i) as f32;
        // The chosen answer's tokens and its end; of the rejected one a place less, as of an answer that was cut.
        let tokens = |of: usize| (0..3).map(|i| [(0..2 + i).map(|t| number(of, 10 * i + t)).collect(), vec![number(of, 10 * i + 9)]]).collect();
        Table {
            pairs: (0..3).map(pair).collect(), further: (0..3).map(|i| vec![text(i, 0), text(i, 1)]).collect(),
            reference: (0..3).map(|i| (0..4).map(|column| number(1 + column, i)).collect()).collect(), rewards: (0..3).map(|i| (0..3).map(|column| number(11 + column, i)).collect()).collect(),
            others: (0..2).map(|k| (0..3).map(|i| [number(21 + k, i), number(31 + k, i)]).collect()).collect(), token_reference: tokens(50), differs: tokens(60),
            of: vec![vec![0, 1], vec![2]],
        }
    }

    #[test]
    fn a_batch_holds_what_the_table_says_of_each_of_its_pairs() {
        for (step, own) in [(0, [2_usize, 0]), (1, [2, 1])] {
            let (tokens, given) = table().batch(&[1, 0], step, 8, vec![0.25, 0.75]);
            // Chosen, rejected, then the further texts slot by slot.
            let row = |prompt: usize, answer: Vec<u32>| {
                let mut row = [&[BOS, 10 + prompt as u32, SEP][..], &answer, &[EOS]].concat();
                row.resize(8, PAD);
                row
            };
            let rows: Vec<u32> = [
                own.map(|i| row(i, vec![20 + i as u32; 1 + i])), own.map(|i| row(i, vec![30 + i as u32])), own.map(|i| row(i, vec![40 + i as u32; 2])), own.map(|i| row(i, vec![50 + i as u32; 2])),
            ].concat().concat();
            assert_eq!((tokens.sequences, &tokens.tokens), (8, &rows));
            let column = |of: usize| own.map(|i| (100 * of + i) as f32).to_vec();
            assert_eq!(given.reference, [column(1), column(2)]);
            assert_eq!(given.extra_reference, [column(3), column(4)]);
            assert_eq!(given.rewards, [column(11), column(12), column(13)]);
            assert_eq!(given.others, [[column(21), column(31)], [column(22), column(32)]]);
            assert_eq!(given.tokens, [own.map(|i| 2.0 + i as f32).to_vec(), vec![2.0; 2]]);
            assert_eq!(given.soft, own.map(|i| 0.5 + 0.1 * i as f32));
            assert_eq!(given.noise, [0.25, 0.75]);
            // Each token's number where its probability is: the answer begins after the third place.
            for (placed, of) in [(&given.token_reference, 50), (&given.differs, 60)] {
                let mut expected = vec![0.0; 8 * 8];
                for (at, i) in own.into_iter().enumerate() {
                    (0..2 + i).for_each(|t| expected[8 * at + 2 + t] = (100 * of + 10 * i + t) as f32);
                    expected[8 * (2 + at) + 2] = (100 * of + 10 * i + 9) as f32;
                }
                assert_eq!(*placed, expected);
            }
        }
        // What a method does not look at is not there.
        let (tokens, given) = Table { further: vec![], rewards: vec![], others: vec![], token_reference: vec![], differs: vec![], ..table() }.batch(&[0], 0, 8, vec![0.5]);
        assert!(tokens.sequences == 2 && given.extra_reference.is_empty() && given.rewards.is_empty() && given.others.is_empty());
        assert!(given.token_reference.is_empty() && given.differs.is_empty() && given.reference == [vec![100.0], vec![200.0]]);
    }
}
