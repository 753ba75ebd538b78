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

    #[test]
    fn prompts_without_pairs_borrow_from_the_next() {
        let table = Table { of: vec![vec![], vec![0, 1], vec![], vec![2]], ..Table::default() };
        assert_eq!((0..4).map(|id| table.stand_in(id, 0)).collect::<Vec<_>>(), [0, 0, 2, 2]);
        assert_eq!((0..4).map(|id| table.stand_in(id, 1)).collect::<Vec<_>>(), [1, 1, 2, 2]);
    }
}
