//! Command-line arguments, and the config they make.

use crate::files;
use clap::{Parser, Subcommand};
use prefshift::config::{LaneConfig, RunConfig};
use prefshift::data::emotion::own;
use prefshift::device::{Compute, DeviceKind};
use prefshift::error::{Error, Result};
use prefshift::experiment::Inputs;
use prefshift::train::checkpoint::Precision;
use serde_json::{Value, json};
use std::path::PathBuf;

/// DPO, KLDPO and WDPO side by side from one reference policy.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
pub struct Args {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train a reference policy on a scenario's corpus and write it as safetensors.
    Sft(SftArgs),
    /// Train every lane from one reference policy.
    Train(TrainArgs),
    /// Evaluate policy files on held-out pairs and fresh samples.
    Eval(EvalArgs),
    /// Compute a method's loss and weights on given log-probabilities.
    Loss(LossArgs),
    /// Print what a recorded trace holds.
    Replay(ReplayArgs),
    /// Train many methods over several seeds and write the comparison as a table.
    Report(ReportArgs),
    /// Do an experiment of the paper again and write its table and figure.
    Reproduce(ReproduceArgs),
    /// Train many methods on one or more scenarios over several seeds, with and without label noise, and rank them.
    League(LeagueArgs),
    /// List the methods with their formulas and parameters.
    Methods(MethodsArgs),
}

/// What every run takes.
#[derive(clap::Args, Clone)]
pub struct RunArgs {
    /// A RunConfig as JSON.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Seed of every random stream.
    #[arg(long)]
    pub seed: Option<u32>,
    /// two-populations, shortcut, regions, tabular or emotion.
    #[arg(long)]
    pub scenario: Option<String>,
    /// gpt, log-linear or tabular.
    #[arg(long)]
    pub policy: Option<String>,
    /// Your own pairs: JSONL with prompt, chosen, rejected, and optionally group and confidence; or texts for the emotion
    /// experiment: CSV or JSONL with text and label.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Share of each group in the training data, majority first: 0.9,0.1
    #[arg(long, value_delimiter = ',')]
    pub mix: Vec<f64>,
    /// A lane: METHOD[/FORM][:name=value,…]; repeat for more. Example: kldpo/radius:radius=0.2,beta=0.1
    #[arg(long = "lane", value_name = "LANE")]
    pub lanes: Vec<String>,
    /// Any field of the config by its dotted path: --set train.steps=200
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Start from this reference policy (safetensors) instead of training one.
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
    /// cpu, or webgpu in a build with the feature `gpu`.
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Print the config that would run, and stop.
    #[arg(long)]
    pub print_config: bool,
    /// No progress on the terminal.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(clap::Args)]
pub struct SftArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Where to write the policy.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How its numbers are written; f16 is half the size, grid (what ships with the page) a quarter once compressed; both round once.
    #[arg(long, value_enum, default_value = "f16")]
    pub precision: Precision,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct TrainArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Record the run as JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Save the run here at its end, to go on later.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Save it every N steps too.
    #[arg(long, value_name = "N", requires = "checkpoint")]
    pub checkpoint_every: Option<usize>,
    /// Go on from a checkpoint; --set and the like change what can change in a run.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "scenario", "reference"])]
    pub resume: Option<PathBuf>,
    /// Write every lane's policy into this folder as lane-N.safetensors.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct EvalArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Policies to evaluate (safetensors); `--reference` is what they are compared with.
    #[arg(required = true, value_name = "FILE")]
    pub policies: Vec<PathBuf>,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct LossArgs {
    /// A method of `prefshift methods`.
    #[arg(long)]
    pub method: String,
    /// A parameter of the method, or form=….
    #[arg(long = "param", value_name = "KEY=VALUE")]
    pub params: Vec<String>,
    /// Log-probabilities as JSON: policy_chosen, policy_rejected, ref_chosen, ref_rejected; where a method needs them also
    /// len_chosen, len_rejected, soft_label, ref2_chosen, ref2_rejected, noise; optional beta, group,
    /// grad_sq (for wdpo: ‖∇_e ℓ‖² of each pair).
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct ReplayArgs {
    /// A trace written by `train --trace`.
    pub trace: PathBuf,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// How many seeds, each a lane per method.
    #[arg(long, default_value_t = 5)]
    pub seeds: u32,
    /// Compare where each policy has come this far from the reference: KL in nats (gpt) or ‖θ‖ (log-linear).
    #[arg(long, default_value_t = 1.0)]
    pub at: f64,
    /// Write the rows here as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[arg(from_global)]
    pub json: bool,
}

/// What can be done again.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Paper {
    /// Emotion alignment under preference shift (section 7.1, Figure 2).
    Emotion,
}

#[derive(clap::Args)]
pub struct ReproduceArgs {
    /// Which experiment.
    #[arg(value_enum)]
    pub what: Paper,
    #[command(flatten)]
    pub run: RunArgs,
    /// How many seeds are tested.
    #[arg(long, default_value_t = 5)]
    pub seeds: u32,
    /// Learning rates are chosen among those that end within this KL of the reference, nats per completion.
    #[arg(long, default_value_t = 10.0)]
    pub most_kl: f64,
    /// Folder for the table (CSV, JSON, Markdown) and the figure (SVG).
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct LeagueArgs {
    /// A method as in --lane: METHOD[/FORM][:name=value,…]; repeat for more. Without one, DPO, KLDPO, WDPO, GR-DPO and Dr. DPO.
    #[arg(long = "method", value_name = "METHOD")]
    pub methods: Vec<String>,
    /// Every method of a family as well: all, paper, related, peer or trl.
    #[arg(long, value_name = "FAMILY")]
    pub family: Option<String>,
    /// A scenario; repeat for more.
    #[arg(long = "scenario", value_name = "SCENARIO", default_values_t = ["two-populations".to_string()])]
    pub scenarios: Vec<String>,
    /// How many seeds, each a lane per method.
    #[arg(long, default_value_t = 5)]
    pub seeds: u32,
    /// Compare where each policy has come this far from the reference: KL in nats.
    #[arg(long, default_value_t = 1.0)]
    pub at: f64,
    /// The same β for every method that has one and does not say its own; without it the published ones.
    #[arg(long)]
    pub beta: Option<f64>,
    /// Lanes that are trained at once: what memory allows.
    #[arg(long, default_value_t = 64)]
    pub lanes: usize,
    /// Only time a step of each method, on a machine that has nothing else to do.
    #[arg(long)]
    pub cost_only: bool,
    /// Take the times of steps from here, as --cost-only --json --out wrote them, instead of measuring them.
    #[arg(long, value_name = "FILE", conflicts_with = "cost_only")]
    pub costs: Option<PathBuf>,
    /// Any field of the config by its dotted path: --set train.steps=200
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Write comma-separated values instead of a table.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Write the result here instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// No progress on the terminal.
    #[arg(long, short)]
    pub quiet: bool,
    #[arg(from_global)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct MethodsArgs {
    #[arg(from_global)]
    pub json: bool,
}

impl RunArgs {
    /// The validated config that these arguments make.
    pub fn config(&self) -> Result<RunConfig> {
        let base = match &self.config {
            Some(path) => RunConfig::from_json(&files::read_text(path)?)?,
            None => self.preset()?,
        };
        self.over(base)
    }

