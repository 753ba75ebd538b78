//! One training step of every lane, without a read-back.
//!
//! Lanes that need only first derivatives form one stack, WDPO's lanes another, since they need a tangent pass.
//! Inside a stack, lanes of one method are neighbors and are weighed together.

use super::adamw::{AdamW, Rates, learning_rate};
use crate::config::{LaneConfig, RunConfig, TrainConfig};
use crate::data::{PreferencePair, TokenBatch};
use crate::error::{Error, ErrorCode, Result};
use crate::objective::{self, Batch, Objective, Params};
use crate::policy::{Parameters, Perturbation, Policy, TokenTensors};
use crate::rng::{Stream, Streams};
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Lanes of one method and form inside a stack.
struct Segment {
    objective: &'static dyn Objective,
    form: String,
    rows: Range<usize>,
    params: Params,
    state: Option<Tensor<2>>,
}

/// Lanes that are stepped together.
struct Stack {
    /// Position of each row in the run's list of lanes.
    lanes: Vec<usize>,
    params: Parameters,
    optimizer: AdamW,
    segments: Vec<Segment>,
    tangent: bool,
}

/// The batch order of lanes that share a seed: epochs without replacement.
struct Order {
    rng: Stream,
    left: Vec<u32>,
}

/// Everything that is trained.
pub struct Trainer {
    stacks: Vec<Stack>,
    lanes: Vec<LaneConfig>,
    config: TrainConfig,
    context: usize,
    groups: usize,
    orders: Vec<(u32, Order)>,
    device: Device,
    step: usize,
}

/// Gradients of one stack and what was measured on the way.
struct Backward {
    grads: Vec<Tensor<3>>,
    /// `[row, 5·pair + 3]`
    measured: Tensor<2>,
}

/// What one step measured, before its update; still on the device until [`StepMetrics::read`].
pub struct StepMetrics {
    /// Step, from 0.
    pub step: usize,
    /// Data-set index of each pair, `[lane, pair]`.
    pub pairs: Vec<u32>,
    /// Learning rate, `[lane]`.
    pub learning_rate: Vec<f32>,
    /// Per stack: its lanes, and `[row, 5·pair + 4]` of a, b, ℓ, weights, ‖g‖², then loss, objective, tau, norm.
    parts: Vec<(Vec<usize>, Tensor<2>)>,
}

/// [`StepMetrics`] on the CPU, `[lane, pair]` row-major or `[lane]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Log-ratio of the chosen answer.
    pub chosen: Vec<f32>,
    /// Log-ratio of the rejected answer.
    pub rejected: Vec<f32>,
    /// Pair losses.
    pub losses: Vec<f32>,
    /// The adversary's weights.
    pub weights: Vec<f32>,
    /// ‖∇_e ℓ‖², 0 where the method does not need it.
    pub grad_sq: Vec<f32>,
    /// The loss as published.
    pub loss: Vec<f32>,
    /// The function being descended.
    pub objective: Vec<f32>,
    /// Tilt temperature in use.
    pub tau: Vec<f32>,
    /// Gradient norm before the clip.
    pub grad_norm: Vec<f32>,
}

impl StepMetrics {
    /// Reads the step back: one transfer per stack.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device fails.
    pub async fn read(self) -> Result<Measured> {
        let lanes: usize = self.parts.iter().map(|(l, _)| l.len()).sum();
        let pairs = self.pairs.len() / lanes.max(1);
        let wide = || vec![0.0; lanes * pairs];
        let narrow = || vec![0.0; lanes];
        let mut m = Measured {
            chosen: wide(), rejected: wide(), losses: wide(), weights: wide(), grad_sq: wide(),
            loss: narrow(), objective: narrow(), tau: narrow(), grad_norm: narrow(),
        };
        for (rows, tensor) in self.parts {
            let values = read_f32(tensor).await?;
            for (row, values) in rows.into_iter().zip(values.chunks_exact(5 * pairs + 4)) {
                let to = row * pairs..(row + 1) * pairs;
                for (i, target) in [&mut m.chosen, &mut m.rejected, &mut m.losses, &mut m.weights, &mut m.grad_sq].into_iter().enumerate() {
                    target[to.clone()].copy_from_slice(&values[i * pairs..(i + 1) * pairs]);
                }
                for (i, target) in [&mut m.loss, &mut m.objective, &mut m.tau, &mut m.grad_norm].into_iter().enumerate() {
                    target[row] = values[5 * pairs + i];
                }
            }
        }
        Ok(m)
    }
}

