//! Token sequences laid out for a policy: `[BOS] prompt [SEP] completion [EOS] PAD …`.

use super::PreferencePair;
use super::vocabulary::{BOS, EOS, PAD, SEP};

/// Sequences of one length with the positions that count.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenBatch {
    /// Token ids, `[sequence, context]`.
    pub tokens: Vec<u32>,
    /// 1 where the token *at the next position* belongs to the completion (or is its EOS), `[sequence, context]`.
    pub loss_mask: Vec<f32>,
    /// Sequences.
    pub sequences: usize,
    /// T.
    pub context: usize,
}

impl TokenBatch {
    /// An empty batch for sequences of `context` tokens.
    pub fn new(context: usize) -> Self {
        Self { tokens: Vec::new(), loss_mask: Vec::new(), sequences: 0, context }
    }

    /// Appends one sequence. A prompt that is too long loses its beginning, a completion its end.
    pub fn push(&mut self, prompt: &[u32], completion: &[u32]) {
        let row = layout(prompt, completion, self.context);
        let completion_start = row.iter().position(|t| *t == SEP).unwrap_or(0) + 1;
        let length = row.len();
        self.loss_mask.extend((0..self.context).map(|t| f32::from(t + 1 >= completion_start && t + 1 < length)));
        self.tokens.extend(row.into_iter().chain(std::iter::repeat(PAD)).take(self.context));
        self.sequences += 1;
    }

    /// Positions that count in each sequence: the tokens of its completion, the end included.
    pub fn counted(&self) -> Vec<f32> {
        self.loss_mask.chunks_exact(self.context.max(1)).map(|mask| mask.iter().sum()).collect()
    }

    /// Pairs as `[2B, T]`: all chosen sequences, then all rejected ones.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = &'a PreferencePair> + Clone, context: usize) -> Self {
        let mut batch = Self::new(context);
        for pair in pairs.clone() {
            batch.push(&pair.prompt, &pair.chosen);
        }
        for pair in pairs {
            batch.push(&pair.prompt, &pair.rejected);
        }
        batch
    }
}

/// `[BOS] prompt [SEP]`, ready to be continued; keeps the end of a prompt that is too long.
pub fn prompt_tokens(prompt: &[u32], context: usize) -> Vec<u32> {
    // At least a quarter of the context is left for the answer.
    let room = (context - context / 4).saturating_sub(2).max(1);
    let kept = &prompt[prompt.len().saturating_sub(room)..];
    [BOS].into_iter().chain(kept.iter().copied()).chain([SEP]).collect()
}

fn layout(prompt: &[u32], completion: &[u32], context: usize) -> Vec<u32> {
    let mut row = prompt_tokens(prompt, context);
    let room = context.saturating_sub(row.len());
    if completion.len() < room {
        row.extend(completion);
        row.push(EOS);
    } else {
        row.extend(&completion[..room]); // cut: no EOS, the answer did not end here
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_covers_completion_and_eos() {
        let mut b = TokenBatch::new(8);
        b.push(&[10, 11], &[20, 21]);
        assert_eq!(b.tokens, [BOS, 10, 11, SEP, 20, 21, EOS, PAD]);
        assert_eq!(b.loss_mask, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn long_text_is_cut_at_both_ends() {
        let mut b = TokenBatch::new(8);
        b.push(&[10, 11, 12, 13, 14, 15], &[20, 21, 22]);
        assert_eq!(b.tokens, [BOS, 12, 13, 14, 15, SEP, 20, 21]);
        assert_eq!(b.loss_mask, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }
}
