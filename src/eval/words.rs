//! One pair token by token under every lane: what each token's probability has become, where WDPO's adversary pulls, and
//! what each policy writes for the pair's prompt.

use crate::config::{EvalConfig, LaneConfig};
use crate::data::vocabulary::{SEP, UNK};
use crate::data::{PreferencePair, TokenBatch};
use crate::fused::cpu::words::{Words, words};
use crate::fused::cpu::eval;
use crate::fused::layout::Layout;
use serde::Serialize;

/// One answer of a pair, as the policy reads it: `<bos> prompt <sep> answer <eos>`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ProbeSide {
    /// Token ids, `[token]`.
    pub tokens: Vec<u32>,
    /// First token of the answer; it and those after it have log-probabilities.
    pub answer: usize,
    /// log π_ref of each token of the answer, `[answer token]`, nats.
    pub reference: Vec<f32>,
    /// log π of the same under every lane, `[lane, answer token]`, nats.
    pub logps: Vec<f32>,
    /// Share of each token in the pair's ‖∇_e ℓ‖² (both answers' shares add to 1), `[lane, token]`; 0 in lanes whose
    /// adversary does not move words, and for the last token, which is only predicted.
    pub pull: Vec<f32>,
    /// The word that each token becomes first along the worst-case move, `[lane, token]`: see [`crossing`]. The token
    /// itself where there is none.
    pub becomes: Vec<u32>,
    /// How far the adversary moves the token over how far that word is off, `[lane, token]`: from 1 on it has become it.
    pub reach: Vec<f32>,
}

/// One pair under every lane at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Probe {
    /// Training steps done.
    pub step: usize,
    /// Index of the pair among the training pairs.
    pub pair: usize,
    /// The preferred answer.
    pub chosen: ProbeSide,
    /// The other answer.
    pub rejected: ProbeSide,
    /// What the reference writes for the prompt, token ids; random numbers are the same for all, and at every probe of this pair.
    pub reference_writes: Vec<u32>,
    /// What each lane writes, `[lane]`.
    pub writes: Vec<Vec<u32>>,
}

/// What a probe looks at.
pub struct Look<'a> {
    /// Where parameters lie.
    pub layout: &'a Layout,
    /// The reference policy.
    pub reference: &'a [f32],
    /// The policies.
    pub lanes: &'a [Vec<f32>],
    /// Their methods.
    pub configs: &'a [LaneConfig],
    /// The pair.
    pub pair: &'a PreferencePair,
    /// Mean ‖∇_e ℓ‖² of the last batch that was measured, `[lane]`; 0 where there is none, and the pair then counts as the batch.
    pub mean_sq: &'a [f32],
    /// Gumbel noise for one prompt, as [`crate::policy::sampling::gumbel`] draws it.
    pub noise: &'a [f32],
    /// How to write.
    pub eval: &'a EvalConfig,
}

/// The first word that a token becomes when its embedding goes along `gradient`, and how far off that is.
///
/// The move e + t·g/‖g‖ leaves the region in which the token's own embedding E_w is the nearest of all when it passes
/// halfway to some E_v, at t = ‖E_v − E_w‖² / (2 (E_v − E_w)·g/‖g‖). The word is the v with the least t > 0. Special
/// tokens are nobody's neighbor. `None` where the gradient is 0 or leads away from every word.
pub fn crossing(layout: &Layout, params: &[f32], token: u32, gradient: &[f32]) -> Option<(u32, f32)> {
    let d = layout.shape.width;
    let row = |v: usize| &params[layout.wte + v * d..][..d];
    let own = row(token as usize);
    let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
    let mut best = None;
    for v in (UNK as usize + 1..layout.shape.vocabulary).filter(|v| *v != token as usize) {
        let (mut along, mut apart) = (0.0, 0.0);
        for ((to, from), g) in row(v).iter().zip(own).zip(gradient) {
            along += (to - from) * g;
            apart += (to - from) * (to - from);
        }
        let t = apart * norm / (2.0 * along);
        if along > 0.0 && t.is_finite() && best.is_none_or(|(_, least)| t < least) {
            best = Some((v as u32, t));
        }
    }
    best
}

