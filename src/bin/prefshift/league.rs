//! `prefshift league`: methods × scenarios × seeds, as lanes, with clean and with flipped labels; a table with standard errors.

use crate::args::{LeagueArgs, parse_lane, set};
use crate::compare::{self, Estimate};
use crate::files;
use crate::report::{Point, crossing, path};
use crate::run::drive;
use prefshift::config::{LaneConfig, RunConfig};
use prefshift::data;
use prefshift::device::Compute;
use prefshift::error::{Error, Result};
use prefshift::eval::shift;
use prefshift::event::{Event, GroupInfo};
use prefshift::experiment::{Experiment, Inputs, lane_name};
use prefshift::objective::{self, Family};
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// Share of labels that are flipped where the sensitivity to noise is measured.
const FLIP: f64 = 0.1;

/// One method on one scenario; estimates over seeds.
#[derive(Serialize)]
struct Row {
    scenario: String,
    method: String,
    lane: LaneConfig,
    /// Mean reward of the group that has the least.
    worst: Estimate,
    /// Mean reward at the training mix.
    mean: Estimate,
    /// Mean reward with the shares of the groups reversed.
    flipped: Estimate,
    /// KL from the reference, nats.
    kl: Estimate,
    /// Mean reward at the training mix, clean labels minus a tenth flipped, per seed.
    noise: Estimate,
    /// The first three where the trajectory first reaches the common KL.
    at_worst: Estimate,
    at_mean: Estimate,
    at_flipped: Estimate,
    /// Time of a step over that of a DPO step, the least of several each.
    cost: f64,
}

