//! `sft`, `train`, `eval`, `replay`, `methods`.

use crate::args::{EvalArgs, MethodsArgs, ReplayArgs, RunArgs, SftArgs, TrainArgs};
use crate::files;
use indicatif::{ProgressBar, ProgressStyle};
use prefshift::config::{LaneConfig, RunConfig};
use prefshift::data;
use prefshift::error::{Error, ErrorCode, Result};
use prefshift::eval::{Evaluator, shift};
use prefshift::event::{Evaluation, Event, Stage, Started};
use prefshift::experiment::Experiment;
use prefshift::objective;
use prefshift::policy::{self, Parameters};
use prefshift::trace;
use prefshift::train::Trainer;
use prefshift::train::checkpoint;
use serde_json::json;
use std::io::IsTerminal;
use std::path::Path;

/// Progress on the terminal; silent where there is none.
struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{msg:28} {bar:30} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::no_length().with_style(style))
    }

    fn show(&self, event: &Event, steps: usize) {
        let (message, done, total) = match event {
            Event::Progress(p) if p.stage == Stage::Sft => {
                (p.loss.map_or("reference policy".into(), |l| format!("reference policy {l:.3}")), p.done, p.total)
            }
            Event::Progress(p) if matches!(p.stage, Stage::RewardModel | Stage::Pairs) => {
                (if p.stage == Stage::Pairs { "writing texts" } else { "reward model" }.to_string(), p.done, p.total)
            }
            Event::Frame(f) => ("training".to_string(), f.step + 1, steps),
            Event::Warning(w) => return self.0.suspend(|| eprintln!("note: {}", w.message)),
            _ => return,
        };
        self.0.set_message(message);
        self.0.set_length(total as u64);
        self.0.set_position(done as u64);
    }
}

/// Runs an experiment, showing progress; `see` gets every event. Stops after `done`, or where `see` says so.
pub fn drive(experiment: &mut Experiment, quiet: bool, mut see: impl FnMut(&Experiment, &Event) -> Result<bool>) -> Result<()> {
    let bar = Bar::new(quiet);
    loop {
        let events = pollster::block_on(experiment.next())?;
        for event in &events {
            bar.show(event, experiment.config().train.steps);
            if !see(experiment, event)? || matches!(event, Event::Done(_)) {
                bar.0.finish_and_clear();
                return Ok(());
            }
        }
    }
}

/// The experiment these arguments describe; `None` after printing the config.
pub fn open(args: &RunArgs) -> Result<Option<Experiment>> {
    let config = args.config()?;
    if args.print_config {
        println!("{}", serde_json::to_string_pretty(&config).unwrap_or_default());
        return Ok(None);
    }
    Experiment::new(config, args.compute()?, args.inputs()?).map(Some)
}

pub fn sft(args: &SftArgs) -> Result<()> {
    let Some(mut experiment) = open(&args.run)? else { return Ok(()) };
    let mut loss = None;
    drive(&mut experiment, args.run.quiet, |_, event| {
        if let Event::Progress(p) = event {
            loss = if p.stage == Stage::Sft { p.loss } else { loss };
            return Ok(p.stage != Stage::Reference);
        }
        Ok(true)
    })?;
    let bytes = pollster::block_on(experiment.export_in(None, args.precision))?;
    files::write(&args.out, &bytes)?;
    if args.json {
        println!("{}", json!({ "out": args.out, "bytes": bytes.len(), "loss": loss }));
    } else {
        println!("{}: {} bytes, last loss {:.3} nats per token", args.out.display(), bytes.len(), loss.unwrap_or(f32::NAN));
    }
    Ok(())
}

