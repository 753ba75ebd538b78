//! One pair word by word: log-probabilities, embedding gradients and the words that tokens would become, each against the
//! plain version or against brute force.
#![cfg(not(target_family = "wasm"))]

mod common;

use burn::tensor::{Device, Tensor, activation};
use common::{random_pairs, random_parameters, read, within};
use prefshift::config::*;
use prefshift::data::TokenBatch;
use prefshift::data::vocabulary::{SEP, UNK};
use prefshift::device::Compute;
use prefshift::eval::words::{Look, Probe, crossing, probe};
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};
use prefshift::fused::layout::Layout;
use prefshift::policy::{Gpt, Parameters, Perturbation, Policy, TokenTensors, sampling};
use prefshift::rng::Streams;

const CONTEXT: usize = 12;
const VOCABULARY: usize = 21;

struct World {
    gpt: Gpt,
    layout: Layout,
    pair: prefshift::data::PreferencePair,
    reference: Parameters,
    lanes: Parameters,
    configs: Vec<LaneConfig>,
}

impl World {
    /// A reference and three lanes: DPO, and both forms of WDPO.
    fn new(tied: bool) -> Self {
        let device = Device::flex();
        let model = ModelConfig { policy: PolicyKind::Gpt, d_model: 16, layers: 2, heads: 2, context: CONTEXT, tied };
        let gpt = Gpt::new(&model, VOCABULARY, &device);
        let mut rng = Streams::new(7).stream("words");
        let pair = random_pairs(&mut rng, 1, VOCABULARY, 2).swap_remove(0);
        let [reference, a, b, c] = [0; 4].map(|_| random_parameters(&gpt.specs(), &mut rng, 0.3, &device));
        let configs = vec![
            LaneConfig::new("dpo"), LaneConfig::new("wdpo").with("rho", 0.7).with("beta", 0.5),
            LaneConfig::new("wdpo").form("appendix_f").with("rho", 0.2).with("beta", 2.0),
        ];
        Self { layout: Layout::new(&model, VOCABULARY), gpt, pair, reference, lanes: Parameters::cat(&[a, b, c]), configs }
    }

    fn probe(&self, mean_sq: &[f32]) -> Probe {
        let noise = sampling::gumbel(&mut Streams::new(1).stream("noise"), CONTEXT, 1, VOCABULARY);
        probe(&Look {
            layout: &self.layout, reference: &self.layout.flatten(&self.reference)[0], lanes: &self.layout.flatten(&self.lanes),
            configs: &self.configs, pair: &self.pair, mean_sq, noise: &noise, eval: &EvalConfig::default(),
        })
    }

    fn tokens(&self, lanes: usize) -> (TokenBatch, TokenTensors) {
        let batch = TokenBatch::from_pairs([&self.pair], CONTEXT);
        let tokens = TokenTensors::new(&[&batch], lanes, &Device::flex());
        (batch, tokens)
    }

    /// log π of the counted tokens, `[lane][sequence][token]`, over tensors.
    fn plain_logps(&self, params: &Parameters) -> Vec<Vec<Vec<f32>>> {
        let lanes = params.lanes();
        let (batch, tokens) = self.tokens(lanes);
        let all = read(activation::log_softmax(self.gpt.logits(params, &tokens, &Perturbation::default()).x, 2));
        (0..lanes).map(|lane| (0..2).map(|s| (0..CONTEXT).filter(|t| batch.loss_mask[s * CONTEXT + t] > 0.0).map(|t| {
            let target = batch.tokens[s * CONTEXT + t + 1] as usize;
            all[((lane * 2 + s) * CONTEXT + t) * VOCABULARY + target]
        }).collect()).collect()).collect()
    }

    /// ∇_e ℓ of one lane, `[sequence][position · d]`, by autodiff over tensors.
    fn plain_gradient(&self, lane: usize, beta: f64) -> Vec<Vec<f32>> {
        let (_, tokens) = self.tokens(1);
        let offset: Tensor<3> = Tensor::<3>::zeros(self.gpt.input_shape(&tokens), &Device::flex()).autodiff().require_grad();
        let before = self.gpt.logps(&self.reference, &tokens, &Perturbation::default()).x;
        let moved = Perturbation { offset: Some(offset.clone()), tangent: None };
        let ratios = self.gpt.logps(&self.lanes.select(&[lane]), &tokens, &moved).x - before;
        let z = (ratios.clone().narrow(1, 0, 1) - ratios.narrow(1, 1, 1)) * beta;
        let mut gradients = (z.neg().exp() + 1.0).log().sum().backward();
        let g = read(offset.grad_remove(&mut gradients).expect("a gradient"));
        g.chunks_exact(g.len() / 2).map(<[f32]>::to_vec).collect()
    }
}

