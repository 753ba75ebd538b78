//! `prefshift reproduce emotion`: section 7.1 and Figure 2 of the paper (arXiv 2502.01930), at a size that a laptop trains.
//!
//! For each mixture: every method's learning rate is chosen by the same rule on a seed that is not tested (the mean mixed
//! reward at α₀ of fresh samples after training, among rates that keep the policy within `--most-kl`); then every method is trained on several seeds, each with prompts, texts,
//! labels and batches of its own. DPO's own path at the same learning rate, where it has come as far from the reference, is
//! the early-stopping baseline.

mod figure;
mod table;

use crate::args::ReproduceArgs;
use crate::compare::{self, Estimate};
use crate::files;
use prefshift::config::{LaneConfig, Mixture, RunConfig};
use prefshift::error::{Error, Result};
use prefshift::event::{Curve, Evaluation, Event};
use prefshift::experiment::{Experiment, Inputs, lane_name};
use prefshift::reward::RewardQuality;
use serde::Serialize;
use serde_json::json;

/// Learning rates that every method chooses from.
const RATES: [f64; 3] = [1e-4, 3e-4, 1e-3];
/// The seed that learning rates are chosen on; tests use 1, 2, 3, …
const TUNING_SEED: u32 = 1_000;

/// A policy at one moment: KL from the reference, nats, and its reward over α, learned and as the words say it.
#[derive(Debug, Clone)]
struct Point {
    kl: f32,
    learned: Vec<f32>,
    words: Vec<f32>,
}

/// One method under one mixture.
#[derive(Serialize)]
struct Row {
    mixture: Mixture,
    method: String,
    learning_rate: f64,
    /// KL(π ‖ π_ref) per completion at the end, nats.
    kl: Estimate,
    /// Learned reward at the end: at α₀, at α = 1, the smallest over α, the mean over α.
    at_training: Estimate,
    at_one: Estimate,
    worst: Estimate,
    area: Estimate,
    /// How much more than DPO at the same learning rate, stopped where it had come as far from the reference: positive where
    /// the method is better. Paired by seed; none where DPO never came so far.
    over_dpo_at_training: Estimate,
    over_dpo_at_one: Estimate,
    over_dpo_worst: Estimate,
    over_dpo_area: Estimate,
    /// Learned reward at the end, `[α]`, and that of the words.
    learned: Vec<Estimate>,
    words: Vec<Estimate>,
}

/// What is written as JSON.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    config: RunConfig,
    seeds: u32,
    reward_model: RewardQuality,
    alphas: Vec<f32>,
    /// The reference policy's rewards, `[mixture]`.
    reference: Vec<Reference>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Reference {
    mixture: Mixture,
    learned: Vec<Estimate>,
    words: Vec<Estimate>,
}

/// A run's looks at its lanes.
struct Ran {
    looks: Vec<Evaluation>,
    quality: Option<RewardQuality>,
}

