//! Training of many lanes: forward, weigh, backward and update, each lane by itself.

use super::adamw::{Moments, Rate};
use super::pass::{Pass, Workspace};
use super::rows::Rows;
use super::{cores, spread};
use crate::config::LaneConfig;
use crate::data::PreferencePair;
use crate::fused::layout::Layout;
use crate::order;
use crate::objective::{self, Batch, Given, Judged, Need, Objective, Pairs, Params, dpo_slopes};
use crate::policy::Parameters;
use crate::train::state::LaneState;
use burn::tensor::{Device, Tensor, TensorData};
use super::vector::dispatch;
use pulp::{Simd, WithSimd};

/// One policy being trained.
struct Lane {
    objective: &'static dyn Objective,
    form: String,
    hyper: Params,
    state: Option<Tensor<2>>,
    params: Vec<f32>,
    grads: Vec<f32>,
    moments: Moments,
    frozen: bool,
    /// The lane where it was last well, and a newer copy that is not judged yet.
    well: Option<LaneState>,
    newer: Option<LaneState>,
}

impl Lane {
    fn state(&self) -> LaneState {
        let Moments { first, second, steps } = self.moments.clone();
        LaneState { params: self.params.clone(), first, second, steps, method: self.state.clone().map(values) }
    }

    fn restore(&mut self, s: &LaneState) {
        self.params.clone_from(&s.params);
        self.moments = Moments { first: s.first.clone(), second: s.second.clone(), steps: s.steps };
        self.state = s.method.as_deref().map(row);
    }
}

/// What one step measured of one lane.
#[derive(Debug, Clone, Default)]
pub struct LaneMeasured {
    /// Log-ratios of chosen and rejected answers, `[2·pair]`.
    pub ratios: Vec<f32>,
    /// Pair losses.
    pub losses: Vec<f32>,
    /// The adversary's weights.
    pub weights: Vec<f32>,
    /// ‖∇_e ℓ‖², 0 where the method does not need it.
    pub grad_sq: Vec<f32>,
    /// Size of each pair's slope in the descended loss, tangents aside.
    pub pull: Vec<f32>,
    /// The loss as published, the function being descended, τ, and the gradient norm before the clip.
    pub scalars: [f32; 4],
}

/// What a lane sees of one step.
pub struct LaneInput<'a> {
    rows: &'a Rows,
    given: &'a Given,
    /// One-hot groups, `[pair, group]`.
    groups: Vec<f32>,
    n_groups: usize,
}

impl<'a> LaneInput<'a> {
    /// The pairs `ids`, whose rows are `rows`.
    pub fn new(rows: &'a Rows, given: &'a Given, ids: &[u32], pairs: &[PreferencePair], n_groups: usize) -> Self {
        let groups = ids.iter().flat_map(|i| (0..n_groups).map(|g| f32::from(pairs[*i as usize].group == g))).collect();
        Self { rows, given, groups, n_groups }
    }
}

/// Lanes that train from one reference policy on the CPU.
pub struct CpuLanes {
    layout: Layout,
    lanes: Vec<Lane>,
    workspaces: Vec<Workspace>,
}

impl CpuLanes {
    /// Every lane of `configs` starts at `reference` (one lane, on the CPU).
    pub fn new(layout: Layout, configs: &[LaneConfig], reference: &Parameters) -> Self {
        let reference = layout.flatten(reference).swap_remove(0);
        let lanes = configs.iter().map(|config| {
            let objective = objective::find(&config.method).unwrap_or(objective::OBJECTIVES[0]); // validated before
            Lane {
                objective, form: config.form_id().into(), hyper: hyper(objective, config), state: None, params: reference.clone(),
                grads: vec![0.0; layout.len], moments: Moments::new(layout.len), frozen: false, well: None, newer: None,
            }
        }).collect();
        let workspaces = (0..cores().min(configs.len()).max(1)).map(|_| Workspace::default()).collect();
        Self { layout, lanes, workspaces }
    }

    /// Lanes.
    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Whether there is no lane.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Replaces hyperparameters. Methods and forms must stay as they are.
    pub fn set_lanes(&mut self, configs: &[LaneConfig]) {
        for (lane, config) in self.lanes.iter_mut().zip(configs) {
            lane.hyper = hyper(lane.objective, config);
        }
    }

