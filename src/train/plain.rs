//! Lanes over Burn's tensors and autodiff: the readable version, for every policy on every device.
//!
//! Lanes that need only first derivatives form one stack, WDPO's lanes another, since they need a tangent pass.
//! Inside a stack, lanes of one method are neighbors and are weighed together.

use super::adamw::{AdamW, Rates};
use super::keep::Copies;
use super::state::LaneState;
use super::measured::read_f32;
use crate::order;
use crate::config::LaneConfig;
use crate::data::{PreferencePair, TokenBatch};
use crate::error::{Error, ErrorCode, Result};
use crate::objective::{self, Batch, Given, Judged, Need, Objective, Pairs, Params, dpo_losses, dpo_slopes};
use crate::policy::{Parameters, Perturbation, Policy, TokenTensors};
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Lanes of one method and form inside a stack.
pub(super) struct Segment {
    objective: &'static dyn Objective,
    form: String,
    pub(super) rows: Range<usize>,
    params: Params,
    pub(super) state: Option<Tensor<2>>,
}

/// Lanes that are stepped together.
pub(super) struct Stack {
    /// Position of each row in the run's list of lanes.
    pub(super) lanes: Vec<usize>,
    pub(super) params: Parameters,
    pub(super) optimizer: AdamW,
    pub(super) segments: Vec<Segment>,
    tangent: bool,
    pub(super) copies: Copies,
}

/// Gradients of one stack and what was measured on the way.
struct Backward {
    grads: Vec<Tensor<3>>,
    /// `[row, 6·pair + 3]`
    measured: Tensor<2>,
}

/// Every lane, in stacks.
pub(super) struct PlainLanes {
    pub(super) stacks: Vec<Stack>,
    groups: usize,
    pub(super) device: Device,
}

/// What all lanes see of one step.
pub(super) struct Drawn<'a> {
    /// Batch of each lane: pair indices.
    pub rows: Vec<&'a [u32]>,
    /// The same as tokens.
    pub tokens: Vec<&'a TokenBatch>,
    /// Every training pair.
    pub pairs: &'a [PreferencePair],
    /// What methods are given of each lane's batch.
    pub given: Vec<&'a Given>,
}

impl PlainLanes {
    /// Every lane of `configs` starts at `reference` (one lane).
    pub fn new(configs: &[LaneConfig], policy: &dyn Policy, reference: &Parameters, groups: usize, device: &Device) -> Self {
        let mut order: Vec<usize> = (0..configs.len()).collect();
        let key = |i: &usize| {
            let lane = &configs[*i];
            let place = objective::OBJECTIVES.iter().position(|o| o.info().id == lane.method).unwrap_or(0);
            let objective = objective::OBJECTIVES[place];
            // Lanes with batches of their own shape are stacked by themselves.
            let references = objective.info().params.iter().find(|p| p.id == "references").map_or(0, |p| lane.param(p.id) as usize);
            let apart = if objective.info().own_data() { [1 + place, objective.further(lane), references] } else { [0; 3] };
            ((objective.info().needs_embedding_gradient, apart), place, lane.form_id().to_string())
        };
        order::sort(&mut order, |a, b| key(a).cmp(&key(b))); // lanes of one method keep their order
        let mut stacks = Vec::new();
        let mut kinds: Vec<(bool, [usize; 3])> = order.iter().map(|i| key(i).0).collect();
        kinds.dedup(); // `order` is sorted by them
        for kind in kinds {
            let tangent = kind.0;
            let lanes: Vec<usize> = order.iter().copied().filter(|i| key(i).0 == kind).collect();
            let params = reference.repeat(lanes.len());
            let optimizer = AdamW::new(&policy.specs(), &params);
            let segments = segments(&lanes, configs, device);
            stacks.push(Stack { lanes, params, optimizer, segments, tangent, copies: Copies::default() });
        }
        Self { stacks, groups, device: device.clone() }
    }

    /// Replaces hyperparameters. Methods and forms must stay as they are.
    pub fn set_lanes(&mut self, lanes: &[LaneConfig]) {
        for stack in &mut self.stacks {
            for segment in &mut stack.segments {
                segment.params = params_of(segment.objective, &stack.lanes[segment.rows.clone()], lanes, &self.device);
            }
        }
    }