pub fn reproduce(args: &ReproduceArgs) -> Result<()> {
    let mut run = args.run.clone();
    run.scenario = run.scenario.or_else(|| run.config.is_none().then(|| "emotion".into()));
    let mut config = run.config()?;
    if run.config.is_none() {
        published(&mut config, &args.run.set);
    }
    config.validate()?;
    let methods = if args.run.lanes.is_empty() { comparison() } else { config.lanes.clone() };
    if run.print_config {
        println!("{}", serde_json::to_string_pretty(&config).unwrap_or_default());
        return Ok(());
    }
    let say = |text: String| if !run.quiet { eprintln!("{text}") };
    let compute = run.compute()?;
    let mut inputs = run.inputs()?;
    if inputs.reference.is_none() {
        say("reward model and reference policy".into());
        let texts = Inputs { imported: inputs.imported.clone(), ..Inputs::default() };
        inputs.reference = Some(compare::reference(&config, compute.clone(), texts, run.quiet)?);
    }
    let train = |config: RunConfig| -> Result<Ran> {
        let mut quality = None;
        let inputs = Inputs { reference: inputs.reference.clone(), imported: inputs.imported.clone(), part: false };
        let mut experiment = Experiment::new(config, compute.clone(), inputs)?;
        let looks = compare::looks(&mut experiment, run.quiet, |event| {
            if let Event::Product(p) = event && p.quality.is_some() {
                quality.clone_from(&p.quality);
            }
        })?;
        Ok(Ran { looks, quality })
    };
    let (mut rows, mut reference, mut quality, mut alphas) = (Vec::new(), Vec::new(), None, Vec::new());
    for mixture in [Mixture::Convex, Mixture::Geometric] {
        let mut config = config.clone();
        config.data.mixture = mixture;
        say(format!("{mixture:?}: choosing learning rates"));
        let tuned = tune(&config, &methods, args.most_kl as f32, &train)?;
        // DPO at every rate that was chosen, to compare with at equal distance.
        let lanes: Vec<LaneConfig> = tuned.iter().cloned().chain(RATES.map(|r| LaneConfig { learning_rate: Some(r), ..methods[0].clone() })).collect();
        let mut paths: Vec<Vec<Vec<Point>>> = vec![Vec::new(); lanes.len()];
        let mut start = Vec::new();
        for seed in 1..=args.seeds {
            say(format!("{mixture:?}: seed {seed} of {}", args.seeds));
            let ran = train(RunConfig { seed, lanes: lanes.clone(), ..config.clone() })?;
            quality = quality.or(ran.quality);
            paths.iter_mut().enumerate().for_each(|(lane, of)| of.push(path(&ran.looks, lane)));
            if let Some(curve) = ran.looks.last().and_then(|e| e.curve.as_ref()) {
                alphas.clone_from(&curve.alphas);
                start.push(Point { kl: 0.0, learned: curve.reference.clone(), words: curve.reference_words.clone() });
            }
        }
        let at_training = config.data.mix[1] as f32;
        reference.push(Reference { mixture, learned: over_alpha(&start, |p| &p.learned), words: over_alpha(&start, |p| &p.words) });
        rows.extend(tuned.iter().zip(&paths).map(|(lane, of)| {
            let same = RATES.iter().position(|r| Some(*r) == lane.learning_rate).map_or(&paths[0], |r| &paths[tuned.len() + r]);
            row(mixture, lane, of, same, &alphas, at_training)
        }));
    }
    let Some(reward_model) = quality else { return Err(Error::config("reproduce", "no seed was run", "give one seed or more")) };
    let report = Report { version: env!("CARGO_PKG_VERSION"), config, seeds: args.seeds, reward_model, alphas, reference, rows };
    let json = serde_json::to_string_pretty(&report).unwrap_or_default();
    files::write(&args.out.join("emotion.json"), format!("{json}\n").as_bytes())?;
    files::write(&args.out.join("emotion.csv"), table::csv(&report).as_bytes())?;
    files::write(&args.out.join("emotion.svg"), figure::svg(&report).as_bytes())?;
    let markdown = table::markdown(&report);
    files::write(&args.out.join("emotion.md"), markdown.as_bytes())?;
    if args.json {
        println!("{}", json!({ "out": args.out, "report": report }));
    } else {
        print!("{markdown}");
    }
    Ok(())
}

/// What the published run has and the page's default has not, unless it was set: β = 0.1 (the lanes'), labels at the rewards'
/// own scale, more pairs, larger batches.
fn published(config: &mut RunConfig, set: &[String]) {
    let free = |field: &str| !set.iter().any(|s| s.starts_with(&format!("{field}=")));
    let data = &mut config.data;
    if free("data.pairs") {
        data.pairs = 4_096;
    }
    if free("data.reward_scale") {
        data.reward_scale = 1.0;
    }
    if free("train.batch") {
        config.train.batch = 32;
    }
    if free("train.steps") {
        config.train.steps = 320;
    }
    if free("train.frame_every") {
        config.train.frame_every = config.train.steps.max(1);
    }
    if free("eval.every") {
        config.eval.every = (config.train.steps / 8).max(1);
    }
    if free("eval.samples") {
        config.eval.samples = 256;
    }
}

