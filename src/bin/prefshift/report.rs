//! `prefshift report`: many methods over several seeds, at the end of training and at equal distance from the
//! reference, as a Markdown table (and JSON). DPO's own trajectory is the early-stopping baseline.

use crate::args::ReportArgs;
use crate::compare::{self, Estimate};
use crate::files;
use prefshift::config::{LaneConfig, PolicyKind, RunConfig};
use prefshift::error::Result;
use prefshift::eval::shift;
use prefshift::event::{Evaluation, GroupInfo};
use prefshift::experiment::{Experiment, lane_name};
use serde::Serialize;
use serde_json::json;

/// One method's line of the table.
#[derive(Serialize)]
struct Row {
    method: String,
    /// At the last step.
    end: Values,
    /// Where the trajectory first reaches the common distance.
    equal: Values,
}

/// What is compared, per group in the order of the groups.
#[derive(Serialize)]
struct Values {
    accuracy: Vec<Estimate>,
    reward: Vec<Estimate>,
    /// Reward of the deployed population: as in training, and with the shares of the groups reversed.
    training_mix: Estimate,
    flipped_mix: Estimate,
    /// KL from the reference (nats), or ‖θ‖ for the log-linear policy.
    distance: Estimate,
}

/// One look at one lane: accuracy and reward per group, and how far it has come.
#[derive(Clone)]
pub(crate) struct Point {
    pub accuracy: Vec<f32>,
    pub reward: Vec<f32>,
    pub distance: f32,
}

pub fn report(args: &ReportArgs) -> Result<()> {
    let mut config = args.run.config()?;
    let methods = if args.run.lanes.is_empty() && args.run.config.is_none() { comparison(&config) } else { config.lanes.clone() };
    config.lanes = methods.iter().flat_map(|m| (0..args.seeds).map(move |seed| LaneConfig { seed, ..m.clone() })).collect();
    config.validate()?;
    if args.run.print_config {
        println!("{}", serde_json::to_string_pretty(&config).unwrap_or_default());
        return Ok(());
    }
    let gpt = config.model.policy == PolicyKind::Gpt;
    let mut experiment = Experiment::new(config.clone(), args.run.compute()?, args.run.inputs()?)?;
    let looks = compare::looks(&mut experiment, args.run.quiet, |_| ())?;
    let groups = experiment.data().groups.clone();
    let seeds = args.seeds as usize;
    let rows: Vec<Row> = methods.iter().enumerate().map(|(m, method)| {
        let paths: Vec<Vec<Point>> = (0..seeds).map(|s| path(&looks, m * seeds + s, groups.len(), gpt)).collect();
        let ends: Vec<Option<Point>> = paths.iter().map(|p| p.last().cloned()).collect();
        let equals: Vec<Option<Point>> = paths.iter().map(|p| crossing(p, args.at as f32)).collect();
        Row { method: lane_name(method), end: values(&ends, &groups), equal: values(&equals, &groups) }
    }).collect();
    let out = json!({ "config": config, "groups": groups, "at": args.at, "rows": rows, "version": env!("CARGO_PKG_VERSION") });
    if let Some(path) = &args.out {
        files::write(path, format!("{out}\n").as_bytes())?;
    }
    if args.json {
        println!("{out}");
    } else {
        print!("{}", markdown(&rows, &groups, &config, args));
    }
    Ok(())
}

/// DPO, KLDPO at four τ, WDPO at three ρ in both forms, GR-DPO, Dr. DPO; β as in the scenario's own lanes.
fn comparison(config: &RunConfig) -> Vec<LaneConfig> {
    let beta = config.lanes.first().map_or(0.1, |l| l.param("beta"));
    let mut lanes = vec![LaneConfig::new("dpo")];
    lanes.extend([1.0, 0.5, 0.25, 0.1].map(|tau| LaneConfig::new("kldpo").with("tau", tau)));
    let linear = config.model.policy != PolicyKind::Gpt;
    lanes.extend([0.1, 0.5, 2.0].map(|rho| LaneConfig::new("wdpo").with("rho", rho)));
    // Appendix F squares the gradient: where gradients are large its ρ is smaller for the same effect.
    let squared = if linear { [0.1, 0.5, 2.0] } else { [0.01, 0.05, 0.2] };
    lanes.extend(squared.map(|rho| LaneConfig::new("wdpo").form("appendix_f").with("rho", rho)));
    lanes.extend([LaneConfig::new("gr_dpo"), LaneConfig::new("dr_dpo")]);
    lanes.into_iter().map(|l| l.with("beta", beta)).collect()
}