    /// The policies in the run's order of lanes.
    pub fn policies(&self) -> Parameters {
        let stacked = Parameters::cat(&self.stacks.iter().map(|s| s.params.clone()).collect::<Vec<_>>());
        stacked.select(&self.places())
    }

    /// Puts other policies into the lanes, in the run's order.
    pub fn load(&mut self, lanes: &Parameters) {
        self.stacks.iter_mut().for_each(|s| s.params = lanes.select(&s.lanes));
    }

    /// Every lane as it is, in the run's order.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn states(&self) -> Result<Vec<LaneState>> {
        let mut out = vec![LaneState::default(); self.places().len()];
        for stack in &self.stacks {
            let (params, first) = (flat(&stack.params.0).await?, flat(&stack.optimizer.first).await?);
            let second = flat(&stack.optimizer.second).await?;
            let mut methods = vec![None; stack.lanes.len()];
            for segment in &stack.segments {
                if let Some(state) = &segment.state {
                    let width = state.dims()[1];
                    let values = read_f32(state.clone()).await?;
                    segment.rows.clone().zip(values.chunks_exact(width)).for_each(|(row, v)| methods[row] = Some(v.to_vec()));
                }
            }
            let parts = params.into_iter().zip(first).zip(second).zip(methods).zip(&stack.optimizer.steps);
            for (lane, ((((params, first), second), method), steps)) in stack.lanes.iter().zip(parts) {
                out[*lane] = LaneState { params, first, second, steps: *steps, method };
            }
        }
        Ok(out)
    }

    /// Goes on from `states`, in the run's order, whose vectors fit the policy.
    ///
    /// # Errors
    /// Where lanes of one method keep differently much; nothing is changed then.
    pub fn restore(&mut self, states: &[LaneState]) -> Result<()> {
        let methods = self.stacks.iter().flat_map(|stack| stack.segments.iter().map(|segment| {
            let kept: Vec<&Option<Vec<f32>>> = stack.lanes[segment.rows.clone()].iter().map(|l| &states[*l].method).collect();
            let width = kept[0].as_ref().map(Vec::len);
            if kept.iter().any(|k| k.as_ref().map(Vec::len) != width) {
                let message = format!("checkpoint: lanes of {} keep differently much", segment.objective.info().id);
                return Err(Error::new(ErrorCode::Checkpoint, message, "use the checkpoint of this run"));
            }
            let values: Vec<f32> = kept.iter().filter_map(|k| k.as_ref()).flatten().copied().collect();
            Ok(width.map(|width| Tensor::from_data(TensorData::new(values, [kept.len(), width]), &self.device)))
        })).collect::<Result<Vec<Option<Tensor<2>>>>>()?;
        let segments = self.stacks.iter_mut().flat_map(|s| &mut s.segments);
        segments.zip(methods).for_each(|(segment, state)| segment.state = state);
        for stack in &mut self.stacks {
            let of = |field: fn(&LaneState) -> &Vec<f32>| {
                let lanes: Vec<&[f32]> = stack.lanes.iter().map(|l| field(&states[*l]).as_slice()).collect();
                stacked(&stack.params, &lanes, &self.device)
            };
            let (params, first, second) = (of(|s| &s.params), of(|s| &s.first), of(|s| &s.second));
            stack.params = Parameters(params);
            (stack.optimizer.first, stack.optimizer.second) = (first, second);
            stack.optimizer.steps = stack.lanes.iter().map(|l| states[*l].steps).collect();
        }
        Ok(())
    }

    /// Row of each lane when stacks are put end to end.
    fn places(&self) -> Vec<usize> {
        let places: Vec<usize> = self.stacks.iter().flat_map(|s| s.lanes.iter().copied()).collect();
        let mut order = vec![0; places.len()];
        for (row, lane) in places.into_iter().enumerate() {
            order[lane] = row;
        }
        order
    }

    /// Gradients of every lane without an update, in the run's order.
    pub fn gradients(&mut self, policy: &dyn Policy, drawn: &Drawn<'_>) -> Parameters {
        let mut out = Vec::new();
        for i in 0..self.stacks.len() {
            let input = self.input(i, drawn);
            out.push(Parameters(self.stacks[i].backward(policy, &input).grads));
        }
        Parameters::cat(&out).select(&self.places())
    }

    /// One step of every lane. Per stack: its lanes, and `[row, 6·pair + 4]` of a, b, ℓ, weights, ‖g‖², pull, then loss,
    /// objective, τ, norm; still on the device.
    pub fn step(&mut self, policy: &dyn Policy, drawn: &Drawn<'_>, rates: &Rates<'_>) -> Vec<(Vec<usize>, Tensor<2>)> {
        let mut parts = Vec::new();
        for i in 0..self.stacks.len() {
            let input = self.input(i, drawn);
            let stack = &mut self.stacks[i];
            let learning_rate: Vec<f64> = stack.lanes.iter().map(|l| rates.learning_rate[*l]).collect();
            let rates = Rates { learning_rate: &learning_rate, ..*rates };
            parts.push((stack.lanes.clone(), stack.step(policy, &input, &rates)));
        }
        parts
    }

    fn input(&self, stack: usize, drawn: &Drawn<'_>) -> StepInput {
        let stack = &self.stacks[stack];
        let rows: Vec<&[u32]> = stack.lanes.iter().map(|l| drawn.rows[*l]).collect();
        let tokens: Vec<&TokenBatch> = stack.lanes.iter().map(|l| drawn.tokens[*l]).collect();
        let mut given = Given::default();
        stack.lanes.iter().for_each(|l| given.append(drawn.given[*l]));
        StepInput::new(&tokens, &rows, drawn.pairs, given, self.groups, stack, &self.device)
    }
}