/// Reads a tensor as f32.
pub(crate) async fn read_f32<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |what: String| Error::new(ErrorCode::Device, format!("reading results from the device failed: {what}"), "start again, or use the CPU");
    let data = tensor.into_data_async().await.map_err(|e| failed(e.to_string()))?;
    data.try_to_vec::<f32>().map_err(|e| failed(format!("{e:?}")))
}

impl Trainer {
    /// Every lane of `config` starts at `reference` (one lane).
    pub fn new(config: &RunConfig, policy: &dyn Policy, reference: &Parameters, groups: usize, device: &Device) -> Self {
        let specs = policy.specs();
        let mut order: Vec<usize> = (0..config.lanes.len()).collect();
        let key = |i: &usize| {
            let lane = &config.lanes[*i];
            let place = objective::OBJECTIVES.iter().position(|o| o.info().id == lane.method).unwrap_or(0);
            (objective::OBJECTIVES[place].info().needs_embedding_gradient, place, lane.form_id().to_string())
        };
        order.sort_by_key(key); // stable: lanes of one method keep their order
        let mut stacks = Vec::new();
        for tangent in [false, true] {
            let lanes: Vec<usize> = order.iter().copied().filter(|i| key(i).0 == tangent).collect();
            if lanes.is_empty() {
                continue;
            }
            let params = reference.repeat(lanes.len());
            let optimizer = AdamW::new(&specs, &params);
            let segments = segments(&lanes, &config.lanes, device);
            stacks.push(Stack { lanes, params, optimizer, segments, tangent });
        }
        let streams = Streams::new(u64::from(config.seed));
        let mut orders: Vec<(u32, Order)> = Vec::new();
        for lane in &config.lanes {
            if !orders.iter().any(|(s, _)| *s == lane.seed) {
                let rng = streams.stream(&format!("shuffle/{}", lane.seed));
                orders.push((lane.seed, Order { rng, left: Vec::new() }));
            }
        }
        Self {
            stacks, lanes: config.lanes.clone(), config: config.train.clone(), context: config.model.context,
            groups, orders, device: device.clone(), step: 0,
        }
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Replaces hyperparameters from the next step on. Methods and forms must stay as they are.
    pub fn set_lanes(&mut self, lanes: &[LaneConfig], train: &TrainConfig) {
        self.lanes = lanes.to_vec();
        self.config = train.clone();
        for stack in &mut self.stacks {
            for segment in &mut stack.segments {
                segment.params = params_of(segment.objective, &stack.lanes[segment.rows.clone()], &self.lanes, &self.device);
            }
        }
    }

    /// The policies in the run's order of lanes.
    pub fn policies(&self) -> Parameters {
        let stacked = Parameters::cat(&self.stacks.iter().map(|s| s.params.clone()).collect::<Vec<_>>());
        let places: Vec<usize> = self.stacks.iter().flat_map(|s| s.lanes.iter().copied()).collect();
        let mut order = vec![0; places.len()];
        for (row, lane) in places.into_iter().enumerate() {
            order[lane] = row;
        }
        stacked.select(&order)
    }

    /// Gradients of every lane on given batches, without an update: `(lanes of the stack, gradients [row, …])`.
    pub fn gradients(
        &mut self, drawn: &[(u32, Vec<u32>)], policy: &dyn Policy, pairs: &[PreferencePair], reference: &[[f32; 2]],
    ) -> Vec<(Vec<usize>, Parameters)> {
        let batches = self.token_batches(drawn, pairs);
        let mut out = Vec::new();
        for i in 0..self.stacks.len() {
            let input = self.input(i, drawn, &batches, pairs, reference);
            out.push((self.stacks[i].lanes.clone(), Parameters(self.stacks[i].backward(policy, &input).grads)));
        }
        out
    }

    /// Draws each seed's next batch: `[pair]` indices per distinct seed.
    fn draw(&mut self, n_pairs: usize) -> Vec<(u32, Vec<u32>)> {
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

    /// One step of every lane on the next batch. `reference` holds the cached log-probabilities (chosen, rejected)
    /// of each pair.
    pub fn step(&mut self, policy: &dyn Policy, pairs: &[PreferencePair], reference: &[[f32; 2]]) -> StepMetrics {
        let drawn = self.draw(pairs.len());
        self.step_on(drawn, policy, pairs, reference)
    }

    /// One step on given batches: `[pair]` indices for each distinct lane seed.
    pub fn step_on(
        &mut self, drawn: Vec<(u32, Vec<u32>)>, policy: &dyn Policy, pairs: &[PreferencePair], reference: &[[f32; 2]],
    ) -> StepMetrics {
        let rates: Vec<f64> = self.lanes.iter()
            .map(|l| learning_rate(l.learning_rate.unwrap_or(self.config.learning_rate), &self.config, self.step)).collect();
        let batches = self.token_batches(&drawn, pairs);
        let mut parts = Vec::new();
        for i in 0..self.stacks.len() {
            let input = self.input(i, &drawn, &batches, pairs, reference);
            let stack = &mut self.stacks[i];
            let lane_rates: Vec<f64> = stack.lanes.iter().map(|l| rates[*l]).collect();
            let rates = Rates { learning_rate: &lane_rates, weight_decay: self.config.weight_decay, clip: self.config.clip };
            parts.push((stack.lanes.clone(), stack.step(policy, &input, &rates)));
        }
        let pairs = self.lanes.iter().flat_map(|l| drawn[place(&drawn, l.seed)].1.clone()).collect();
        self.step += 1;
        StepMetrics { step: self.step - 1, pairs, learning_rate: rates.iter().map(|r| *r as f32).collect(), parts }
    }

    fn token_batches(&self, drawn: &[(u32, Vec<u32>)], pairs: &[PreferencePair]) -> Vec<TokenBatch> {
        drawn.iter().map(|(_, ids)| TokenBatch::from_pairs(ids.iter().map(|i| &pairs[*i as usize]), self.context)).collect()
    }

    fn input(
        &self, stack: usize, drawn: &[(u32, Vec<u32>)], batches: &[TokenBatch], pairs: &[PreferencePair], reference: &[[f32; 2]],
    ) -> StepInput {
        let stack = &self.stacks[stack];
        let places: Vec<usize> = stack.lanes.iter().map(|l| place(drawn, self.lanes[*l].seed)).collect();
        let rows: Vec<&Vec<u32>> = places.iter().map(|p| &drawn[*p].1).collect();
        let tokens: Vec<&TokenBatch> = places.iter().map(|p| &batches[*p]).collect();
        StepInput::new(&tokens, &rows, pairs, reference, self.groups, stack, &self.device)
    }
}

/// Where `seed`'s batch is; every lane's seed was drawn for.
fn place<T>(drawn: &[(u32, T)], seed: u32) -> usize {
    drawn.iter().position(|(s, _)| *s == seed).unwrap_or(0)
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
    /// Reference log-probabilities of both sequences, `[lane, 2·pair]`.
    reference: Tensor<2>,
    /// One-hot groups, `[lane, pair, group]`, where a method needs them.
    groups: Option<Tensor<3>>,
    pairs: usize,
}

impl StepInput {
    fn new(
        tokens: &[&TokenBatch], rows: &[&Vec<u32>], pairs: &[PreferencePair], reference: &[[f32; 2]], n_groups: usize,
        stack: &Stack, device: &Device,
    ) -> Self {
        let (lanes, n) = (rows.len(), rows[0].len());
        let side = |row: &[u32], side: usize| row.iter().map(|i| reference[*i as usize][side]).collect::<Vec<_>>();
        let logps: Vec<f32> = rows.iter().flat_map(|r| [side(r, 0), side(r, 1)].concat()).collect();
        let groups = stack.segments.iter().any(|s| s.objective.info().needs_groups).then(|| {
            let one_hot: Vec<f32> = rows.iter().flat_map(|r| r.iter())
                .flat_map(|i| (0..n_groups).map(|g| f32::from(pairs[*i as usize].group == g)).collect::<Vec<_>>()).collect();
            Tensor::from_data(TensorData::new(one_hot, [lanes, n, n_groups]), device)
        });
        Self {
            tokens: TokenTensors::new(tokens, lanes, device),
            reference: Tensor::from_data(TensorData::new(logps, [lanes, 2 * n]), device),
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

impl Stack {
    /// Forward, weigh, backward, update. Returns the measurements, `[row, 5·pair + 4]`.
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
        let logps = policy.logps(&tracked, &input.tokens, &Perturbation { offset: None, tangent });
        let ratios = logps.x - input.reference.clone();
        let head = ratios.clone().inner(); // a, then b
        let h = margins_of(ratios);
        let dh = logps.dx.map(margins_of);
        let mut total: Option<Tensor<1>> = None;
        let mut columns = Vec::new();
        for segment in &mut self.segments {
            let (start, len) = (segment.rows.start, segment.rows.len());
            let margins = h.clone().narrow(0, start, len);
            let losses = segment.objective.pair_losses(margins.clone(), &segment.params);
            let plain = losses.clone().inner();
            let of = |t: &Tensor<2>| t.clone().narrow(0, start, len);
            let batch = Batch {
                losses: plain.clone(),
                grad_sq: grad_sq.as_ref().map(of),
                groups: input.groups.as_ref().map(|g| g.clone().narrow(0, start, len)),
                params: &segment.params,
            };
            let w = segment.objective.weigh(&segment.form, &batch, &mut segment.state);
            let mut descended = (losses * w.weights.clone()).sum();
            if let (Some(c), Some(dh)) = (w.tangent, dh.as_ref()) {
                let slope = segment.objective.pair_slopes(margins, &segment.params); // ℓ̇ = ∂ℓ/∂h ḣ
                descended = descended + (slope * of(dh) * c).sum();
            }
            total = Some(match total {
                Some(t) => t + descended,
                None => descended,
            });
            let sq = batch.grad_sq.unwrap_or_else(|| plain.zeros_like());
            columns.push(Tensor::cat(vec![plain, w.weights, sq, w.loss, w.objective, w.tau], 1));
        }
        let tail = Tensor::cat(columns, 0);
        let mut gradients = total.map(|t| t.backward());
        let grads = tracked.0.iter()
            .map(|p| gradients.as_mut().and_then(|g| p.grad_remove(g)).unwrap_or_else(|| p.clone().inner().zeros_like())).collect();
        Backward { grads, measured: Tensor::cat(vec![head, tail], 1) }
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
            .map(|s| s.objective.pair_losses(h.clone().narrow(0, s.rows.start, s.rows.len()), &s.params).sum()).collect();
        let total = losses.into_iter().reduce(|x, y| x + y);
        let mut gradients = total.map(|t| t.backward());
        let g = gradients.as_mut().and_then(|gr| offset.grad_remove(gr)).unwrap_or_else(|| Tensor::zeros(shape, &device));
        let [lanes, rows, width] = shape;
        let per_sequence = g.clone().square().reshape([lanes, 2 * n, rows / (2 * n) * width]).sum_dim(2).reshape([lanes, 2 * n]);
        let sq = per_sequence.clone().narrow(1, 0, n) + per_sequence.narrow(1, n, n);
        (g, sq)
    }
}