/// The trajectory of one lane.
pub(crate) fn path(looks: &[Evaluation], lane: usize, groups: usize, gpt: bool) -> Vec<Point> {
    let of = |v: &[f32]| v.get(lane * groups..(lane + 1) * groups).map_or_else(Vec::new, <[f32]>::to_vec);
    looks.iter().map(|e| Point {
        accuracy: of(&e.accuracy),
        reward: of(&e.reward),
        distance: if gpt { e.kl.get(lane).copied().unwrap_or(f32::NAN) } else { e.distance[lane] },
    }).collect()
}

/// Where a trajectory first reaches `distance`, by linear interpolation; `None` where it never does.
pub(crate) fn crossing(path: &[Point], distance: f32) -> Option<Point> {
    let i = path.windows(2).position(|w| w[0].distance < distance && w[1].distance >= distance)?;
    let (a, b) = (&path[i], &path[i + 1]);
    let t = (distance - a.distance) / (b.distance - a.distance);
    let mix = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x + t * (y - x)).collect();
    Some(Point { accuracy: mix(&a.accuracy, &b.accuracy), reward: mix(&a.reward, &b.reward), distance })
}

fn values(points: &[Option<Point>], groups: &[GroupInfo]) -> Values {
    let estimate = |f: &dyn Fn(&Point) -> Option<f32>| Estimate::of(points.iter().map(|p| p.as_ref().and_then(f)));
    let mix: Vec<f64> = groups.iter().map(|g| g.share).collect();
    let reversed: Vec<f64> = mix.iter().rev().copied().collect();
    let value = |mix: &[f64], p: &Point| (!p.reward.is_empty()).then(|| shift::value(mix, &p.reward) as f32);
    Values {
        accuracy: (0..groups.len()).map(|g| estimate(&|p| p.accuracy.get(g).copied())).collect(),
        reward: (0..groups.len()).map(|g| estimate(&|p| p.reward.get(g).copied())).collect(),
        training_mix: estimate(&|p| value(&mix, p)),
        flipped_mix: estimate(&|p| value(&reversed, p)),
        distance: estimate(&|p| Some(p.distance)),
    }
}

fn markdown(rows: &[Row], groups: &[GroupInfo], config: &RunConfig, args: &ReportArgs) -> String {
    let gpt = config.model.policy == PolicyKind::Gpt;
    let cell = |e: &Estimate| e.cell(2, args.seeds);
    let unit = if gpt { "KL" } else { "‖θ‖" };
    let mut head = vec!["method".to_string()];
    head.extend(groups.iter().map(|g| format!("accuracy, {}", g.name)));
    if gpt {
        head.extend(["reward, training mix".into(), "reward, flipped mix".into()]);
    }
    head.push(unit.into());
    head.extend(groups.iter().map(|g| format!("accuracy, {}, at {unit} {}", g.name, args.at)));
    if gpt {
        head.extend([format!("training mix at KL {}", args.at), format!("flipped mix at KL {}", args.at)]);
    }
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let mut cells = vec![row.method.clone()];
        cells.extend(row.end.accuracy.iter().map(&cell));
        if gpt {
            cells.extend([cell(&row.end.training_mix), cell(&row.end.flipped_mix)]);
        }
        cells.push(cell(&row.end.distance));
        cells.extend(row.equal.accuracy.iter().map(&cell));
        if gpt {
            cells.extend([cell(&row.equal.training_mix), cell(&row.equal.flipped_mix)]);
        }
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text += &format!(
        "\n{} steps of {} pairs, {} seeds, mean ± standard error; * not every seed came that far; – none did.\n",
        config.train.steps, config.train.batch, args.seeds
    );
    text
}