    /// Puts other policies into the lanes.
    pub fn load(&mut self, lanes: &Parameters) {
        self.lanes.iter_mut().zip(self.layout.flatten(lanes)).for_each(|(lane, params)| lane.params = params);
    }

    /// Every lane as it is.
    pub fn states(&self) -> Vec<LaneState> {
        self.lanes.iter().map(Lane::state).collect()
    }

    /// Goes on from `states`, whose vectors fit the layout.
    pub fn restore(&mut self, states: &[LaneState]) {
        self.lanes.iter_mut().zip(states).for_each(|(lane, s)| lane.restore(s));
    }

    /// Copies every lane.
    pub fn keep(&mut self) {
        self.lanes.iter_mut().for_each(|l| l.newer = Some(l.state()));
    }

    /// Lanes that were `well` when they were last copied.
    pub fn promote(&mut self, well: &[bool]) {
        for (lane, _) in self.lanes.iter_mut().zip(well).filter(|(l, well)| **well && l.newer.is_some()) {
            lane.well = lane.newer.take();
        }
    }

    /// Takes a lane back to its copy that was well.
    pub fn roll_back(&mut self, lane: usize) {
        let lane = &mut self.lanes[lane];
        if let Some(well) = lane.well.take() {
            lane.restore(&well);
            lane.well = Some(well);
        }
    }

    /// A frozen lane is measured and no longer updated.
    pub fn freeze(&mut self, lane: usize, frozen: bool) {
        self.lanes[lane].frozen = frozen;
    }

    /// The policies as tensors.
    pub fn parameters(&self) -> Parameters {
        self.layout.tensors(&self.lanes.iter().map(|l| l.params.as_slice()).collect::<Vec<_>>(), &Device::flex())
    }