/// DPO first, since its path is the baseline; WDPO (Algorithm 1) at three ρ, KLDPO at three τ, of which 0.5 and 1 are published.
fn comparison() -> Vec<LaneConfig> {
    let mut lanes = vec![LaneConfig::new("dpo")];
    lanes.extend(RHOS.map(|rho| LaneConfig::new("wdpo").with("rho", rho)));
    lanes.extend([0.1, 0.5, 1.0].map(|tau| LaneConfig::new("kldpo").with("tau", tau)));
    lanes.into_iter().map(|l| l.with("beta", 0.1)).collect()
}

/// WDPO's ρ in the form of Algorithm 1; the published 50 to 100 belong to other embeddings.
const RHOS: [f64; 3] = [0.1, 0.5, 2.0];

/// Each method with the learning rate that gives the most reward at α₀ on a seed of its own, among those that end within
/// `most_kl` of the reference (or else nearest to it).
fn tune(config: &RunConfig, methods: &[LaneConfig], most_kl: f32, train: &impl Fn(RunConfig) -> Result<Ran>) -> Result<Vec<LaneConfig>> {
    let lanes: Vec<LaneConfig> = methods.iter().flat_map(|m| RATES.map(|r| LaneConfig { learning_rate: Some(r), ..m.clone() })).collect();
    let mut config = RunConfig { seed: TUNING_SEED, lanes: lanes.clone(), ..config.clone() };
    config.eval.every = config.train.steps.max(1);
    let at = config.data.mix[1] as f32;
    let ran = train(config)?;
    let end = ran.looks.last().and_then(|e| e.curve.as_ref());
    let score = |lane: usize| end.map_or(0.0, |c| at_alpha(&c.alphas, lane_of(c, lane, &c.reward), at));
    let kl = |lane: usize| ran.looks.last().and_then(|e| e.kl.get(lane)).copied().unwrap_or(0.0);
    Ok((0..methods.len()).filter_map(|m| {
        let all = || (0..RATES.len()).map(|r| m * RATES.len() + r);
        let best = all().filter(|l| kl(*l) <= most_kl).max_by(|a, b| score(*a).total_cmp(&score(*b)));
        let best = best.or_else(|| all().min_by(|a, b| kl(*a).total_cmp(&kl(*b))))?;
        lanes.get(best).cloned()
    }).collect())
}

/// A lane's row of `[lane, α]`.
fn lane_of<'a>(curve: &Curve, lane: usize, values: &'a [f32]) -> &'a [f32] {
    let n = curve.alphas.len();
    values.get(lane * n..(lane + 1) * n).unwrap_or(&[])
}

/// The trajectory of one lane.
fn path(looks: &[Evaluation], lane: usize) -> Vec<Point> {
    looks.iter().filter_map(|e| {
        let c = e.curve.as_ref()?;
        Some(Point { kl: *e.kl.get(lane)?, learned: lane_of(c, lane, &c.reward).to_vec(), words: lane_of(c, lane, &c.words).to_vec() })
    }).collect()
}

/// Where a trajectory first comes as far as `kl` from the reference, by linear interpolation.
fn crossing(path: &[Point], kl: f32) -> Option<Vec<f32>> {
    let i = path.windows(2).position(|w| w[0].kl <= kl && w[1].kl >= kl && w[1].kl > w[0].kl)?;
    let t = (kl - path[i].kl) / (path[i + 1].kl - path[i].kl);
    Some(path[i].learned.iter().zip(&path[i + 1].learned).map(|(a, b)| a + t * (b - a)).collect())
}

/// A curve's value at `alpha`, between the points where it was measured.
fn at_alpha(alphas: &[f32], curve: &[f32], alpha: f32) -> f32 {
    let Some(i) = alphas.windows(2).position(|w| w[0] <= alpha && alpha <= w[1]) else { return f32::NAN };
    let t = (alpha - alphas[i]) / (alphas[i + 1] - alphas[i]);
    match (curve.get(i), curve.get(i + 1)) {
        (Some(a), Some(b)) => a + t * (b - a),
        _ => f32::NAN,
    }
}