fn worst(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}

#[test]
fn log_probabilities_are_those_of_the_plain_version() {
    for tied in [false, true] {
        let world = World::new(tied);
        let found = world.probe(&[]);
        let (reference, lanes) = (world.plain_logps(&world.reference), world.plain_logps(&world.lanes));
        for (s, side) in [&found.chosen, &found.rejected].into_iter().enumerate() {
            within("reference", worst(&side.reference, &reference[0][s]), 1e-5);
            within("lanes", worst(&side.logps, &lanes.iter().flat_map(|l| l[s].clone()).collect::<Vec<_>>()), 1e-5);
            let answer = if s == 0 { &world.pair.chosen } else { &world.pair.rejected };
            assert_eq!(side.tokens[side.answer - 1], SEP);
            assert!(side.tokens[side.answer..].starts_with(answer), "the answer follows its separator");
            assert_eq!(side.reference.len(), side.tokens.len() - side.answer);
        }
    }
}

#[test]
fn the_adversary_pulls_where_the_plain_gradient_is() {
    let world = World::new(true);
    let mean_sq = [0.0, 0.3, 0.3];
    let found = world.probe(&mean_sq);
    let flat = world.layout.flatten(&world.lanes);
    let mut met = 0;
    for (lane, beta) in [(1, 0.5), (2, 2.0)] {
        let g = world.plain_gradient(lane, beta);
        let total: f32 = g.iter().flatten().map(|v| v * v).sum();
        let mut shares = 0.0;
        for (s, side) in [&found.chosen, &found.rejected].into_iter().enumerate() {
            let n = side.tokens.len();
            for (i, token) in side.tokens.iter().enumerate() {
                let here = &g[s][i * 16..(i + 1) * 16];
                let sq: f32 = here.iter().map(|v| v * v).sum();
                let pull = side.pull[lane * n + i];
                shares += pull;
                assert!((pull - sq / total).abs() < 1e-4, "lane {lane} token {i}: {pull} against {}", sq / total);
                if sq / total < 1e-6 {
                    continue;
                }
                let reach = side.reach[lane * n + i];
                let Some((word, distance)) = crossing(&world.layout, &flat[lane], *token, here) else {
                    assert_eq!((side.becomes[lane * n + i], reach), (*token, 0.0), "no word lies that way");
                    continue;
                };
                met += 1;
                assert_eq!(side.becomes[lane * n + i], word);
                // Algorithm 1 moves by ρ‖g‖/√(mean ‖g‖²), appendix F by 2ρ‖g‖.
                let moved = if lane == 1 { 0.7 * (sq / 0.3).sqrt() } else { 2.0 * 0.2 * sq.sqrt() };
                assert!((reach / (moved / distance) - 1.0).abs() < 1e-3, "lane {lane} token {i}: {reach} against {}", moved / distance);
            }
        }
        assert!((shares - 1.0).abs() < 1e-4);
    }
    assert!(met > 10, "{met} tokens have a word to become");
    // DPO's adversary moves nothing.
    let n = found.chosen.tokens.len();
    assert!(found.chosen.pull[..n].iter().all(|v| *v == 0.0));
    assert_eq!(found.chosen.becomes[..n], found.chosen.tokens);
    // Without a batch the pair is its own: the whole move of algorithm 1 is ρ.
    let alone = world.probe(&[]);
    let total: f32 = world.plain_gradient(1, 0.5).iter().flatten().map(|v| v * v).sum();
    let ratio = alone.chosen.reach[n..2 * n].iter().zip(&found.chosen.reach[n..2 * n]).filter(|(_, b)| **b > 0.0).map(|(a, b)| a / b).next().expect("a move");
    assert!((ratio / (0.3 / total).sqrt() - 1.0).abs() < 1e-3);
}