    /// Gradients of the last step, before the clip; valid until the next update.
    pub fn gradients(&mut self, inputs: &[LaneInput<'_>]) -> Parameters {
        self.step(inputs, None);
        self.layout.tensors(&self.lanes.iter().map(|l| l.grads.as_slice()).collect::<Vec<_>>(), &Device::flex())
    }

    /// One step of every lane; an update where `rates` (one a lane) is given.
    pub fn step(&mut self, inputs: &[LaneInput<'_>], rates: Option<&[Rate]>) -> Vec<LaneMeasured> {
        let mut measured = vec![LaneMeasured::default(); self.lanes.len()];
        let layout = &self.layout;
        let mut jobs: Vec<_> = self.lanes.iter_mut().zip(inputs).zip(&mut measured).enumerate().collect();
        // Lanes with a tangent cost more than twice the others: first, so that no core waits for them at the end.
        let cheap = |(_, ((lane, _), _)): &(usize, ((&mut Lane, _), _))| !lane.objective.info().needs_embedding_gradient;
        order::sort(&mut jobs, |a, b| cheap(a).cmp(&cheap(b)));
        spread(jobs, &mut self.workspaces, |(i, ((lane, input), out)), ws| {
            *out = dispatch(Step { layout, lane, input, rate: rates.map(|r| r[i]), ws });
        });
        measured
    }
}

fn hyper(objective: &dyn Objective, config: &LaneConfig) -> Params {
    Params::new(objective.info().params.iter().map(|p| (p.id, vec![config.param(p.id)])).collect(), &Device::flex())
}

struct Step<'a> {
    layout: &'a Layout,
    lane: &'a mut Lane,
    input: &'a LaneInput<'a>,
    rate: Option<Rate>,
    ws: &'a mut Workspace,
}

impl WithSimd for Step<'_> {
    type Output = LaneMeasured;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> LaneMeasured {
        let Self { layout, lane, input, rate, ws } = self;
        let rows = input.rows;
        let n = input.given.soft.len();
        let Lane { objective, form, hyper, state, params, grads, moments, frozen, .. } = lane;
        grads.fill(0.0);
        let pass = Pass { simd, layout, params, rows };
        let tangent = objective.info().needs_embedding_gradient;
        pass.forward(ws, tangent);
        let given = input.given;
        let token_weights = objective.info().needs(Need::Edits).then(|| {
            let (reference, differs) = (rows.counted_of(&given.token_reference), rows.counted_of(&given.differs));
            let weights = objective.token_weights(form, &row(&ws.logp), &row(&reference), &row(&differs), hyper);
            (weights.map(values), reference)
        });
        let ratios: Vec<f32> = match &token_weights {
            Some(([of_policy, of_reference], reference)) => {
                let weighed = |logps: &[f32], by: &[f32]| rows.sums(&logps.iter().zip(by).map(|(l, w)| l * w).collect::<Vec<_>>());
                weighed(&ws.logp, of_policy).iter().zip(weighed(reference, of_reference)).map(|(p, r)| p - r).collect()
            }
            None => {
                let references = given.reference.iter().chain(&given.extra_reference).flatten();
                rows.sums(&ws.logp).iter().zip(references).map(|(p, r)| p - r).collect()
            }
        };
        let part = |i: usize| row(&ratios[i * n..(i + 1) * n]);
        let x = Pairs::new(part(0), part(1), (2..ratios.len() / n).map(part).collect(), given, &Device::flex());
        let judged = Judged::new(*objective, form, &x, hyper, state);
        let losses = judged.losses.clone();
        let grad_sq = tangent.then(|| {
            pass.embedding_gradient(ws, &mirrored(&values(dpo_slopes(x.still_h(), hyper.get("beta")))));
            let d = layout.shape.width;
            let squares: Vec<f32> = rows.starts.windows(2).map(|w| ws.embedding_gradient[w[0] * d..w[1] * d].iter().map(|g| g * g).sum()).collect();
            (0..n).map(|i| squares[i] + squares[n + i]).collect::<Vec<f32>>()
        });
        let groups = objective.info().needs(Need::Groups).then(|| {
            Tensor::<3>::from_data(TensorData::new(input.groups.clone(), [1, n, input.n_groups]), &Device::flex())
        });
        let batch = Batch { losses: losses.clone(), pairs: &x, grad_sq: grad_sq.as_deref().map(row), groups, params: hyper };
        let w = objective.weigh(form, &batch, state);
        // Slopes by each sequence's log-probability: chosen, rejected, further ones.
        let mut slopes: Vec<f32> = judged.slopes(&w.weights).into_iter().flat_map(values).collect();
        let pull = (0..n).map(|i| 0.5 * (slopes[i].abs() + slopes[n + i].abs())).collect();
        if let Some(c) = w.tangent {
            pass.tangent(ws);
            let dlogp = rows.sums(&ws.dlogp);
            let dh: Vec<f32> = (0..n).map(|i| dlogp[i] - dlogp[n + i]).collect();
            // c ℓ̇ = c ℓ′(h) ḣ: its derivative by ḣ is c ℓ′, that by h is c ℓ″ ḣ.
            let tracked = x.still_h().autodiff().require_grad();
            let along = dpo_slopes(tracked.clone(), hyper.get("beta"));
            let tangent_slopes = values(along.clone().inner() * c.clone());
            let mut gradients = (along * (row(&dh) * c)).sum().backward();
            let bent = tracked.grad_remove(&mut gradients).map_or_else(|| vec![0.0; n], values);
            slopes.iter_mut().zip(mirrored(&bent)).for_each(|(p, b)| *p += b);
            pass.backward_both(ws, &slopes, &mirrored(&tangent_slopes), grads);
        } else if let Some(([of_policy, _], _)) = &token_weights {
            let by_row: Vec<f32> = rows.spread(&slopes).iter().zip(of_policy).map(|(s, w)| s * w).collect();
            pass.backward_rows(ws, &by_row, grads);
        } else {
            pass.backward(ws, &slopes, grads);
        }
        let grad_norm = match rate {
            Some(rate) if !*frozen => moments.step(simd, layout, params, grads, rate),
            Some(_) => grads.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt() as f32,
            None => 0.0,
        };
        let scalar = |t: Tensor<2>| values(t).first().copied().unwrap_or(0.0);
        LaneMeasured {
            ratios: ratios[..2 * n].to_vec(), losses: values(losses), weights: values(w.weights), pull, grad_sq: grad_sq.unwrap_or_else(|| vec![0.0; n]),
            scalars: [scalar(w.loss), scalar(w.objective), scalar(w.tau), grad_norm],
        }
    }
}

/// Slopes of the chosen sequences, then of the rejected ones: h is their difference.
fn mirrored(slopes: &[f32]) -> Vec<f32> {
    slopes.iter().copied().chain(slopes.iter().map(|s| -s)).collect()
}

fn row(values: &[f32]) -> Tensor<2> {
    Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, values.len()])
}

/// Numbers of a tensor that lives on the CPU.
fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap_or_default()
}
