//! Which pairs a step draws, and what each lane sees of them.

use super::plain::Drawn;
use super::table::Table;
use super::trainer::{Lanes, Trainer};
use crate::data::{PreferencePair, TokenBatch};
use crate::fused::cpu::lanes::LaneInput;
use crate::fused::cpu::rows::Rows;
use crate::objective::Given;
use crate::rng::{Stream, Streams};
use std::sync::Arc;

/// The batch order of lanes that share a seed: epochs without replacement.
pub(super) struct Order {
    pub(super) rng: Stream,
    pub(super) left: Vec<u32>,
}

impl Trainer {
    /// Draws each seed's next batch: `[pair]` indices per distinct seed.
    pub(super) fn draw(&mut self, n_pairs: usize) -> Vec<(u32, Vec<u32>)> {
        let batch = self.config.batch.min(n_pairs);
        self.orders.iter_mut().map(|(seed, order)| {
            let mut drawn = Vec::with_capacity(batch);
            while drawn.len() < batch {
                if order.left.is_empty() {
                    order.left = (0..n_pairs as u32).collect();
                    order.rng.shuffle(&mut order.left);
                }
                drawn.extend(order.left.pop());
            }
            (*seed, drawn)
        }).collect()
    }

    /// Whether the lanes have the pairs and are told only which.
    fn has_pairs(&self) -> bool {
        match self.policies {
            Lanes::Plain(_) | Lanes::Cpu(_) => false,
            #[cfg(feature = "gpu")]
            Lanes::Gpu(_) => true,
        }
    }

    /// The batches that lanes see, and which of them each lane does: one for each seed, and one for each seed and table.
    pub(super) fn token_batches(&self, drawn: &[(u32, Vec<u32>)], pairs: &[PreferencePair], reference: &[[f32; 2]]) -> Batches {
        let mut batches = Batches { seen: vec![], of: vec![], drawn: vec![] };
        let mut made: Vec<(usize, Option<&Arc<Table>>)> = Vec::new();
        for (lane, config) in self.lanes.iter().enumerate() {
            let place = drawn.iter().position(|(s, _)| *s == config.seed).unwrap_or(0);
            batches.drawn.push(place);
            if self.has_pairs() {
                continue;
            }
            let table = self.tables.get(lane).and_then(Option::as_ref);
            let same = |other: Option<&Arc<Table>>| match (other, table) {
                (None, None) => true,
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            };
            let known = made.iter().position(|(p, t)| *p == place && same(*t));
            batches.of.push(known.unwrap_or(made.len()));
            if known.is_none() {
                let (seed, ids) = &drawn[place];
                batches.seen.push(self.batch(*seed, ids, table, pairs, reference));
                made.push((place, table));
            }
        }
        batches
    }

    fn batch(&self, seed: u32, ids: &[u32], table: Option<&Arc<Table>>, pairs: &[PreferencePair], reference: &[[f32; 2]]) -> Seen {
        // A stream of its own for every step: a run that is resumed draws the same.
        let mut noise = Streams::new(u64::from(self.seed)).stream(&format!("noise/{seed}/{}", self.step));
        let noise = ids.iter().map(|_| (noise.uniform() as f32).clamp(1e-6, 0.999_999)).collect();
        if let Some(table) = table {
            let (tokens, given) = table.batch(ids, self.step, self.context, noise);
            return Seen { tokens, given };
        }
        let tokens = TokenBatch::from_pairs(ids.iter().map(|i| &pairs[*i as usize]), self.context);
        let counted = tokens.counted();
        let (chosen, rejected) = counted.split_at(ids.len());
        let side = |s: usize| ids.iter().map(|i| reference[*i as usize][s]).collect();
        let given = Given {
            reference: [side(0), side(1)],
            tokens: [chosen.to_vec(), rejected.to_vec()],
            soft: ids.iter().map(|i| pairs[*i as usize].confidence).collect(),
            noise,
            ..Given::default()
        };
        Seen { tokens, given }
    }
}

/// What is seen of one step.
pub(super) struct Batches {
    pub(super) seen: Vec<Seen>,
    /// Batch of each lane.
    of: Vec<usize>,
    /// Which of the seeds' draws each lane sees.
    drawn: Vec<usize>,
}

/// One batch as tokens, and what methods are given of it.
pub(super) struct Seen {
    tokens: TokenBatch,
    given: Given,
}

/// Each lane's view of what was drawn for its seed.
pub(super) fn see<'a>(drawn: &'a [(u32, Vec<u32>)], batches: &'a Batches, pairs: &'a [PreferencePair]) -> Drawn<'a> {
    Drawn {
        rows: batches.drawn.iter().map(|p| drawn[*p].1.as_slice()).collect(),
        tokens: batches.of.iter().map(|b| &batches.seen[*b].tokens).collect(),
        given: batches.of.iter().map(|b| &batches.seen[*b].given).collect(),
        pairs,
    }
}