pub fn train(args: &TrainArgs) -> Result<()> {
    let opened = if let Some(path) = &args.resume { resume(args, path)? } else { open(&args.run)? };
    let Some(mut experiment) = opened else { return Ok(()) };
    let mut recorded = String::new();
    let mut started = None;
    let mut last = None;
    let mut saved = 0;
    drive(&mut experiment, args.run.quiet, |experiment, event| {
        match event {
            Event::Started(s) => started = Some((**s).clone()),
            Event::Evaluation(e) => last = Some(e.clone()),
            _ => {}
        }
        if args.trace.is_some() {
            recorded += &trace::line(event)?;
        }
        if let (Some(path), Some(every)) = (&args.checkpoint, args.checkpoint_every)
            && let Some(steps) = experiment.steps()
            && steps / every.max(1) > saved
        {
            saved = steps / every.max(1);
            files::write(path, &pollster::block_on(experiment.checkpoint())?)?;
        }
        Ok(true)
    })?;
    if let Some(path) = &args.checkpoint {
        files::write(path, &pollster::block_on(experiment.checkpoint())?)?;
    }
    if let Some(path) = &args.trace {
        files::write(path, recorded.as_bytes())?;
    }
    if let Some(folder) = &args.save {
        for lane in 0..experiment.config().lanes.len() {
            let bytes = pollster::block_on(experiment.export(Some(lane)))?;
            files::write(&folder.join(format!("lane-{lane}.safetensors")), &bytes)?;
        }
    }
    let (Some(started), Some(last)) = (started, last) else { return Ok(()) };
    print_evaluation(&started, &last, args.json);
    Ok(())
}

/// Goes on from a checkpoint, with the arguments that a run in progress can take.
fn resume(args: &TrainArgs, path: &Path) -> Result<Option<Experiment>> {
    let named = |e: Error| Error { message: format!("{}: {}", path.display(), e.message), ..e };
    let mut experiment = Experiment::resume(&files::read_bytes(path)?, args.run.compute()?, args.run.inputs()?, None).map_err(named)?;
    let config = args.run.over(experiment.config().clone())?;
    if args.run.print_config {
        println!("{}", serde_json::to_string_pretty(&config).unwrap_or_default());
        return Ok(None);
    }
    let update = experiment.update(config)?;
    if let Some(field) = update.restart.first() {
        return Err(Error::config(field, "cannot change in a run that goes on", "start a new run"));
    }
    Ok(Some(experiment))
}

pub fn eval(args: &EvalArgs) -> Result<()> {
    let config = args.run.config()?;
    if args.run.print_config {
        println!("{}", serde_json::to_string_pretty(&config).unwrap_or_default());
        return Ok(());
    }
    let (compute, inputs) = (args.run.compute()?, args.run.inputs()?);
    let Some(reference) = inputs.reference else {
        return Err(Error::config("--reference", "is missing", "the reference policy that these were trained from"));
    };
    let dataset = data::build(&config, inputs.imported.as_deref())?;
    if dataset.emotion.is_some() {
        return Err(Error::config("--scenario", "`emotion` has no pairs until a run makes them", "use `prefshift train`, which evaluates as it goes"));
    }
    let device = compute.tensors(config.model.policy);
    let policy = policy::build(&config.model, dataset.vocabulary.len(), &device);
    let specs = policy.specs();
    let load = |bytes: &[u8]| checkpoint::load(bytes, &config.model, dataset.vocabulary.words(), &specs, &device);
    let reference = load(&reference)?;
    let lanes = args.policies.iter()
        .map(|path| load(&files::read_bytes(path)?).map_err(|e| Error { message: format!("{}: {}", path.display(), e.message), ..e }))
        .collect::<Result<Vec<_>>>()?;
    let evaluation = pollster::block_on(async {
        // A lane a policy; how it was trained does not matter here.
        let config = RunConfig { lanes: vec![LaneConfig::new("dpo"); lanes.len()], ..config.clone() };
        let mut trainer = Trainer::new(&config, policy.as_ref(), &reference, dataset.groups.len(), &device);
        trainer.load(&Parameters::cat(&lanes));
        let held_out = trainer.reference_logps(policy.as_ref(), &dataset.eval).await?;
        Evaluator::new(&config, &dataset, held_out).evaluate(&mut trainer, &config, &dataset, policy.as_ref()).await
    })?;
    let started = described(&config, &dataset, args);
    print_evaluation(&started, &evaluation, args.json);
    Ok(())
}

fn described(config: &RunConfig, dataset: &data::Dataset, args: &EvalArgs) -> Started {
    Started {
        version: env!("CARGO_PKG_VERSION").into(),
        config: config.clone(),
        device: String::new(),
        groups: dataset.groups.clone(),
        lanes: args.policies.iter().map(|p| p.display().to_string()).collect(),
        vocabulary: vec![],
        parameters: 0,
        pairs: vec![],
        has_reward: dataset.reward.is_some(),
        resumed: None,
    }
}

