//! Batches as the kernels read them: only rows that matter, packed.
//!
//! A sequence's rows end at its last position that counts (attention is causal), rounded up to 4 so that four neighbors
//! share a sequence. From the last block's attention on only rows that count matter, in aligned fours: the counted rows.

use super::device::bytes;

/// Words of one lane's record in the feed.
pub const LANE: usize = 32;
/// Where a lane's record has its method's numbers.
pub const LANE_PARAMS: usize = 8;
/// Words before the lanes.
pub const HEADER: usize = 16;
const NONE: u32 = u32::MAX;

/// Sizes that every batch of a pass shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Rows, a multiple of 32.
    pub rows: usize,
    /// Sequences.
    pub sequences: usize,
    /// T.
    pub context: usize,
    /// V.
    pub vocabulary: usize,
}

/// One sequence: its tokens and where the next token counts.
pub type Sequence<'a> = (&'a [u32], &'a [f32]);

impl Room {
    /// Room for `sequences` of full length.
    pub fn new(sequences: usize, context: usize, vocabulary: usize) -> Self {
        let rows = (sequences * context.next_multiple_of(4)).next_multiple_of(super::matmul::Tiles::ROWS);
        Self { rows, sequences, context, vocabulary }
    }

    /// Words of one batch.
    pub fn words(&self) -> usize {
        11 + 6 * self.rows + 3 * self.sequences + self.vocabulary + self.sequences / 2 * 4
    }

    /// Lays a batch out into `out` (zeroed). `reference` is `[sequence]`, `groups` `[pair]`, `given` `[3·pair]`: soft labels, then
    /// tokens of chosen and rejected answers. Returns the numbers of rows
    /// and of counted rows.
    pub fn fill(&self, out: &mut [u32], sequences: &[Sequence<'_>], reference: &[f32], groups: &[u32], given: &[f32]) -> [u32; 2] {
        let (r, n) = (self.rows, self.sequences);
        let (token, place, row_of, counted_of, target, sorted) = (8, 8 + r, 8 + 2 * r, 8 + 3 * r, 8 + 4 * r, 8 + 5 * r);
        let (first_row, first_counted, first_sorted) = (8 + 6 * r, 9 + 6 * r + n, 10 + 6 * r + 2 * n);
        let (mut rows, mut counted) = (0, 0);
        let last = self.vocabulary as u32 - 1;
        for (i, (tokens, mask)) in sequences.iter().enumerate() {
            out[first_row + i] = rows as u32;
            out[first_counted + i] = counted as u32;
            let counts = |t: usize| mask.get(t).is_some_and(|m| *m != 0.0);
            let len = (0..mask.len()).rev().find(|t| counts(*t)).map_or(0, |t| t + 1);
            let first = (0..len).find(|t| counts(*t)).unwrap_or(0) & !3;
            for t in 0..len.next_multiple_of(4) {
                let id = tokens.get(t).copied().unwrap_or(0).min(last);
                out[token + rows] = id;
                out[place + rows] = (i as u32) << 16 | t as u32;
                out[counted_of + rows] = NONE;
                if t < len {
                    out[first_sorted + 1 + id as usize] += 1;
                }
                if t >= first {
                    out[counted_of + rows] = counted as u32;
                    out[row_of + counted] = rows as u32;
                    let next = tokens.get(t + 1).copied().unwrap_or(0).min(last);
                    out[target + counted] = next | u32::from(counts(t)) << 31;
                    counted += 1;
                }
                rows += 1;
            }
        }
        for i in sequences.len()..=n {
            out[first_row + i] = rows as u32;
            out[first_counted + i] = counted as u32;
        }
        for v in 0..self.vocabulary {
            out[first_sorted + v + 1] += out[first_sorted + v];
        }
        let mut next: Vec<u32> = out[first_sorted..first_sorted + self.vocabulary].to_vec();
        for row in 0..rows {
            let t = (out[place + row] & 0xffff) as usize;
            let (_, mask) = sequences[(out[place + row] >> 16) as usize];
            // Rows behind the last that counts have no gradient.
            if mask.iter().skip(t).any(|m| *m != 0.0) {
                let slot = &mut next[out[token + row] as usize];
                out[sorted + *slot as usize] = row as u32;
                *slot += 1;
            }
        }
        let reference_at = 11 + 6 * r + 2 * n + self.vocabulary;
        for (to, v) in out[reference_at..reference_at + n].iter_mut().zip(reference) {
            *to = v.to_bits();
        }
        out[reference_at + n..reference_at + n + n / 2].iter_mut().zip(groups).for_each(|(to, g)| *to = *g);
        out[reference_at + n + n / 2..].iter_mut().zip(given).for_each(|(to, v)| *to = v.to_bits());
        (out[0], out[1]) = (rows as u32, counted as u32);
        [rows as u32, counted as u32]
    }
}

/// The feed: header, lanes, batches, written with one transfer a step.
pub struct Feed {
    words: Vec<u32>,
    lanes: usize,
    room: Room,
    batches: usize,
    /// Most rows, and most counted rows, of any batch.
    pub counts: [u32; 2],
}

impl Feed {
    /// For `lanes` lanes whose parameters take `stride` words each.
    pub fn new(lanes: usize, room: Room, stride: usize) -> Self {
        let mut words = vec![0; HEADER + lanes * LANE];
        words[4] = (HEADER + lanes * LANE) as u32;
        words[5] = room.words() as u32;
        words[6] = stride as u32;
        Self { words, lanes, room, batches: 0, counts: [0, 0] }
    }

