//! A run, stage by stage. Pull [`Experiment::next`]: each call does a small unit of work and returns what there is
//! to say. To pause, stop pulling; to stop, drop it. Knows nothing of browsers, files or threads.

use crate::config::{LaneConfig, PolicyKind, RunConfig};
use crate::data::emotion::Written;
use crate::data::{self, Dataset};
use crate::device::Compute;
use crate::error::{Error, ErrorCode, Result};
use crate::eval::Evaluator;
use crate::event::{Done, Event, PairText, Progress, Stage, Started, Warning};
use crate::policy::{self, Parameters, Policy};
use crate::reward::RewardTraining;
use crate::rng::Streams;
use crate::train::bundle::{self, Made};
use crate::train::checkpoint::{self, Header, Precision};
use crate::train::halfway::{self, Halfway};
use crate::train::sft::Sft;
use crate::train::Trainer;
use crate::train::guard::{Guard, Stopped, Watch};
use crate::train::run_checkpoint::RunCheckpoint;
use crate::train::writing::Writing;

mod emotion;
mod frame;
mod look;
mod prepare;
mod resume;

/// SFT steps per call of [`Experiment::next`].
const SFT_CHUNK: usize = 10;

/// Code of the warning that every lane of a part has diverged.
pub const ALL_DIVERGED: &str = "all-diverged";

/// What a run may be given beside its config.
#[derive(Default)]
pub struct Inputs {
    /// The user's own pairs, as JSONL text (scenario `imported`).
    pub imported: Option<String>,
    /// A reference policy as safetensors; without one it is trained first. For scenario `emotion` it may be a file with
    /// everything that is made before alignment; or what [`Experiment::halfway`] gave, with which the stage goes on.
    pub reference: Option<Vec<u8>>,
    /// The lanes are some of a larger run's, which goes on where all of these have diverged: that is then said once
    /// ([`ALL_DIVERGED`]), and they stay as they are and are measured with the others.
    pub part: bool,
}

enum Phase {
    Start,
    /// Before all else on a GPU, so that a page can do it ahead and say how far it is.
    #[cfg(feature = "gpu")]
    Kernels(crate::fused::gpu::WarmUp, Box<Phase>),
    Reward(Box<RewardTraining>),
    Sft(Box<Sft>),
    Writing(Box<(Parameters, Writing)>),
    Label(Box<(Parameters, [Vec<Written>; 2])>),
    Reference(Parameters),
    Prepare(Box<Training>, Box<prepare::Preparation>),
    Train(Box<Training>),
    Ended,
}

struct Training {
    trainer: Trainer,
    evaluator: Evaluator,
    reference_logps: Vec<[f32; 2]>,
    evaluated: Option<usize>,
    guard: Guard,
    /// It has been said that no lane is left.
    told: bool,
    /// Mean ‖∇_e ℓ‖² of the last frame's batch, `[lane]`.
    mean_sq: Vec<f32>,
}

/// One run.
pub struct Experiment {
    config: RunConfig,
    compute: Compute,
    data: Dataset,
    policy: Box<dyn Policy>,
    given: Option<Vec<u8>>,
    imported: Option<String>,
    reference: Option<Parameters>,
    /// What the run goes on from, until it does.
    resumed: Option<Box<RunCheckpoint>>,
    /// Place of each lane in the whole run.
    places: Vec<usize>,
    /// There are more lanes elsewhere.
    part: bool,
    /// What the emotion experiment made before alignment.
    made: Option<Made>,
    phase: Phase,
}

/// What a live change did.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Update {
    /// Fields that take effect on the next step.
    pub applied: Vec<String>,
    /// Fields that need a new run.
    pub restart: Vec<String>,
}

impl Experiment {
    /// Validates, makes the data and the policy; nothing is trained yet.
    ///
    /// # Errors
    /// Where the config, the imported pairs or the reference policy do not fit.
    pub fn new(config: RunConfig, compute: Compute, inputs: Inputs) -> Result<Self> {
        config.validate()?;
        let data = data::build(&config, inputs.imported.as_deref())?;
        if data.emotion.is_none() && (data.train.is_empty() || data.eval.is_empty()) {
            return Err(Error::new(ErrorCode::Data, "there are no pairs to train on or to hold out", "give more pairs, or a mix that uses them"));
        }
        let policy = policy::build(&config.model, data.vocabulary.len(), &compute.tensors(config.model.policy));
        prepare::check(&config, &data, policy.as_ref())?;
        let places = (0..config.lanes.len()).collect();
        let Inputs { imported, reference: given, part } = inputs;
        Ok(Self { config, compute, data, policy, given, imported, reference: None, resumed: None, places, part, made: None, phase: Phase::Start })
    }