/// Tensors of a stack as flat vectors, one a row.
async fn flat(tensors: &[Tensor<3>]) -> Result<Vec<Vec<f32>>> {
    let mut rows = vec![Vec::new(); tensors.first().map_or(0, |t| t.dims()[0])];
    for tensor in tensors {
        let each = tensor.dims()[1] * tensor.dims()[2];
        let values = read_f32(tensor.clone()).await?;
        rows.iter_mut().zip(values.chunks_exact(each)).for_each(|(row, v)| row.extend_from_slice(v));
    }
    Ok(rows)
}

/// The other way: tensors shaped as those of `like`.
fn stacked(like: &Parameters, rows: &[&[f32]], device: &Device) -> Vec<Tensor<3>> {
    let mut at = 0;
    like.0.iter().map(|tensor| {
        let [_, r, c] = tensor.dims();
        let values: Vec<f32> = rows.iter().flat_map(|row| row[at..at + r * c].iter().copied()).collect();
        at += r * c;
        Tensor::from_data(TensorData::new(values, [rows.len(), r, c]), device)
    }).collect()
}

fn segments(lanes: &[usize], configs: &[LaneConfig], device: &Device) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for (row, lane) in lanes.iter().enumerate() {
        let config = &configs[*lane];
        let objective = objective::find(&config.method).unwrap_or(objective::OBJECTIVES[0]); // validated before
        match out.last_mut() {
            Some(last) if last.objective.info().id == config.method && last.form == config.form_id() => last.rows.end = row + 1,
            _ => out.push(Segment {
                objective, form: config.form_id().into(), rows: row..row + 1, params: Params::new(Vec::new(), device), state: None,
            }),
        }
    }
    for segment in &mut out {
        segment.params = params_of(segment.objective, &lanes[segment.rows.clone()], configs, device);
    }
    out
}

fn params_of(objective: &dyn Objective, lanes: &[usize], configs: &[LaneConfig], device: &Device) -> Params {
    let values = objective.info().params.iter().map(|p| (p.id, lanes.iter().map(|l| configs[*l].param(p.id)).collect())).collect();
    Params::new(values, device)
}

/// One stack's inputs for one step, on the device.
struct StepInput {
    tokens: TokenTensors,
    given: Given,
    /// Reference log-probabilities of both sequences, `[lane, 2·pair]`.
    reference: Tensor<2>,
    /// One-hot groups, `[lane, pair, group]`, where a method needs them.
    groups: Option<Tensor<3>>,
    pairs: usize,
}