/// How far WDPO's adversary moves a pair's embeddings per unit of its gradient: algorithm 1's worst case within
/// √(mean ‖δ‖²) ≤ ρ is δ = ρ g / √(mean ‖g‖²); appendix F's penalty ρ‖g‖² is what g·δ − ‖δ‖²/(4ρ) comes to at δ = 2ρ g.
fn move_per_gradient(config: &LaneConfig, mean_sq: f32) -> f32 {
    let rho = config.param("rho") as f32;
    if config.form_id() == "appendix_f" { 2.0 * rho } else { rho / mean_sq.max(f32::MIN_POSITIVE).sqrt() }
}

/// Looks at a pair. ([`Probe::step`] and [`Probe::pair`] are the caller's to fill in.)
pub fn probe(look: &Look<'_>) -> Probe {
    let Look { layout, reference, lanes, configs, pair, .. } = *look;
    let batch = TokenBatch::from_pairs([pair], layout.shape.context);
    let before = words(layout, reference, &batch, None);
    let sum = |w: &Words, side: usize| w.logp[side].iter().sum::<f32>();
    let mut sides = [0, 1].map(|side| side_of(&batch, side, &before.logp[side]));
    for (lane, (params, config)) in lanes.iter().zip(configs).enumerate() {
        let moves = crate::objective::find(&config.method).is_some_and(|o| o.info().needs_embedding_gradient);
        let beta = config.param("beta") as f32;
        // ∂ℓ/∂h = −β σ(−βh); h is the first sequence's log-ratio less the second's.
        let slopes = |sums: &[f32]| {
            let h = (sums[0] - sum(&before, 0)) - (sums[1] - sum(&before, 1));
            let slope = -beta / (1.0 + (beta * h).exp());
            vec![slope, -slope]
        };
        let found = words(layout, params, &batch, if moves { Some(&slopes) } else { None });
        let total: f32 = found.gradient.iter().flatten().map(|g| g * g).sum();
        let known = look.mean_sq.get(lane).copied().filter(|v| *v > 0.0);
        let scale = if moves { move_per_gradient(config, known.unwrap_or(total)) } else { 0.0 };
        for (s, side) in sides.iter_mut().enumerate() {
            side.logps.extend(&found.logp[s]);
            for (i, token) in side.tokens.iter().enumerate() {
                let g = found.gradient.get(s).and_then(|g| g.chunks_exact(layout.shape.width).nth(i)).unwrap_or(&[]);
                let sq: f32 = g.iter().map(|g| g * g).sum();
                let there = if sq > 0.0 { crossing(layout, params, *token, g) } else { None };
                side.pull.push(if sq > 0.0 { sq / total } else { 0.0 });
                side.becomes.push(there.map_or(*token, |(v, _)| v));
                side.reach.push(there.map_or(0.0, |(_, t)| scale * sq.sqrt() / t));
            }
        }
    }
    let everyone: Vec<&[f32]> = lanes.iter().map(Vec::as_slice).chain([reference]).collect();
    let mut writes: Vec<Vec<u32>> = eval::sample(layout, &everyone, std::slice::from_ref(&pair.prompt), look.noise, look.eval)
        .into_iter().map(|mut texts| texts.swap_remove(0)).collect();
    let reference_writes = writes.pop().unwrap_or_default();
    let [chosen, rejected] = sides;
    Probe { step: 0, pair: 0, chosen, rejected, reference_writes, writes }
}

/// One answer's tokens up to the last that counts, with the reference's log-probabilities.
fn side_of(batch: &TokenBatch, side: usize, reference: &[f32]) -> ProbeSide {
    let row = &batch.tokens[side * batch.context..][..batch.context];
    let mask = &batch.loss_mask[side * batch.context..][..batch.context];
    let end = mask.iter().rposition(|m| *m > 0.0).map_or(0, |last| last + 2);
    let answer = row.iter().position(|t| *t == SEP).map_or(0, |at| at + 1);
    ProbeSide {
        tokens: row[..end].to_vec(), answer, reference: reference.to_vec(), logps: vec![], pull: vec![], becomes: vec![], reach: vec![],
    }
}