    /// The config, as it is now.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Steps trained, once training has begun.
    pub fn steps(&self) -> Option<usize> {
        if let Phase::Train(t) = &self.phase { Some(t.trainer.steps()) } else { None }
    }

    /// The trainer, once training has begun; for tests and tools that look inside.
    pub fn trainer_mut(&mut self) -> Option<&mut Trainer> {
        if let Phase::Train(t) = &mut self.phase { Some(&mut t.trainer) } else { None }
    }

    /// The data.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Does the next unit of work. After `done` it returns nothing.
    ///
    /// # Errors
    /// Where the device fails or every lane has diverged (but for those of a [part](Inputs::part)).
    pub async fn next(&mut self) -> Result<Vec<Event>> {
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Start => {
                let events = self.start()?;
                self.warm_up();
                Ok(events)
            }
            #[cfg(feature = "gpu")]
            Phase::Kernels(mut kernels, then) => {
                let [done, total] = kernels.next().await?;
                self.phase = if done < total { Phase::Kernels(kernels, then) } else { *then };
                Ok(vec![Event::Progress(Progress { stage: Stage::Kernels, done, total, loss: None })])
            }
            Phase::Reward(training) => self.reward(training),
            Phase::Sft(sft) => self.sft(sft).await,
            Phase::Writing(writing) => Ok(self.write(writing)),
            Phase::Label(written) => self.label(*written),
            Phase::Reference(reference) => self.cache(reference).await,
            Phase::Prepare(training, work) => self.prepare(training, work).await,
            Phase::Train(training) => self.train(training).await,
            Phase::Ended => Ok(vec![]),
        }
    }

    fn start(&mut self) -> Result<Vec<Event>> {
        let mut events = vec![Event::Started(Box::new(self.started()))];
        events.extend(self.data.notices.iter().map(|n| Event::Warning(Warning { code: "data".into(), message: n.clone() })));
        #[cfg(feature = "gpu")]
        if self.compute.gpu.is_some() && self.policy.gpt().is_some() && self.on_gpu().is_none() {
            let names = self.config.without_gpu();
            let message = format!("This run trains on the CPU: {} has no version for the GPU.", names.join(", "));
            events.push(Event::Warning(Warning { code: "cpu-only".into(), message }));
        }
        events.push(Event::Progress(Progress { stage: Stage::Data, done: 1, total: 1, loss: None }));
        let device = &self.compute.tensors(self.config.model.policy);
        let specs = self.policy.specs();
        if self.data.emotion.is_some() {
            let given = self.given.take();
            events.extend(self.begin_emotion(given)?);
            return Ok(events);
        }
        self.phase = if let Some(saved) = &self.resumed {
            Phase::Reference(resume::reference(saved, &specs, device))
        } else if let Some(bytes) = self.given.take_if(|bytes| halfway::is_halfway(bytes)) {
            let sft = Halfway::from_bytes(&bytes, &self.config, &self.data).and_then(|at| self.sft_from(at)).unwrap_or_else(|error| {
                events.push(resume::begun_anew(&error));
                self.fresh_sft()
            });
            Phase::Sft(Box::new(sft))
        } else if let Some(bytes) = self.given.take() {
            let words = self.data.vocabulary.words();
            Phase::Reference(checkpoint::load(&bytes, &self.config.model, words, &specs, device)?)
        } else if self.config.model.policy == PolicyKind::Gpt {
            Phase::Sft(Box::new(self.fresh_sft()))
        } else {
            // Log-linear policies start uniform.
            let mut rng = Streams::new(u64::from(self.config.seed)).stream("sft/init");
            Phase::Reference(Parameters::init(&specs, &mut rng, device))
        };
        Ok(events)
    }

    /// The GPU and the transformer that it trains, where it is to train this run.
    #[cfg(feature = "gpu")]
    fn on_gpu(&self) -> Option<(&std::sync::Arc<crate::fused::gpu::Gpu>, &policy::Gpt)> {
        let (gpu, gpt) = (self.compute.gpu.as_ref()?, self.policy.gpt()?);
        self.config.without_gpu().is_empty().then_some((gpu, gpt))
    }

    /// On a GPU, its kernels come before what is next.
    fn warm_up(&mut self) {
        #[cfg(feature = "gpu")]
        if let Some((gpu, gpt)) = self.on_gpu() {
            let kernels = crate::fused::gpu::WarmUp::new(gpu.clone(), &gpt.shape(), &self.config.lanes, self.config.eval.samples > 0);
            self.phase = Phase::Kernels(kernels, Box::new(std::mem::replace(&mut self.phase, Phase::Ended)));
        }
    }

    fn started(&self) -> Started {
        let v = &self.data.vocabulary;
        Started {
            version: env!("CARGO_PKG_VERSION").into(),
            config: self.config.clone(),
            device: self.compute.name.clone(),
            groups: self.data.groups.clone(),
            lanes: self.config.lanes.iter().map(lane_name).collect(),
            vocabulary: v.words().to_vec(),
            parameters: self.policy.specs().iter().map(|s| s.shape[0] * s.shape[1]).sum(),
            pairs: self.data.train.iter().map(|p| PairText {
                prompt: v.decode(&p.prompt),
                chosen: v.decode(&p.chosen),
                rejected: v.decode(&p.rejected),
                group: p.group,
                flipped: p.flipped,
                rewards: vec![],
            }).collect(),
            has_reward: (self.data.reward.is_some() || self.data.emotion.is_some()) && self.policy.gpt().is_some(),
            resumed: self.resumed.as_ref().map(|saved| saved.state.step),
        }
    }

    async fn sft(&mut self, mut sft: Box<Sft>) -> Result<Vec<Event>> {
        let total = self.config.sft.steps;
        let mut loss = None;
        if !sft.done() {
            loss = Some(sft.advance(self.policy.as_ref(), &self.data.corpus, SFT_CHUNK).await?);
        }
        if loss.is_some_and(|l| !l.is_finite()) {
            return Err(Error::new(ErrorCode::Numerics, format!("the reference policy diverged at step {}", sft.steps()), "lower sft.learning_rate"));
        }
        let event = Event::Progress(Progress { stage: Stage::Sft, done: sft.steps(), total, loss });
        self.phase = if sft.done() { self.after_sft(sft.finish())? } else { Phase::Sft(sft) };
        Ok(vec![event])
    }

    async fn cache(&mut self, reference: Parameters) -> Result<Vec<Event>> {
        let config = &self.config;
        let (mut trainer, reference_logps) = self.trainer(&reference).await?;
        let held_out = trainer.reference_logps(self.policy.as_ref(), &self.data.eval).await?;
        let evaluator = Evaluator::new(config, &self.data, held_out);
        self.reference = Some(reference);
        let guard = Guard::new(&mut trainer, vec![Watch::default(); config.lanes.len()])?;
        let mut training = Box::new(Training { trainer, evaluator, reference_logps, evaluated: None, guard, told: false, mean_sq: vec![] });
        if let Some(saved) = self.resumed.take() {
            training.go_on(&saved, self.data.train.len())?;
        }
        let device = self.compute.tensors(self.config.model.policy);
        self.phase = match prepare::Preparation::new(&self.config, &self.data, self.policy.as_ref(), &device) {
            Some(work) => Phase::Prepare(training, Box::new(work)),
            None => Phase::Train(training),
        };
        let total = self.data.train.len();
        Ok(vec![Event::Progress(Progress { stage: Stage::Reference, done: total, total, loss: None })])
    }

    /// The lanes, and the reference's log-probabilities of the training pairs.
    async fn trainer(&self, reference: &Parameters) -> Result<(Trainer, Vec<[f32; 2]>)> {
        let (config, groups) = (&self.config, self.data.groups.len());
        #[cfg(feature = "gpu")]
        if let Some((gpu, gpt)) = self.on_gpu() {
            crate::train::selftest::check(gpu, config, self.data.vocabulary.len()).await?;
            return Trainer::on_gpu(config, gpt, reference, groups, gpu.clone(), &self.data.train).await;
        }
        let mut trainer = Trainer::new(config, self.policy.as_ref(), reference, groups, &self.compute.tensors(config.model.policy));
        let logps = trainer.reference_logps(self.policy.as_ref(), &self.data.train).await?;
        Ok((trainer, logps))
    }

    async fn train(&mut self, mut t: Box<Training>) -> Result<Vec<Event>> {
        let steps = t.trainer.steps();
        let due = steps % self.config.eval.every == 0 || steps >= self.config.train.steps;
        if due && t.evaluated != Some(steps) {
            let evaluation = t.evaluator.evaluate(&mut t.trainer, &self.config, &self.data, self.policy.as_ref()).await?;
            t.evaluated = Some(steps);
            self.phase = Phase::Train(t);
            return Ok(vec![Event::Evaluation(frame::finite_evaluation(evaluation))]);
        }
        if steps >= self.config.train.steps {
            self.phase = Phase::Train(t);
            return Ok(vec![Event::Done(Done { steps })]);
        }
        // What happened to the last of them has been told by now.
        if steps > 0 && !t.told && t.guard.lanes().iter().all(|l| l.diverged) {
            let message = format!("every lane blew up by step {}", steps - 1);
            if !self.part {
                return Err(Error::new(ErrorCode::Numerics, message, "lower train.learning_rate and start again"));
            }
            t.told = true;
            self.phase = Phase::Train(t);
            return Ok(vec![Event::Warning(Warning { code: ALL_DIVERGED.into(), message })]);
        }
        // Steps up to the next frame or evaluation; where reading back costs something, only the frame's step is.
        loop {
            let framed = t.trainer.steps() % self.config.train.frame_every == 0;
            let seen = framed || t.trainer.ready();
            if seen {
                t.guard.before(&mut t.trainer)?;
            }
            let metrics = t.trainer.step(self.policy.as_ref(), &self.data.train, &t.reference_logps);
            let now = t.trainer.steps();
            let mut events = vec![];
            if seen {
                let about = (metrics.step, metrics.pairs.clone(), metrics.learning_rate.clone());
                let measured = t.trainer.read(metrics).await?;
                let stopped = t.guard.after(&mut t.trainer, &measured)?;
                events.extend(stopped.iter().map(|s| Event::Warning(self.stopped(s, now - 1, t.guard.lanes()))));
                if framed {
                    let n = about.1.len() / t.guard.lanes().len().max(1);
                    t.mean_sq = measured.grad_sq.chunks_exact(n.max(1)).map(|of_lane| of_lane.iter().sum::<f32>() / n as f32).collect();
                    events.insert(0, Event::Frame(frame::of_step(about, measured)));
                }
            }
            // Whether a lane was stopped or not: parts of a run say it alike.
            if !framed && (now >= self.config.train.steps || now % self.config.eval.every == 0) {
                events.push(Event::Progress(Progress { stage: Stage::Train, done: now, total: self.config.train.steps, loss: None }));
            }
            if !events.is_empty() {
                self.phase = Phase::Train(t);
                return Ok(events);
            }
        }
    }

    /// What is said of a lane that blew up at `step`.
    fn stopped(&self, s: &Stopped, step: usize, lanes: &[Watch]) -> Warning {
        let lane = &self.config.lanes[s.lane];
        let (name, cause, back) = (lane_name(lane), &s.cause, s.back_to);
        if s.diverged {
            let message = format!(
                "{name} diverged at step {step}: {cause}, for the third time. It stays as it was at step {back}; the other lanes go on. Lower its learning rate and reset."
            );
            return Warning { code: "lane-diverged".into(), message };
        }
        let rate = lane.learning_rate.unwrap_or(self.config.train.learning_rate) * lanes[s.lane].scale;
        let message = format!("{name} blew up at step {step}: {cause}. It went back to what it was at step {back} and goes on with learning rate {rate:.3e}; the other lanes are as they were.");
        Warning { code: "lane-rolled-back".into(), message }
    }

    /// Applies what can change while training and says what needs a new run.
    ///
    /// # Errors
    /// Where `config` is not valid; nothing is changed then.
    pub fn update(&mut self, config: RunConfig) -> Result<Update> {
        config.validate()?;
        let mut update = Update::default();
        let now = &self.config;
        let same_lanes = now.lanes.len() == config.lanes.len()
            && now.lanes.iter().zip(&config.lanes).all(|(a, b)| a.method == b.method && a.form_id() == b.form_id() && a.seed == b.seed);
        let mut restart = |field: &str, differs: bool| if differs { update.restart.push(field.into()) };
        restart("seed", now.seed != config.seed);
        restart("data", now.data != config.data);
        restart("model", now.model != config.model);
        restart("reward", now.reward != config.reward);
        restart("sft", now.sft != config.sft);
        restart("lanes", !same_lanes);
        let mut train = config.train.clone();
        if train.batch != now.train.batch {
            restart("train.batch", true);
            train.batch = now.train.batch;
        }
        if now.eval.samples != config.eval.samples {
            restart("eval.samples", true);
        }
        if same_lanes && now.lanes != config.lanes {
            update.applied.push("lanes".into());
            self.config.lanes.clone_from(&config.lanes);
        }
        if train != self.config.train {
            update.applied.push("train".into());
            self.config.train = train;
        }
        self.config.eval = crate::config::EvalConfig { samples: self.config.eval.samples, ..config.eval };
        if let Phase::Train(t) = &mut self.phase {
            t.trainer.set_lanes(&self.config.lanes, &self.config.train);
            if update.applied.contains(&"lanes".to_string()) {
                t.guard.forget();
            }
        }
        Ok(update)
    }

    /// Raises the number of steps, to go on after `done`.
    pub fn extend(&mut self, steps: usize) {
        self.config.train.steps = self.config.train.steps.max(steps);
        if let Phase::Train(t) = &mut self.phase {
            t.trainer.set_lanes(&self.config.lanes, &self.config.train);
        }
    }

    /// A policy as safetensors in float32: lane `lane`, or the reference where it is `None`; with the latter, in scenario `emotion`, all
    /// that was made before alignment.
    ///
    /// # Errors
    /// Where it is not trained yet or the device fails.
    pub async fn export(&self, lane: Option<usize>) -> Result<Vec<u8>> {
        self.export_in(lane, Precision::F32).await
    }

    /// As [`Self::export`], in the precision that is asked for.
    ///
    /// # Errors
    /// As [`Self::export`], or where a value is too large for float16.
    pub async fn export_in(&self, lane: Option<usize>, precision: Precision) -> Result<Vec<u8>> {
        let missing = || Error::new(ErrorCode::Checkpoint, "there is no such policy yet", "wait until it is trained");
        let (params, row, note) = match (lane, &self.phase) {
            (None, _) => (self.reference.clone().ok_or_else(missing)?, 0, "reference policy".to_string()),
            (Some(lane), Phase::Train(t)) if lane < self.config.lanes.len() => (t.trainer.policies().await?, lane, lane_name(&self.config.lanes[lane])),
            _ => return Err(missing()),
        };
        let policy = self.policy_file(&params, row, note, precision).await?;
        if lane.is_none() { self.with_made(policy, precision).await } else { Ok(policy) }
    }

    async fn policy_file(&self, params: &Parameters, row: usize, note: String, precision: Precision) -> Result<Vec<u8>> {
        let header = Header { model: self.config.model.clone(), vocabulary: self.data.vocabulary.words().to_vec(), note };
        checkpoint::save(&header, &self.policy.specs(), params, row, precision).await
    }

    /// The reference policy's file, in scenario `emotion` with what else was made before alignment.
    async fn with_made(&self, policy: Vec<u8>, precision: Precision) -> Result<Vec<u8>> {
        match (&self.made, &self.data.emotion) {
            (Some(made), Some(corpus)) => bundle::save(&self.config, self.data.vocabulary.words(), corpus, &policy, made, precision).await,
            _ => Ok(policy),
        }
    }
}

/// Name of a lane for people: the method with what it was given, such as "KLDPO τ=0.5".
pub fn lane_name(lane: &LaneConfig) -> String {
    let Ok(info) = lane.info("lane") else { return lane.method.clone() };
    let mut name = info.name.to_string();
    if lane.form.is_some()
        && let Some(form) = info.forms.iter().skip(1).find(|f| f.id == lane.form_id())
    {
        name += &format!(" ({})", form.name);
    }
    for p in info.params.iter().filter(|p| p.id != "beta" && (p.forms.is_empty() || p.forms.contains(&lane.form_id()))) {
        name += &format!(" {}={}", p.symbol, lane.param(p.id));
    }
    if lane.seed != 0 {
        name += &format!(" #{}", lane.seed);
    }
    name
}
