//! The positions of a batch that matter, sequence after sequence.

use crate::data::TokenBatch;

/// The rows of a batch.
#[derive(Default)]
pub struct Rows {
    /// First row of each sequence, then the number of rows.
    pub starts: Vec<usize>,
    /// Token of each row.
    pub tokens: Vec<u32>,
    /// Rows whose prediction counts.
    pub counted: Vec<usize>,
    /// What they should predict.
    pub targets: Vec<u32>,
    /// First counted row of each sequence (an index into `counted`), then their number.
    pub counted_starts: Vec<usize>,
}

impl Rows {
    /// The rows of `batch`.
    pub fn new(batch: &TokenBatch) -> Self {
        let t = batch.context;
        let mut rows = Self { starts: vec![0], counted_starts: vec![0], ..Self::default() };
        for (tokens, mask) in batch.tokens.chunks_exact(t).zip(batch.loss_mask.chunks_exact(t)) {
            let len = mask.iter().rposition(|m| *m > 0.0).map_or(0, |last| last + 1);
            let first = rows.tokens.len();
            rows.tokens.extend(&tokens[..len]);
            for i in (0..len).filter(|i| mask[*i] > 0.0) {
                rows.counted.push(first + i);
                rows.targets.push(tokens[i + 1]);
            }
            rows.starts.push(rows.tokens.len());
            rows.counted_starts.push(rows.counted.len());
        }
        rows
    }

    /// Rows in all.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Sequences.
    pub fn sequences(&self) -> usize {
        self.starts.len() - 1
    }

    /// Sums of `per_row` (one value per counted row) over each sequence.
    pub fn sums(&self, per_row: &[f32]) -> Vec<f32> {
        self.counted_starts.windows(2).map(|w| per_row[w[0]..w[1]].iter().sum()).collect()
    }

    /// Values of the counted rows among those of all positions, `[sequence × T]`.
    pub fn counted_of(&self, positions: &[f32]) -> Vec<f32> {
        let context = positions.len() / self.sequences().max(1);
        (0..self.sequences()).flat_map(|s| self.counted[self.counted_starts[s]..self.counted_starts[s + 1]].iter().map(move |row| (s, row)))
            .map(|(s, row)| positions[s * context + row - self.starts[s]]).collect()
    }

    /// The value of each counted row's sequence.
    pub fn spread(&self, per_sequence: &[f32]) -> Vec<f32> {
        self.counted_starts.windows(2).zip(per_sequence).flat_map(|(w, v)| std::iter::repeat_n(*v, w[1] - w[0])).collect()
    }
}