    /// `base` with what these arguments say.
    pub fn over(&self, base: RunConfig) -> Result<RunConfig> {
        let mut value = serde_json::to_value(base).unwrap_or(Value::Null);
        if let Some(seed) = self.seed {
            value["seed"] = json!(seed);
        }
        if let Some(policy) = &self.policy {
            value["model"]["policy"] = json!(policy);
        }
        if !self.mix.is_empty() {
            value["data"]["mix"] = json!(self.mix);
        }
        if !self.lanes.is_empty() {
            let lanes = self.lanes.iter().map(|l| parse_lane(l)).collect::<Result<Vec<_>>>()?;
            value["lanes"] = json!(lanes);
        }
        for assignment in &self.set {
            set(&mut value, assignment)?;
        }
        RunConfig::from_json(&value.to_string())
    }

    fn preset(&self) -> Result<RunConfig> {
        if let Some(path) = &self.data {
            let text = files::read_text(path)?;
            if own::looks_like_texts(&text) {
                return Ok(RunConfig::for_texts(&own::read(&text)?.summary()));
            }
            return Ok(RunConfig::for_import(&prefshift::data::import::read(&text)?.summary()));
        }
        let name = match (self.scenario.as_deref(), self.policy.as_deref()) {
            (Some(name), _) => name,
            (None, Some("tabular")) => "tabular",
            _ => "two-populations",
        };
        let scenario = serde_json::from_value(json!(name)).map_err(|_| {
            Error::config("data.scenario", format!("`{name}` is unknown"), "two-populations, shortcut, regions, tabular or emotion")
        })?;
        Ok(RunConfig::for_scenario(scenario))
    }

    /// The files these arguments name.
    pub fn inputs(&self) -> Result<Inputs> {
        Ok(Inputs {
            imported: self.data.as_deref().map(files::read_text).transpose()?,
            reference: self.reference.as_deref().map(files::read_bytes).transpose()?,
            part: false,
        })
    }

    /// Opens the device.
    pub fn compute(&self) -> Result<Compute> {
        let kind: DeviceKind = serde_json::from_value(json!(self.device))
            .map_err(|_| Error::config("--device", format!("`{}` is unknown", self.device), "cpu or webgpu"))?;
        pollster::block_on(Compute::open(kind))
    }
}

/// `METHOD[/FORM][:name=value,…]`; `lr` and `seed` are the lane's own.
pub fn parse_lane(text: &str) -> Result<LaneConfig> {
    let (head, params) = text.split_once(':').unwrap_or((text, ""));
    let (method, form) = head.split_once('/').map_or((head, None), |(m, f)| (m, Some(f)));
    let mut lane = LaneConfig::new(method);
    lane.form = form.map(Into::into);
    for pair in params.split(',').filter(|p| !p.is_empty()) {
        let (key, number) = number_of(pair)?;
        match key {
            "lr" => lane.learning_rate = Some(number),
            "seed" => lane.seed = number as u32,
            _ => lane = lane.with(key, number),
        }
    }
    Ok(lane)
}

/// `key=number`.
pub fn number_of(pair: &str) -> Result<(&str, f64)> {
    let wrong = || Error::config(pair, "is not name=number", "for example tau=0.5");
    let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
    Ok((key, value.parse().map_err(|_| wrong())?))
}

pub fn set(config: &mut Value, assignment: &str) -> Result<()> {
    let (path, text) = assignment.split_once('=').ok_or_else(|| Error::config(assignment, "is not FIELD=VALUE", "for example train.steps=200"))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let pointer = format!("/{}", path.replace('.', "/"));
    match config.pointer_mut(&pointer) {
        Some(field) => *field = value,
        None => return Err(Error::config(path, "unknown field", "see --print-config")),
    }
    Ok(())
}
