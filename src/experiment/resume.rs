//! Saving a run and going on with it.

use super::{Experiment, Inputs, Phase, Training};
use crate::config::RunConfig;
use crate::data::PreferencePair;
use crate::device::Compute;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, Warning};
use crate::policy::{ParamSpec, Parameters};
use crate::train::checkpoint::Precision;
use crate::train::guard::Guard;
use crate::train::halfway::Halfway;
use crate::train::run_checkpoint::{Header, ImportedPairs, MAX_STORED_PAIRS, RunCheckpoint};
use crate::train::measured::read_f32;
use crate::train::sft::Sft;
use burn::tensor::{Device, Tensor, TensorData};

fn bad(what: impl Into<String>, mend: &str) -> Error {
    Error::new(ErrorCode::Checkpoint, format!("checkpoint: {}", what.into()), mend)
}

impl Experiment {
    /// Everything that [`Experiment::resume`] needs, as a file. On the CPU the run then goes on to the same bytes as if it
    /// had never stopped.
    ///
    /// # Errors
    /// Where training has not begun, or the device fails.
    pub async fn checkpoint(&self) -> Result<Vec<u8>> {
        let (Phase::Train(t), Some(reference)) = (&self.phase, &self.reference) else {
            return Err(bad("training has not begun", "save once it has"));
        };
        let mut flat = Vec::new();
        for tensor in &reference.0 {
            flat.extend(read_f32(tensor.clone()).await?);
        }
        let mut state = t.trainer.state().await?;
        for lane in state.lanes.iter_mut().filter(|lane| !lane.finite()) {
            // It blew up since it was last looked at; nothing can go on from there, so it begins anew.
            *lane = crate::train::state::LaneState {
                params: flat.clone(), first: vec![0.0; flat.len()], second: vec![0.0; flat.len()], steps: 0, method: None,
            };
        }
        let stored = self.imported.as_ref().filter(|text| text.len() <= MAX_STORED_PAIRS);
        let header = Header {
            places: self.places.clone(),
            step: state.step,
            evaluated: t.evaluated,
            samples: t.evaluator.position(),
            orders: state.orders.iter().map(|o| (o.seed, o.position)).collect(),
            updates: state.lanes.iter().map(|l| l.steps).collect(),
            health: t.guard.lanes().to_vec(),
            pairs: fingerprint(&self.data.train),
            imported: self.imported.as_ref().map(|text| ImportedPairs {
                bytes: text.len(), crc32: crc32fast::hash(text.as_bytes()), stored: stored.is_some(),
            }),
            ..Header::new(&self.config, &self.policy.specs(), self.data.vocabulary.words())
        };
        RunCheckpoint { header, reference: flat, state, imported: stored.cloned() }.to_bytes()
    }

    /// What the stage under way needs to go on as if it had never stopped, as a file to be given as [`Inputs::reference`]; none
    /// where none is trained. While texts are written, which is quick to do again, it is what they are written by.
    ///
    /// # Errors
    /// Where the file cannot be put together.
    pub async fn halfway(&self) -> Result<Option<Vec<u8>>> {
        let at = match &self.phase {
            // A policy that was given is not in the file.
            _ if self.given.is_some() => return Ok(None),
            Phase::Reward(training) => Some(training.halfway()),
            Phase::Sft(sft) => sft.halfway().map(|at| Halfway { reward: self.made.as_ref().map(|m| (m.model.params().to_vec(), m.quality.clone())), ..at }),
            Phase::Writing(at) => {
                let policy = self.policy_file(&at.0, 0, "reference policy".into(), Precision::F32).await?;
                return self.with_made(policy, Precision::F32).await.map(Some);
            }
            _ => None,
        };
        at.map(|at| at.to_bytes(&self.config, &self.data)).transpose()
    }

    pub(super) fn fresh_sft(&self) -> Sft {
        Sft::new(&self.config, self.policy.as_ref(), &self.compute.tensors(self.config.model.policy))
    }

    /// The reference policy's training, where it was left.
    pub(super) fn sft_from(&self, at: Halfway) -> Result<Sft> {
        let mut sft = self.fresh_sft();
        sft.go_on(at)?;
        Ok(sft)
    }

    /// Says that these lanes are those at `places` of a larger run, of which this is a part.
    ///
    /// # Errors
    /// Where there is not one place a lane.
    pub fn set_places(&mut self, places: Vec<usize>) -> Result<()> {
        if places.len() != self.config.lanes.len() {
            return Err(bad(format!("{} places for {} lanes", places.len(), self.config.lanes.len()), "give one place a lane"));
        }
        self.places = places;
        Ok(())
    }