impl StepInput {
    fn new(
        tokens: &[&TokenBatch], rows: &[&[u32]], pairs: &[PreferencePair], given: Given, n_groups: usize,
        stack: &Stack, device: &Device,
    ) -> Self {
        let (lanes, n) = (rows.len(), rows[0].len());
        let column = |values: &Vec<f32>| Tensor::<2>::from_data(TensorData::new(values.clone(), [lanes, n]), device);
        let reference = Tensor::cat(given.reference.iter().chain(&given.extra_reference).map(column).collect(), 1);
        let groups = stack.segments.iter().any(|s| s.objective.info().needs(Need::Groups)).then(|| {
            let one_hot: Vec<f32> = rows.iter().flat_map(|r| r.iter())
                .flat_map(|i| (0..n_groups).map(|g| f32::from(pairs[*i as usize].group == g)).collect::<Vec<_>>()).collect();
            Tensor::from_data(TensorData::new(one_hot, [lanes, n, n_groups]), device)
        });
        Self {
            tokens: TokenTensors::new(tokens, lanes, device),
            reference,
            given,
            groups,
            pairs: n,
        }
    }
}

/// Chosen − rejected: `[lane, 2·pair]` → `[lane, pair]`.
fn margins_of(ratios: Tensor<2>) -> Tensor<2> {
    let n = ratios.dims()[1] / 2;
    ratios.clone().narrow(1, 0, n) - ratios.narrow(1, n, n)
}

/// Chosen, rejected, and further sequences, `[lane, pair]` each.
fn sides(ratios: &Tensor<2>, n: usize) -> (Tensor<2>, Tensor<2>, Vec<Tensor<2>>) {
    let part = |i: usize| ratios.clone().narrow(1, i * n, n);
    (part(0), part(1), (2..ratios.dims()[1] / n).map(part).collect())
}

impl Stack {
    /// Forward, weigh, backward, update. Returns the measurements, `[row, 6·pair + 4]`.
    fn step(&mut self, policy: &dyn Policy, input: &StepInput, rates: &Rates<'_>) -> Tensor<2> {
        let Backward { grads, measured } = self.backward(policy, input);
        let norm = self.optimizer.step(&mut self.params, grads, rates);
        Tensor::cat(vec![measured, norm], 1)
    }

    /// Forward, weigh, backward.
    fn backward(&mut self, policy: &dyn Policy, input: &StepInput) -> Backward {
        let (tangent, grad_sq) = if self.tangent {
            let (g, sq) = self.embedding_gradient(policy, input);
            (Some(g), Some(sq))
        } else {
            (None, None)
        };
        let tracked = self.params.tracked();
        let (ratios, moved) = match self.weighed_ratios(policy, input, &tracked) {
            Some(ratios) => (ratios, None),
            None => {
                let logps = policy.logps(&tracked, &input.tokens, &Perturbation { offset: None, tangent });
                (logps.x - input.reference.clone(), logps.dx)
            }
        };
        let n = input.pairs;
        let head = ratios.clone().inner().narrow(1, 0, 2 * n); // a, then b
        let (a, b, extra) = sides(&ratios.clone().inner(), n);
        let still = Pairs::new(a, b, extra, &input.given, &input.tokens.mask.device());
        let (a, b, extra) = sides(&ratios, n);
        let all = still.tracked(a, b, extra);
        let dh = moved.map(margins_of);
        let mut total: Option<Tensor<1>> = None;
        let mut columns = Vec::new();
        for segment in &mut self.segments {
            let (start, len) = (segment.rows.start, segment.rows.len());
            let (x, still) = (all.narrow(start, len), still.narrow(start, len));
            let (form, params) = (&segment.form, &segment.params);
            // How much each pair pulls is asked of a graph that ends at the log-ratios.
            let judged = Judged::new(segment.objective, form, &still, params, &mut segment.state.clone());
            let losses = segment.objective.pair_losses(form, &x, params, &mut segment.state)
                .unwrap_or_else(|| dpo_losses(x.h(), params.get("beta")));
            let plain = losses.clone().inner();
            let of = |t: &Tensor<2>| t.clone().narrow(0, start, len);
            let batch = Batch {
                losses: plain.clone(),
                pairs: &still,
                grad_sq: grad_sq.as_ref().map(of),
                groups: input.groups.as_ref().map(|g| g.clone().narrow(0, start, len)),
                params,
            };
            let w = segment.objective.weigh(form, &batch, &mut segment.state);
            let slopes = judged.slopes(&w.weights);
            let pull = (slopes[0].clone().abs() + slopes[1].clone().abs()) * 0.5;
            let mut descended = (losses * w.weights.clone()).sum();
            if let (Some(c), Some(dh)) = (w.tangent, dh.as_ref()) {
                let slope = dpo_slopes(x.h(), params.get("beta")); // ℓ̇ = ∂ℓ/∂h ḣ
                descended = descended + (slope * of(dh) * c).sum();
            }
            total = Some(match total {
                Some(t) => t + descended,
                None => descended,
            });
            let sq = batch.grad_sq.unwrap_or_else(|| plain.zeros_like());
            columns.push(Tensor::cat(vec![plain, w.weights, sq, pull, w.loss, w.objective, w.tau], 1));
        }
        let tail = Tensor::cat(columns, 0);
        let mut gradients = total.map(|t| t.backward());
        let grads = tracked.0.iter()
            .map(|p| gradients.as_mut().and_then(|g| p.grad_remove(g)).unwrap_or_else(|| p.clone().inner().zeros_like())).collect();
        Backward { grads, measured: Tensor::cat(vec![head, tail], 1) }
    }