#[test]
fn a_token_becomes_the_word_whose_region_its_embedding_enters_first() {
    let world = World::new(true);
    let params = &world.layout.flatten(&world.lanes)[1];
    let row = |v: usize| &params[world.layout.wte + v * 16..][..16];
    let mut rng = Streams::new(3).stream("rays");
    let (mut met, mut none) = (0, 0);
    for _ in 0..200 {
        let token = UNK + 1 + rng.below(VOCABULARY - 5) as u32;
        let g: Vec<f32> = (0..16).map(|_| rng.normal() as f32).collect();
        let length = g.iter().map(|v| v * v).sum::<f32>().sqrt();
        // Walk, and see which embedding is nearest: brute force.
        let nearest = |t: f32| {
            let off = |v: usize| row(token as usize).iter().zip(&g).zip(row(v)).map(|((e, g), to)| (e + t * g / length - to).powi(2)).sum::<f32>();
            (UNK as usize + 1..VOCABULARY).min_by(|a, b| off(*a).total_cmp(&off(*b))).expect("words") as u32
        };
        match crossing(&world.layout, params, token, &g) {
            Some((word, t)) if t < 50.0 => {
                met += 1;
                assert_eq!(nearest(t * 0.995), token, "before");
                assert_eq!(nearest(t * 1.005), word, "after");
            }
            Some(_) => {}
            None => {
                none += 1;
                assert_eq!(nearest(100.0), token);
            }
        }
    }
    assert!(met > 100, "{met} rays met a word, {none} none");
    assert_eq!(crossing(&world.layout, params, 6, &[0.0; 16]), None);
}

#[test]
fn a_run_is_probed_between_steps_and_goes_on_unchanged() {
    let config = || {
        let mut config = RunConfig::default();
        config.model = ModelConfig { d_model: 16, layers: 1, heads: 2, ..config.model };
        config.sft.steps = 4;
        config.data.pairs = 24;
        config.data.eval_pairs = 8;
        config.train.steps = 4;
        config.eval.samples = 0;
        config
    };
    let run = |look: bool| {
        let mut experiment = Experiment::new(config(), Compute::cpu(), Inputs::default()).expect("a valid run");
        assert!(pollster::block_on(experiment.probe(0)).is_err(), "nothing is trained yet");
        let (mut events, mut probes) = (vec![], vec![]);
        loop {
            let batch = pollster::block_on(experiment.next()).expect("a step");
            let done = batch.iter().any(|e| matches!(e, Event::Done(_)));
            let framed = batch.iter().any(|e| matches!(e, Event::Frame(_) | Event::Evaluation(_)));
            events.extend(batch);
            if look && framed {
                probes.push(pollster::block_on(experiment.probe(5)).expect("a probe"));
            }
            if done {
                assert!(pollster::block_on(experiment.probe(24)).is_err(), "there are 24 pairs");
                return (events, probes);
            }
        }
    };
    let (watched, probes) = run(true);
    assert_eq!(serde_json::to_string(&watched).expect("events"), serde_json::to_string(&run(false).0).expect("events"));
    // At the start every lane is the reference; later none is.
    let first = &probes[0];
    let n = first.chosen.reference.len();
    assert!(first.chosen.logps.chunks_exact(n).all(|lane| lane == first.chosen.reference));
    assert!(first.writes.iter().all(|w| *w == first.reference_writes));
    let last = probes.last().expect("probes");
    assert_eq!((last.step, last.pair), (4, 5));
    assert!(last.chosen.logps.chunks_exact(n).all(|lane| lane != last.chosen.reference));
    assert_eq!(last.reference_writes, first.reference_writes, "the same random numbers every time");
}

#[cfg(feature = "gpu")]
#[test]
fn a_run_on_the_gpu_is_probed_from_its_policies_read_back() {
    use prefshift::device::DeviceKind;
    let compute = match pollster::block_on(Compute::open(DeviceKind::Webgpu)) {
        Ok(compute) => compute,
        Err(error) => return println!("skipped: {error}"),
    };
    let mut config = RunConfig::default();
    config.model = ModelConfig { d_model: 16, layers: 1, heads: 2, ..config.model };
    config.sft.steps = 4;
    (config.data.pairs, config.data.eval_pairs, config.train.steps, config.eval.samples) = (16, 4, 3, 0);
    let [gpu, cpu] = [compute, Compute::cpu()].map(|compute| {
        let mut experiment = Experiment::new(config.clone(), compute, Inputs::default()).expect("a valid run");
        while !pollster::block_on(experiment.next()).expect("a step").iter().any(|e| matches!(e, Event::Done(_))) {}
        pollster::block_on(experiment.probe(3)).expect("a probe")
    });
    assert_eq!((gpu.step, &gpu.chosen.tokens), (3, &cpu.chosen.tokens));
    // Three steps of training apart by rounding.
    for (a, b) in [(&gpu.chosen, &cpu.chosen), (&gpu.rejected, &cpu.rejected)] {
        within("logps on the GPU", worst(&a.logps, &b.logps), 1e-3);
        within("pull on the GPU", worst(&a.pull, &b.pull), 1e-3);
    }
}