/// Mean over α, by the trapezoid rule.
fn area(alphas: &[f32], curve: &[f32]) -> f32 {
    alphas.windows(2).zip(curve.windows(2)).map(|(a, c)| (a[1] - a[0]) * (c[0] + c[1]) / 2.0).sum()
}

fn least(_: &[f32], curve: &[f32]) -> f32 {
    curve.iter().copied().fold(f32::INFINITY, f32::min)
}

fn over_alpha(points: &[Point], of: impl Fn(&Point) -> &Vec<f32>) -> Vec<Estimate> {
    let n = points.first().map_or(0, |p| of(p).len());
    (0..n).map(|i| Estimate::of(points.iter().map(|p| of(p).get(i).copied()))).collect()
}

fn row(mixture: Mixture, lane: &LaneConfig, paths: &[Vec<Point>], dpo: &[Vec<Point>], alphas: &[f32], alpha0: f32) -> Row {
    let ends: Vec<Point> = paths.iter().filter_map(|p| p.last().cloned()).collect();
    let early: Vec<Option<Vec<f32>>> = ends.iter().zip(dpo).map(|(end, dpo)| crossing(dpo, end.kl)).collect();
    let at = |alpha: f32| move |alphas: &[f32], curve: &[f32]| at_alpha(alphas, curve, alpha);
    let end = |f: &dyn Fn(&[f32], &[f32]) -> f32| Estimate::of(ends.iter().map(|p| Some(f(alphas, &p.learned))));
    let over = |f: &dyn Fn(&[f32], &[f32]) -> f32| {
        Estimate::of(ends.iter().zip(&early).map(|(p, e)| e.as_ref().map(|e| f(alphas, &p.learned) - f(alphas, e))))
    };
    Row {
        mixture,
        method: lane_name(lane),
        learning_rate: lane.learning_rate.unwrap_or(f64::NAN),
        kl: Estimate::of(ends.iter().map(|p| Some(p.kl))),
        at_training: end(&at(alpha0)), at_one: end(&at(1.0)), worst: end(&least), area: end(&area),
        over_dpo_at_training: over(&at(alpha0)), over_dpo_at_one: over(&at(1.0)), over_dpo_worst: over(&least), over_dpo_area: over(&area),
        learned: over_alpha(&ends, |p| &p.learned),
        words: over_alpha(&ends, |p| &p.words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_summed_up_and_compared_at_equal_distance() {
        let alphas = [0.0, 0.5, 1.0];
        assert!((area(&alphas, &[0.8, 0.6, 0.2]) - 0.55).abs() < 1e-6);
        assert!((at_alpha(&alphas, &[0.8, 0.6, 0.2], 0.1) - 0.76).abs() < 1e-6);
        assert!((at_alpha(&alphas, &[0.8, 0.6, 0.2], 1.0) - 0.2).abs() < 1e-6);
        assert_eq!(least(&alphas, &[0.8, 0.6, 0.2]), 0.2);
        let point = |kl: f32, v: f32| Point { kl, learned: vec![v; 3], words: vec![] };
        let path = [point(0.0, 0.2), point(1.0, 0.4), point(0.8, 0.5), point(3.0, 0.9)];
        assert_eq!(crossing(&path, 0.5), Some(vec![0.3; 3]));
        assert!(crossing(&path, 4.0).is_none());
        assert!(crossing(&path, 2.0).is_some_and(|c| (c[0] - (0.5 + 0.4 * 1.2 / 2.2)).abs() < 1e-6));
        let lane = LaneConfig::new("kldpo");
        let row = row(Mixture::Convex, &lane, &[vec![point(0.0, 0.2), point(1.0, 0.7)]], &[path.to_vec()], &alphas, 0.1);
        assert!((row.over_dpo_area.mean - 0.3).abs() < 1e-6 && row.over_dpo_area.n == 1);
    }
}