    /// Log-ratios `[lane, 2·pair]` whose tokens count by what the method says; none where all count the same.
    fn weighed_ratios(&self, policy: &dyn Policy, input: &StepInput, params: &Parameters) -> Option<Tensor<2>> {
        // Lanes of such a method are stacked by themselves, and a policy without tokens is refused before.
        let gpt = policy.gpt().filter(|_| self.segments.iter().all(|s| s.objective.info().needs(Need::Edits)))?;
        let (lanes, s, t) = (input.tokens.lanes(), input.tokens.sequences, input.tokens.context);
        let logps = gpt.token_logps(params, &input.tokens, &Perturbation::default()).x;
        let given = |values: &[f32]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [lanes, s * t]), &input.reference.device());
        let (reference, differs, still) = (given(&input.given.token_reference), given(&input.given.differs), logps.clone().inner());
        let weights: Vec<[Tensor<2>; 2]> = self.segments.iter().map(|segment| {
            let of = |t: &Tensor<2>| t.clone().narrow(0, segment.rows.start, segment.rows.len());
            segment.objective.token_weights(&segment.form, &of(&still), &of(&reference), &of(&differs), &segment.params)
        }).collect();
        let all = |side: usize| Tensor::cat(weights.iter().map(|w| w[side].clone()).collect(), 0);
        Some((logps * all(0) - reference * all(1)).reshape([lanes, s, t]).sum_dim(2).reshape([lanes, s]))
    }

    /// g = ∇_e ℓ of every pair (detached) and ‖g_i‖² over both of its sequences, `[lane, pair]`.
    ///
    /// Parameters are constants here, so only activations are differentiated.
    fn embedding_gradient(&self, policy: &dyn Policy, input: &StepInput) -> (Tensor<3>, Tensor<2>) {
        let n = input.pairs;
        let shape = policy.input_shape(&input.tokens);
        let device = input.reference.device();
        let offset: Tensor<3> = Tensor::<3>::zeros(shape, &device).autodiff().require_grad();
        let moved = Perturbation { offset: Some(offset.clone()), tangent: None };
        let ratios = policy.logps(&self.params, &input.tokens, &moved).x - input.reference.clone();
        let h = margins_of(ratios);
        let losses: Vec<Tensor<1>> = self.segments.iter()
            .map(|s| dpo_losses(h.clone().narrow(0, s.rows.start, s.rows.len()), s.params.get("beta")).sum()).collect();
        let total = losses.into_iter().reduce(|x, y| x + y);
        let mut gradients = total.map(|t| t.backward());
        let g = gradients.as_mut().and_then(|gr| offset.grad_remove(gr)).unwrap_or_else(|| Tensor::zeros(shape, &device));
        let [lanes, rows, width] = shape;
        let per_sequence = g.clone().square().reshape([lanes, 2 * n, rows / (2 * n) * width]).sum_dim(2).reshape([lanes, 2 * n]);
        let sq = per_sequence.clone().narrow(1, 0, n) + per_sequence.narrow(1, n, n);
        (g, sq)
    }
}