pub fn replay(args: &ReplayArgs) -> Result<()> {
    let events = trace::read(&files::read_text(&args.trace)?)?;
    let Some(Event::Started(started)) = events.first() else {
        return Err(Error::new(ErrorCode::Trace, "the first event is not `started`", "use a file written by --trace"));
    };
    let evaluations: Vec<&Evaluation> = events.iter().filter_map(|e| if let Event::Evaluation(e) = e { Some(e) } else { None }).collect();
    let frames = events.iter().filter(|e| matches!(e, Event::Frame(_))).count();
    if !args.json {
        println!("recorded by version {} on {}: {} frames, {} evaluations", started.version, started.device, frames, evaluations.len());
    }
    match evaluations.last() {
        Some(last) => print_evaluation(started, last, args.json),
        None if args.json => println!("{}", json!({ "frames": frames, "evaluations": 0 })),
        None => println!("no evaluation was recorded"),
    }
    Ok(())
}

pub fn methods(args: &MethodsArgs) -> Result<()> {
    let methods = objective::methods();
    if args.json {
        println!("{}", json!(methods));
        return Ok(());
    }
    for m in methods {
        println!("{}  {}\n  {} ({}{}{})\n  loss: {}\n  {}\n  robust to: {}\n  not to: {}", m.id, m.name, m.paper, m.year, if m.arxiv.is_empty() { "" } else { ", arXiv " }, m.arxiv, m.formula, m.adversary, m.robust_to, m.not_robust_to);
        [m.note, m.name_clash].iter().filter(|t| !t.is_empty()).for_each(|t| println!("  {t}"));
        for p in m.params {
            println!("  --param {}=…  {} (default {}, {} to {}): {}", p.id, p.symbol, p.default, p.min, p.max, p.help);
        }
        for f in m.forms {
            println!("  --param form={}  {}: {}", f.id, f.name, f.help);
        }
        println!();
    }
    Ok(())
}

/// The last evaluation as a table, or as one JSON object.
fn print_evaluation(started: &Started, e: &Evaluation, as_json: bool) {
    let n_groups = started.groups.len();
    let mix: Vec<f64> = started.groups.iter().map(|g| g.share).collect();
    if as_json {
        let lanes: Vec<_> = started.lanes.iter().enumerate().map(|(i, name)| {
            let of = |v: &[f32]| v.get(i * n_groups..(i + 1) * n_groups).map(<[f32]>::to_vec);
            json!({
                "lane": name, "accuracy": of(&e.accuracy), "margin": of(&e.margin), "reward": of(&e.reward),
                "reward_se": of(&e.reward_se), "kl": e.kl.get(i),
                "worst_accuracy": of(&e.accuracy).and_then(|v| shift::worst(&v)).map(|w| w.1),
                "training_mix_reward": of(&e.reward).map(|v| shift::value(&mix, &v)),
            })
        }).collect();
        let groups: Vec<_> = started.groups.iter().map(|g| json!({ "name": g.name, "share": g.share })).collect();
        println!("{}", json!({ "step": e.step, "seed": started.config.seed, "groups": groups, "lanes": lanes }));
        return;
    }
    println!("after {} steps (groups: {})", e.step, started.groups.iter().map(|g| format!("{} {:.0} %", g.name, g.share * 100.0)).collect::<Vec<_>>().join(", "));
    for (i, name) in started.lanes.iter().enumerate() {
        let row = |label: &str, v: &[f32]| {
            v.get(i * n_groups..(i + 1) * n_groups)
                .map_or(String::new(), |v| format!("  {label} {}", v.iter().map(|x| format!("{x:6.3}")).collect::<Vec<_>>().join(" ")))
        };
        let kl = e.kl.get(i).map_or(String::new(), |k| format!("  KL {k:.2}"));
        println!("{name:28}{}{}{}{kl}", row("accuracy", &e.accuracy), row("margin", &e.margin), row("reward", &e.reward));
    }
    for s in &e.samples {
        println!("\n{} asks: {}\n  reference: {}", started.groups.get(s.group).map_or("", |g| &g.name), s.prompt, s.reference);
        for (name, text) in started.lanes.iter().zip(&s.lanes) {
            println!("  {name}: {text}");
        }
    }
}