pub fn league(args: &LeagueArgs) -> Result<()> {
    let methods = methods(args)?;
    let started = Instant::now();
    let mut rows = Vec::new();
    let mut configs = Vec::new();
    for scenario in &args.scenarios {
        let config = base(args, scenario, &methods)?;
        rows.extend(compare(args, scenario, &config, &methods)?);
        configs.push(config);
    }
    let config = &configs[0];
    let (steps, batch) = (config.train.steps, config.train.batch);
    let text = if args.json {
        format!("{}\n", json!({ "version": env!("CARGO_PKG_VERSION"), "seeds": args.seeds, "at": args.at, "configs": configs, "rows": rows }))
    } else if args.csv {
        csv(&rows)
    } else {
        format!("{}\n{steps} steps of {batch} pairs, {} seeds, mean ± standard error; * not every seed came that far; – none did.\n", table(&rows, args), args.seeds)
    };
    if !args.quiet {
        eprintln!("{} rows in {:.0} s", rows.len(), started.elapsed().as_secs_f64());
    }
    match &args.out {
        Some(path) => files::write(path, text.as_bytes()),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

/// The methods that were named and those of the family, DPO first: costs are relative to it.
fn methods(args: &LeagueArgs) -> Result<Vec<LaneConfig>> {
    let mut lanes = args.methods.iter().map(|m| parse_lane(m)).collect::<Result<Vec<_>>>()?;
    let wanted = |family: Family| json!(family) == json!(args.family);
    if let Some(family) = &args.family {
        let found: Vec<_> = objective::methods().into_iter().filter(|m| family == "all" || wanted(m.family)).collect();
        if found.is_empty() {
            return Err(Error::config("--family", format!("`{family}` is unknown"), "all, paper, related, peer or trl"));
        }
        for info in found {
            if !lanes.iter().any(|l| l.method == info.id) {
                lanes.push(LaneConfig::new(info.id));
            }
        }
    } else if lanes.is_empty() {
        lanes = ["dpo", "kldpo", "wdpo", "gr_dpo", "dr_dpo"].map(LaneConfig::new).to_vec();
    }
    for (i, lane) in lanes.iter_mut().enumerate() {
        lane.validate(&format!("--method {i}"))?;
        let own = lane.params.contains_key("beta");
        if let Some(beta) = args.beta.filter(|_| !own)
            && lane.info("--method")?.params.iter().any(|p| p.id == "beta")
        {
            *lane = lane.clone().with("beta", beta);
        }
    }
    Ok(lanes)
}

fn base(args: &LeagueArgs, scenario: &str, methods: &[LaneConfig]) -> Result<RunConfig> {
    let unknown = || Error::config("--scenario", format!("`{scenario}` is unknown"), "two-populations, shortcut or regions");
    let mut config = RunConfig::for_scenario(serde_json::from_value(json!(scenario)).map_err(|_| unknown())?);
    config.lanes = methods.to_vec();
    config.eval.every = (config.train.steps / 12).max(1);
    let mut value = serde_json::to_value(config).unwrap_or_default();
    for assignment in &args.set {
        set(&mut value, assignment)?;
    }
    let config = RunConfig::from_json(&value.to_string())?;
    if config.eval.samples == 0 {
        return Err(Error::config("eval.samples", "0", "a league compares rewards of samples: at least 1"));
    }
    Ok(config)
}

/// Trajectories `[method][seed]` at one share of flipped labels, and the groups.
type Paths = (Vec<Vec<Vec<Point>>>, Vec<GroupInfo>);

fn compare(args: &LeagueArgs, scenario: &str, config: &RunConfig, methods: &[LaneConfig]) -> Result<Vec<Row>> {
    if data::build(config, None)?.reward.is_none() {
        return Err(Error::config("--scenario", format!("{scenario} has no reward"), "two-populations, shortcut or regions"));
    }
    let reference = compare::reference(config, Compute::cpu(), Inputs::default(), args.quiet)?;
    let (clean, groups) = train(args, scenario, config, methods, &reference)?;
    let noisy = RunConfig { data: prefshift::config::DataConfig { flip: FLIP, ..config.data.clone() }, ..config.clone() };
    let (noisy, _) = train(args, scenario, &noisy, methods, &reference)?;
    let dpo = time(config, &LaneConfig::new("dpo"), &reference)?;
    let mix: Vec<f64> = groups.iter().map(|g| g.share).collect();
    let reversed: Vec<f64> = mix.iter().rev().copied().collect();
    let worst = |p: &Point| p.reward.iter().copied().fold(f32::INFINITY, f32::min);
    let mean = |p: &Point| shift::value(&mix, &p.reward) as f32;
    let flipped = |p: &Point| shift::value(&reversed, &p.reward) as f32;
    methods.iter().enumerate().map(|(m, lane)| {
        let ends: Vec<&Point> = clean[m].iter().filter_map(|p| p.last()).collect();
        let equal: Vec<Point> = clean[m].iter().filter_map(|p| crossing(p, args.at as f32)).collect();
        let over = |points: &[&Point], f: &dyn Fn(&Point) -> f32| Estimate::of(points.iter().map(|p| Some(f(p))));
        let equal: Vec<&Point> = equal.iter().collect();
        let lost = ends.iter().zip(noisy[m].iter().filter_map(|p| p.last())).map(|(c, n)| Some(mean(c) - mean(n)));
        Ok(Row {
            scenario: scenario.into(), method: lane_name(lane), lane: lane.clone(), worst: over(&ends, &worst), mean: over(&ends, &mean),
            flipped: over(&ends, &flipped), kl: over(&ends, &|p| p.distance), noise: Estimate::of(lost), at_worst: over(&equal, &worst),
            at_mean: over(&equal, &mean), at_flipped: over(&equal, &flipped), cost: time(config, lane, &reference)? / dpo,
        })
    }).collect()
}

/// Trains every method at every seed, as many lanes at once as were asked for.
fn train(args: &LeagueArgs, scenario: &str, config: &RunConfig, methods: &[LaneConfig], reference: &[u8]) -> Result<Paths> {
    let seeds = args.seeds as usize;
    let lanes: Vec<LaneConfig> = methods.iter().flat_map(|m| (0..args.seeds).map(move |seed| LaneConfig { seed, ..m.clone() })).collect();
    let at_once = args.lanes.clamp(1, prefshift::config::MAX_LANES);
    let (mut paths, mut groups) = (Vec::new(), Vec::new());
    for (i, part) in lanes.chunks(at_once).enumerate() {
        if !args.quiet {
            eprintln!("{scenario}, {:.0} % of labels flipped: lanes {} to {} of {}", config.data.flip * 100.0, i * at_once + 1, i * at_once + part.len(), lanes.len());
        }
        let config = RunConfig { lanes: part.to_vec(), ..config.clone() };
        let mut experiment = Experiment::new(config, Compute::cpu(), Inputs { reference: Some(reference.to_vec()), ..Inputs::default() })?;
        let looks = compare::looks(&mut experiment, args.quiet, |_| ())?;
        groups.clone_from(&experiment.data().groups);
        paths.extend((0..part.len()).map(|lane| path(&looks, lane, groups.len(), true)));
    }
    Ok((paths.chunks_exact(seeds).map(<[_]>::to_vec).collect(), groups))
}

/// Seconds of a step of this lane alone: the least over several stretches, so that other work on the machine counts little.
fn time(config: &RunConfig, lane: &LaneConfig, reference: &[u8]) -> Result<f64> {
    const STRETCH: usize = 4;
    let mut config = RunConfig { lanes: vec![LaneConfig { seed: 0, ..lane.clone() }], ..config.clone() };
    (config.train.steps, config.train.frame_every, config.eval.every, config.eval.samples) = (10 * STRETCH + 1, STRETCH, 1_000_000, 0);
    let mut experiment = Experiment::new(config, Compute::cpu(), Inputs { reference: Some(reference.to_vec()), ..Inputs::default() })?;
    let (mut last, mut least) = (None, f64::INFINITY);
    drive(&mut experiment, true, |_, event| {
        if matches!(event, Event::Frame(_)) {
            let now = Instant::now();
            if let Some(last) = last.replace(now) {
                least = least.min((now - last).as_secs_f64() / STRETCH as f64);
            }
        }
        Ok(true)
    })?;
    Ok(least)
}

fn table(rows: &[Row], args: &LeagueArgs) -> String {
    let cell = |e: &Estimate| e.cell(2, args.seeds);
    let head = [
        "scenario", "method", "worst group", "training mix", "flipped mix", "KL", "lost to 10 % flips", format!("worst group at KL {}", args.at).as_str(),
        format!("training mix at KL {}", args.at).as_str(), format!("flipped mix at KL {}", args.at).as_str(), "step ÷ DPO step",
    ].join(" | ");
    let mut text = format!("| {head} |\n|{}\n", "---|".repeat(11));
    for r in rows {
        let cells = [&r.worst, &r.mean, &r.flipped, &r.kl, &r.noise, &r.at_worst, &r.at_mean, &r.at_flipped].map(cell).join(" | ");
        text += &format!("| {} | {} | {cells} | {:.2} |\n", r.scenario, r.method, r.cost);
    }
    text
}

fn csv(rows: &[Row]) -> String {
    let names = ["worst", "mean", "flipped", "kl", "noise", "at_worst", "at_mean", "at_flipped"];
    let columns: Vec<String> = names.iter().flat_map(|n| [n.to_string(), format!("{n}_se"), format!("{n}_n")]).collect();
    let mut text = format!("scenario,method,{},cost\n", columns.join(","));
    for r in rows {
        // Where no seed had a value the cell is empty.
        let number = |v: f32, n: usize| if n == 0 { String::new() } else { v.to_string() };
        let cells: Vec<String> = [&r.worst, &r.mean, &r.flipped, &r.kl, &r.noise, &r.at_worst, &r.at_mean, &r.at_flipped].iter()
            .flat_map(|e| [number(e.mean, e.n), number(e.se, e.n), e.n.to_string()]).collect();
        text += &format!("{},\"{}\",{},{:.3}\n", r.scenario, r.method.replace('"', "'"), cells.join(","), r.cost);
    }
    text
}
