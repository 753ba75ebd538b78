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