/// The same for the fused passes: rows are laid out once a batch, however many lanes see it.
pub(super) fn with_rows<T>(batches: &[Seen], drawn: &Drawn<'_>, groups: usize, work: impl FnOnce(&[LaneInput<'_>]) -> T) -> T {
    let rows: Vec<Rows> = batches.iter().map(|b| Rows::new(&b.tokens)).collect();
    let inputs: Vec<LaneInput<'_>> = drawn.rows.iter().zip(&drawn.tokens).zip(&drawn.given).map(|((ids, tokens), given)| {
        let batch = batches.iter().position(|b| std::ptr::eq(&b.tokens, *tokens)).unwrap_or(0);
        LaneInput::new(&rows[batch], given, ids, drawn.pairs, groups)
    }).collect();
    work(&inputs)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::config::{LaneConfig, ModelConfig, PolicyKind, RunConfig, TrainConfig};
    use crate::policy::{LogLinear, Parameters, Policy};
    use burn::tensor::Device;

    /// Lanes of seeds 0, 5, 0, 9, on a table policy of 40 words.
    fn trainer(seed: u32, batch: usize) -> Trainer {
        let lanes = [0, 5, 0, 9].map(|seed| LaneConfig { seed, ..LaneConfig::new("dpo") }).to_vec();
        let model = ModelConfig { policy: PolicyKind::LogLinear, context: 8, ..ModelConfig::default() };
        let config = RunConfig { seed, lanes, model, train: TrainConfig { batch, ..TrainConfig::default() }, ..RunConfig::default() };
        let policy = LogLinear::new(40);
        let reference = Parameters::init(&policy.specs(), &mut Streams::new(1).stream("draw"), &Device::flex());
        Trainer::new(&config, &policy, &reference, 1, &Device::flex())
    }

    #[test]
    fn every_pair_comes_once_an_epoch_in_an_order_of_each_seed() {
        let mut trainer = trainer(1, 4);
        let mut orders = vec![Vec::new(); 3];
        for _ in 0..15 {
            let drawn = trainer.draw(10);
            assert_eq!(drawn.iter().map(|(seed, ids)| (*seed, ids.len())).collect::<Vec<_>>(), [(0, 4), (5, 4), (9, 4)]);
            orders.iter_mut().zip(drawn).for_each(|(order, (_, ids))| order.extend(ids));
        }
        for order in &orders {
            let epochs: Vec<Vec<u32>> = order.chunks(10).map(<[u32]>::to_vec).collect();
            assert_eq!(epochs.len(), 6);
            for epoch in &epochs {
                let mut sorted = epoch.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..10).collect::<Vec<u32>>());
            }
            assert!(epochs.windows(2).all(|w| w[0] != w[1]), "each epoch has an order of its own");
        }
        assert!(orders[0] != orders[1] && orders[1] != orders[2] && orders[0] != orders[2]);
        // More than there are is all of them.
        let mut wide = self::trainer(1, 16);
        let mut all = wide.draw(10).swap_remove(0).1;
        assert_ne!(all, (0..10).collect::<Vec<u32>>());
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<u32>>());
        assert_ne!(self::trainer(2, 16).draw(10), self::trainer(1, 16).draw(10));
    }

    #[test]
    fn lanes_see_the_batch_of_their_seed_or_of_their_table() {
        let mut trainer = trainer(1, 3);
        let pairs: Vec<PreferencePair> = (0..6).map(|i| PreferencePair {
            prompt: vec![10 + i], chosen: vec![20 + i; 1 + i as usize % 3], rejected: vec![30 + i], group: 0, flipped: false, confidence: 0.5 + 0.05 * i as f32,
        }).collect();
        let reference: Vec<[f32; 2]> = (0..6).map(|i| [-1.0 - i as f32, -100.0 - i as f32]).collect();
        let table = Arc::new(Table { pairs: pairs.clone(), reference: vec![vec![0.0, 0.5]; 6], of: (0..6).map(|i| vec![i]).collect(), ..Table::default() });
        trainer.set_table(2, table.clone());
        let drawn = vec![(0, vec![4, 0, 2]), (5, vec![1, 1, 3]), (9, vec![5, 4, 3])];
        let batches = trainer.token_batches(&drawn, &pairs, &reference);
        let seen = see(&drawn, &batches, &pairs);
        assert_eq!(seen.rows, [&[4, 0, 2][..], &[1, 1, 3], &[4, 0, 2], &[5, 4, 3]]);
        for (lane, ids) in [(0, [4_usize, 0, 2]), (1, [1, 1, 3]), (3, [5, 4, 3])] {
            assert_eq!(*seen.tokens[lane], TokenBatch::from_pairs(ids.iter().map(|i| &pairs[*i]), 8));
            let given = seen.given[lane];
            assert_eq!(given.reference, [ids.map(|i| -1.0 - i as f32).to_vec(), ids.map(|i| -100.0 - i as f32).to_vec()]);
            assert_eq!(given.tokens, [ids.map(|i| (2 + i % 3) as f32).to_vec(), vec![2.0; 3]]);
            assert_eq!(given.soft, ids.map(|i| 0.5 + 0.05 * i as f32));
        }
        assert_eq!(seen.given[2].reference, [vec![0.0; 3], vec![0.5; 3]], "its table's");
        // Draws are uniform in (0, 1), the same for lanes of one seed whatever they see, and others for every seed, step and run.
        let noise = |lane: usize| seen.given[lane].noise.clone();
        assert!((0..4).all(|lane| noise(lane).len() == 3 && noise(lane).iter().all(|u| (1e-6..=0.999_999).contains(u))));
        assert!(noise(0) == noise(2) && noise(0) != noise(1) && noise(1) != noise(3) && noise(0)[0] != noise(0)[1]);
        let again = |trainer: &Trainer| trainer.token_batches(&drawn, &pairs, &reference).seen[0].given.noise.clone();
        assert_eq!(again(&trainer), noise(0));
        let before = noise(0);
        trainer.step = 1;
        assert_ne!(again(&trainer), before);
        assert_ne!(again(&self::trainer(7, 3)), before);
    }
}