    /// Words that a feed may come to.
    pub fn capacity(lanes: usize, room: &Room) -> usize {
        HEADER + lanes * (LANE + room.words())
    }

    /// Forgets the batches of the step before.
    pub fn clear(&mut self) {
        self.words.truncate(HEADER + self.lanes * LANE);
        (self.batches, self.counts) = (0, [0, 0]);
    }

    /// Adds a batch; returns its place.
    pub fn push(&mut self, sequences: &[Sequence<'_>], reference: &[f32], groups: &[u32], given: &[f32]) -> u32 {
        let at = self.words.len();
        self.words.resize(at + self.room.words(), 0);
        let counts = self.room.fill(&mut self.words[at..], sequences, reference, groups, given);
        self.counts = [self.counts[0].max(counts[0]), self.counts[1].max(counts[1])];
        self.batches += 1;
        self.batches as u32 - 1
    }

    /// Header word `i`.
    pub fn header(&mut self, i: usize, value: u32) {
        self.words[i] = value;
    }

    /// A lane's record.
    pub fn lane(&mut self, lane: usize) -> &mut [u32] {
        let at = HEADER + lane * LANE;
        &mut self.words[at..at + LANE]
    }

    /// Adds a batch whose rows are sequences of their own, all at position 0; every row counts.
    pub fn push_rows(&mut self, tokens: &[u32]) {
        let at = self.words.len();
        self.words.resize(at + self.room.words(), 0);
        let batch = &mut self.words[at..];
        (batch[0], batch[1]) = (tokens.len() as u32, tokens.len() as u32);
        batch[8..8 + tokens.len()].copy_from_slice(tokens);
        let row_of = 8 + 2 * self.room.rows;
        (0..tokens.len()).for_each(|i| batch[row_of + i] = i as u32);
        self.batches += 1;
    }

    /// Words at which batch `batch` has its tokens and its places.
    pub fn row_sections(&self, batch: usize) -> (usize, usize) {
        let at = HEADER + self.lanes * LANE + batch * self.room.words() + 8;
        (at, at + self.room.rows)
    }

    /// Counted rows of a sequence of batch `batch`.
    pub fn counted(&self, batch: usize, sequence: usize) -> std::ops::Range<usize> {
        let at = HEADER + self.lanes * LANE + batch * self.room.words() + 9 + 6 * self.room.rows + self.room.sequences + sequence;
        self.words[at] as usize..self.words[at + 1] as usize
    }

    /// As bytes.
    pub fn bytes(&self) -> Vec<u8> {
        bytes::of(&self.words)
    }
}