    /// Goes on from a checkpoint, with all its lanes or only with `lanes` (by their place in it), as a [part](Inputs::part). The first event is `started`
    /// with `resumed`; training goes on with the step that would have come next. Of `inputs` only the user's own pairs are
    /// looked at, where they were too large to be stored, and in scenario `emotion` what was made before alignment.
    ///
    /// # Errors
    /// Where the checkpoint is damaged, or its own pairs are needed and not given.
    pub fn resume(bytes: &[u8], compute: Compute, inputs: Inputs, lanes: Option<&[usize]>) -> Result<Self> {
        let saved = RunCheckpoint::from_bytes(bytes)?;
        let all = saved.header.places.len();
        let saved = if let Some(lanes) = lanes { saved.select(lanes)? } else { saved };
        let Inputs { imported, reference, part } = inputs;
        let part = part || saved.header.places.len() < all;
        let imported = own_pairs(&saved, imported)?;
        let config: RunConfig = saved.header.config.clone();
        let mut run = Self::new(config, compute, Inputs { imported, reference: None, part })?;
        let specs: Vec<(String, [usize; 2])> = run.policy.specs().into_iter().map(|s| (s.name, s.shape)).collect();
        // The emotion experiment makes its pairs anew first, and looks at them then.
        let made_later = run.data.emotion.is_some();
        if saved.header.vocabulary != run.data.vocabulary.words() || (!made_later && saved.header.pairs != fingerprint(&run.data.train)) {
            return Err(other("its vocabulary and pairs are"));
        }
        if saved.header.parameters != specs {
            return Err(other("its parameters are"));
        }
        run.places.clone_from(&saved.header.places);
        run.given = if made_later { reference } else { None };
        run.resumed = Some(Box::new(saved));
        Ok(run)
    }
}

/// A stage could not be taken up; it can always be made again.
pub(super) fn begun_anew(error: &Error) -> Event {
    Event::Warning(Warning { code: "data".into(), message: format!("What was made half-way before cannot be gone on with ({}). The stage begins again.", error.message) })
}

/// What of a checkpoint does not fit.
fn other(what: &str) -> Error {
    bad(format!("{what} not those that this version of the engine makes of its config"), "go on with the version and the files that it was made with, or start again")
}

/// The reference policy to go on with, where the pairs are those that the checkpoint was made with.
pub(super) fn same_pairs(saved: &RunCheckpoint, pairs: &[PreferencePair], specs: &[ParamSpec], device: &Device) -> Result<Parameters> {
    if saved.header.pairs == fingerprint(pairs) { Ok(reference(saved, specs, device)) } else { Err(other("its pairs are")) }
}

impl Training {
    /// Takes up where `saved` was left.
    pub(super) fn go_on(&mut self, saved: &RunCheckpoint, pairs: usize) -> Result<()> {
        self.trainer.restore(&saved.state, pairs)?;
        self.evaluator.seek(saved.header.samples);
        self.evaluated = saved.header.evaluated;
        self.guard = Guard::new(&mut self.trainer, saved.header.health.clone())?;
        Ok(())
    }
}

/// The reference policy of a checkpoint whose parameters were found to fit `specs`.
pub(super) fn reference(saved: &RunCheckpoint, specs: &[ParamSpec], device: &Device) -> Parameters {
    let mut rest = saved.reference.as_slice();
    Parameters(specs.iter().map(|spec| {
        let (now, later) = rest.split_at(spec.shape[0] * spec.shape[1]);
        rest = later;
        Tensor::from_data(TensorData::new(now.to_vec(), [1, spec.shape[0], spec.shape[1]]), device)
    }).collect())
}

/// The text of the user's own pairs: stored, or given again and recognized.
fn own_pairs(saved: &RunCheckpoint, given: Option<String>) -> Result<Option<String>> {
    let Some(known) = &saved.header.imported else { return Ok(None) };
    let text = match (&saved.imported, given) {
        (Some(stored), _) => stored.clone(),
        (None, Some(given)) => given,
        (None, None) => return Err(bad("it was made with your own pairs, which were too large to be stored", "give the same file of pairs again")),
    };
    if (text.len(), crc32fast::hash(text.as_bytes())) != (known.bytes, known.crc32) {
        return Err(bad("these are not the pairs it was made with", "give the same file of pairs again"));
    }
    Ok(Some(text))
}

/// Checksum of the training pairs.
fn fingerprint(pairs: &[PreferencePair]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    for pair in pairs {
        for part in [&pair.prompt, &pair.chosen, &pair.rejected] {
            hash.update(&(part.len() as u32).to_le_bytes());
            part.iter().for_each(|id| hash.update(&id.to_le_bytes()));
        }
        hash.update(&(pair.group as u32).to_le_bytes());
    }
    hash.finalize()
}
