//! `prefshift league`: methods × scenarios × seeds, as lanes, with clean and with flipped labels; a table with standard errors.

use crate::args::{LeagueArgs, parse_lane, set};
use crate::compare::{self, Estimate};
use crate::files;
use crate::report::{Point, crossing, path};
use prefshift::config::{LaneConfig, RunConfig};
use prefshift::data;
use prefshift::device::Compute;
use prefshift::error::{Error, Result};
use prefshift::eval::shift;
use prefshift::event::{Event, GroupInfo};
use prefshift::experiment::{Experiment, Inputs, lane_name};
use prefshift::objective::{self, Family};
use serde::{Deserialize, Serialize};
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
    /// What flipping a tenth of the labels costs, seed by seed: mean reward at the training mix with clean labels less that with flipped ones.
    noise: Estimate,
    /// The first three where the trajectory first reaches the common KL.
    at_worst: Estimate,
    at_mean: Estimate,
    at_flipped: Estimate,
    /// Time of a step over that of a DPO step, over stretches in turns.
    cost: Estimate,
}

/// What `--cost-only` writes of one method, and `--costs` reads.
#[derive(Serialize, Deserialize)]
struct Cost {
    scenario: String,
    method: String,
    cost: Estimate,
}

pub fn league(args: &LeagueArgs) -> Result<()> {
    let methods = methods(args)?;
    let started = Instant::now();
    let configs = args.scenarios.iter().map(|s| base(args, s, &methods)).collect::<Result<Vec<_>>>()?;
    if args.cost_only {
        return costs(args, &configs, &methods);
    }
    let known: Option<Vec<Cost>> = match &args.costs {
        Some(path) => Some(serde_json::from_slice(&files::read_bytes(path)?).map_err(|e| Error::config("--costs", e.to_string(), "what --cost-only --json --out wrote"))?),
        None => None,
    };
    let mut rows = Vec::new();
    for (scenario, config) in args.scenarios.iter().zip(&configs) {
        rows.extend(compare(args, scenario, config, &methods, known.as_deref())?);
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
    put(args, &text)
}

fn put(args: &LeagueArgs, text: &str) -> Result<()> {
    match &args.out {
        Some(path) => files::write(path, text.as_bytes()),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

/// `--cost-only`: what a step costs, on a machine that has nothing else to do.
fn costs(args: &LeagueArgs, configs: &[RunConfig], methods: &[LaneConfig]) -> Result<()> {
    let mut found = Vec::new();
    for (scenario, config) in args.scenarios.iter().zip(configs) {
        let reference = reference(args, scenario, config)?;
        let mut dpo = Clock::start(config, &LaneConfig::new("dpo"), &reference)?;
        for lane in methods {
            found.push(Cost { scenario: scenario.clone(), method: lane_name(lane), cost: cost(&mut dpo, config, lane, &reference)? });
        }
    }
    if args.json {
        return put(args, &format!("{}\n", json!(found)));
    }
    let mut text = String::from("| scenario | method | step ÷ DPO step |\n|---|---|---|\n");
    found.iter().for_each(|c| text += &format!("| {} | {} | {} |\n", c.scenario, c.method, c.cost.cell(2, 1)));
    put(args, &text)
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

/// One reference for all: trained once.
fn reference(args: &LeagueArgs, scenario: &str, config: &RunConfig) -> Result<Vec<u8>> {
    if data::build(config, None)?.reward.is_none() {
        return Err(Error::config("--scenario", format!("{scenario} has no reward"), "two-populations, shortcut or regions"));
    }
    compare::reference(config, Compute::cpu(), Inputs::default(), args.quiet)
}

fn compare(args: &LeagueArgs, scenario: &str, config: &RunConfig, methods: &[LaneConfig], known: Option<&[Cost]>) -> Result<Vec<Row>> {
    let reference = reference(args, scenario, config)?;
    let (clean, groups) = train(args, scenario, config, methods, &reference)?;
    let noisy = RunConfig { data: prefshift::config::DataConfig { flip: FLIP, ..config.data.clone() }, ..config.clone() };
    let (noisy, _) = train(args, scenario, &noisy, methods, &reference)?;
    let mut dpo = if known.is_none() { Some(Clock::start(config, &LaneConfig::new("dpo"), &reference)?) } else { None };
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
            at_mean: over(&equal, &mean), at_flipped: over(&equal, &flipped),
            cost: match (known, &mut dpo) {
                (Some(known), _) => known.iter().find(|c| c.scenario == scenario && c.method == lane_name(lane)).map_or_else(|| Estimate::of([]), |c| c.cost),
                (None, Some(dpo)) => cost(dpo, config, lane, &reference)?,
                (None, None) => Estimate::of([]),
            },
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

/// Steps of a stretch that is timed, and stretches of each method.
const STRETCH: usize = 5;
const ROUNDS: usize = 10;

/// One lane that is stepped while somebody looks at the clock.
struct Clock(Experiment);

impl Clock {
    /// At its first step, with everything that the method prepares behind it.
    fn start(config: &RunConfig, lane: &LaneConfig, reference: &[u8]) -> Result<Self> {
        let mut config = RunConfig { lanes: vec![LaneConfig { seed: 0, ..lane.clone() }], ..config.clone() };
        (config.train.steps, config.train.frame_every, config.eval.every, config.eval.samples) = (100_000, STRETCH, 1_000_000, 0);
        let mut clock = Self(Experiment::new(config, Compute::cpu(), Inputs { reference: Some(reference.to_vec()), ..Inputs::default() })?);
        clock.stretch()?;
        clock.stretch()?;
        Ok(clock)
    }

    /// Seconds until the next frame.
    fn stretch(&mut self) -> Result<f64> {
        let started = Instant::now();
        while !pollster::block_on(self.0.next())?.iter().any(|e| matches!(e, Event::Frame(_))) {}
        Ok(started.elapsed().as_secs_f64())
    }
}

/// A step of this lane over one of DPO's: stretches in turns, so that what else the machine does meets both.
fn cost(dpo: &mut Clock, config: &RunConfig, lane: &LaneConfig, reference: &[u8]) -> Result<Estimate> {
    let mut clock = Clock::start(config, lane, reference)?;
    let ratios = (0..ROUNDS).map(|_| Ok((clock.stretch()? / dpo.stretch()?) as f32)).collect::<Result<Vec<_>>>()?;
    Ok(Estimate::of(ratios.into_iter().map(Some)))
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
        let cost = r.cost.cell(2, 1);
        text += &format!("| {} | {} | {cells} | {cost} |\n", r.scenario, r.method);
    }
    text
}

fn csv(rows: &[Row]) -> String {
    let names = ["worst", "mean", "flipped", "kl", "noise", "at_worst", "at_mean", "at_flipped", "cost"];
    let columns: Vec<String> = names.iter().flat_map(|n| [n.to_string(), format!("{n}_se"), format!("{n}_n")]).collect();
    let mut text = format!("scenario,method,{}\n", columns.join(","));
    for r in rows {
        // Where no seed had a value the cell is empty.
        let number = |v: f32, n: usize| if n == 0 { String::new() } else { v.to_string() };
        let cells: Vec<String> = [&r.worst, &r.mean, &r.flipped, &r.kl, &r.noise, &r.at_worst, &r.at_mean, &r.at_flipped, &r.cost].iter()
            .flat_map(|e| [number(e.mean, e.n), number(e.se, e.n), e.n.to_string()]).collect();
        text += &format!("{},\"{}\",{}\n", r.scenario, r.method.replace('"', "'"), cells.join(","));
    }
    text
}
