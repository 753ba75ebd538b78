//! A run as a file, to go on from where it was: one safetensors file with `[lane, rows, columns]` tensors, whose header has
//! the config, the random streams' positions and a checksum of every tensor.
//!
//! Lanes do not depend on each other, so a checkpoint can be cut into lanes ([`RunCheckpoint::select`]), which then go on in
//! different places, and put together again ([`join`]).

use super::guard::Watch;
use super::state::{LaneState, OrderState, TrainerState};
use super::tensor_file::{self, Tensors};
use crate::order;
use crate::config::RunConfig;
use crate::error::{Error, ErrorCode, Result};
use crate::policy::ParamSpec;
use serde::{Deserialize, Serialize};

const KEY: &str = "prefshift-run";
const VERSION: u32 = 1;
/// Own pairs up to this size are in the file, so that they need not be given again.
pub const MAX_STORED_PAIRS: usize = 8 << 20;
/// Largest file that is read.
pub const MAX_FILE: usize = 1 << 30;

/// What the file says in words and numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "CheckpointHeader"))]
pub struct Header {
    /// Version of the format.
    pub version: u32,
    /// Version of the engine that wrote it.
    pub engine: String,
    /// The run's config with the lanes that are here.
    pub config: RunConfig,
    /// Place of each lane in the whole run; all of them in order, unless this is a part.
    pub places: Vec<usize>,
    /// Steps done.
    pub step: usize,
    /// Step of the last evaluation.
    pub evaluated: Option<usize>,
    /// Position of the random stream of evaluations.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub samples: u64,
    /// Seed of each batch order and the position of its random stream.
    #[cfg_attr(feature = "typescript", ts(type = "[number, number][]"))]
    pub orders: Vec<(u32, u64)>,
    /// Updates that each lane's moments have seen, `[lane]`.
    pub updates: Vec<i32>,
    /// What is known of each lane's health, `[lane]`.
    pub health: Vec<Watch>,
    /// Words by token id.
    pub vocabulary: Vec<String>,
    /// Checksum of the training pairs.
    pub pairs: u32,
    /// The user's own pairs, where the run has them.
    pub imported: Option<ImportedPairs>,
    /// Name and shape of each parameter, in order.
    pub parameters: Vec<(String, [usize; 2])>,
}

/// The file of own pairs that a run was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ImportedPairs {
    /// Its length.
    pub bytes: usize,
    /// Its checksum.
    pub crc32: u32,
    /// It is in the checkpoint.
    pub stored: bool,
}

/// A run at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCheckpoint {
    /// What the file says of itself.
    pub header: Header,
    /// The reference policy, flat.
    pub reference: Vec<f32>,
    /// Lanes and batch orders.
    pub state: TrainerState,
    /// Text of the user's own pairs, where it is stored.
    pub imported: Option<String>,
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::Checkpoint, format!("checkpoint: {}", what.into()), "use a checkpoint that was saved whole, or start the run again")
}

impl Header {
    /// A header of this version.
    pub fn new(config: &RunConfig, specs: &[ParamSpec], vocabulary: &[String]) -> Self {
        Self {
            version: VERSION, engine: env!("CARGO_PKG_VERSION").into(), config: config.clone(), places: (0..config.lanes.len()).collect(),
            step: 0, evaluated: None, samples: 0, orders: vec![], updates: vec![], health: vec![], vocabulary: vocabulary.to_vec(), pairs: 0,
            imported: None, parameters: specs.iter().map(|s| (s.name.clone(), s.shape)).collect(),
        }
    }

    /// Refuses what a run could not have written.
    fn check(&self) -> Result<()> {
        self.config.validate()?;
        let lanes = self.config.lanes.len();
        for (field, len) in [("places", self.places.len()), ("updates", self.updates.len()), ("health", self.health.len())] {
            if len != lanes {
                return Err(bad(format!("`{field}` has {len} entries for {lanes} lanes")));
            }
        }
        let mut places = self.places.clone();
        order::sort(&mut places, Ord::cmp);
        places.dedup();
        if places.len() != lanes {
            return Err(bad("`places` names a lane twice"));
        }
        if self.health.iter().any(|w| !(0.0..=1.0).contains(&w.scale)) {
            return Err(bad("`health` has a scale that is not from 0 to 1"));
        }
        // Twice the same name would let a small file ask for a large memory.
        let mut names: Vec<String> = self.parameters.iter().map(|(name, _)| name.clone()).chain(self.orders.iter().map(|(seed, _)| seed.to_string())).collect();
        order::sort(&mut names, Ord::cmp);
        let all = names.len();
        names.dedup();
        if names.len() != all {
            return Err(bad("`parameters` or `orders` names one twice"));
        }
        if self.updates.iter().any(|n| *n < 0) {
            return Err(bad("`updates` has a negative number"));
        }
        if let Some(lane) = self.config.lanes.iter().find(|l| !self.orders.iter().any(|(seed, _)| *seed == l.seed)) {
            return Err(bad(format!("`orders` misses lane seed {}", lane.seed)));
        }
        Ok(())
    }
}

impl RunCheckpoint {
    /// The file. The same run at the same step gives the same bytes.
    ///
    /// # Errors
    /// Where it cannot be serialized.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = tensor_file::Writer::default();
        let mut at = 0;
        for (name, [rows, columns]) in &self.header.parameters {
            let range = at..at + rows * columns;
            at = range.end;
            out.floats(format!("reference.{name}"), &[*rows, *columns], self.reference.get(range.clone()).ok_or_else(|| bad("the reference does not fit"))?);
            for (kind, of) in KINDS {
                let lanes: Vec<f32> = self.state.lanes.iter().filter_map(|l| of(l).get(range.clone())).flatten().copied().collect();
                out.floats(format!("{kind}.{name}"), &[self.state.lanes.len(), *rows, *columns], &lanes);
            }
        }
        for (i, lane) in self.state.lanes.iter().enumerate() {
            if let Some(kept) = &lane.method {
                out.floats(format!("method.{i}"), &[kept.len()], kept);
            }
        }
        for order in &self.state.orders {
            out.words(format!("order.{}", order.seed), &order.left);
        }
        if let Some(text) = &self.imported {
            out.bytes("imported".into(), text.as_bytes());
        }
        let header = serde_json::to_string(&self.header).map_err(|e| bad(e.to_string()))?;
        out.finish(KEY, &header).map_err(|e| bad(format!("could not be written: {e}")))
    }

    /// Reads a file, checking everything that can be checked without the run's data.
    ///
    /// # Errors
    /// [`ErrorCode::Checkpoint`] with what is damaged, and where.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (header, file) = read(bytes)?;
        let lanes = header.config.lanes.len();
        let mut state = TrainerState { step: header.step, orders: vec![], lanes: vec![LaneState::default(); lanes] };
        let mut reference = Vec::new();
        for (name, [rows, columns]) in &header.parameters {
            reference.extend(file.floats(&format!("reference.{name}"), &[*rows, *columns]).map_err(bad)?);
            for (i, (kind, _)) in KINDS.iter().enumerate() {
                let values = file.floats(&format!("{kind}.{name}"), &[lanes, *rows, *columns]).map_err(bad)?;
                for (lane, values) in state.lanes.iter_mut().zip(values.chunks_exact((rows * columns).max(1))) {
                    [&mut lane.params, &mut lane.first, &mut lane.second][i].extend_from_slice(values);
                }
            }
        }
        for (i, (lane, updates)) in state.lanes.iter_mut().zip(&header.updates).enumerate() {
            lane.steps = *updates;
            let name = format!("method.{i}");
            lane.method = file.has(&name).then(|| file.vector(&name)).transpose().map_err(bad)?;
        }
        for (seed, position) in &header.orders {
            state.orders.push(OrderState { seed: *seed, position: *position, left: file.words(&format!("order.{seed}")).map_err(bad)? });
        }
        let imported = match header.imported.as_ref().filter(|i| i.stored) {
            Some(_) => Some(String::from_utf8(file.bytes("imported").map_err(bad)?).map_err(|e| bad(format!("`imported`: {e}")))?),
            None => None,
        };
        Ok(Self { header, reference, state, imported })
    }

    /// Some lanes of the checkpoint, by their place in it.
    ///
    /// # Errors
    /// Where there is no such lane, or it is named twice.
    pub fn select(mut self, lanes: &[usize]) -> Result<Self> {
        let all = self.header.config.lanes.len();
        if lanes.is_empty() || lanes.iter().any(|l| *l >= all) {
            return Err(bad(format!("lanes {lanes:?} of {all} were asked for")));
        }
        let h = &mut self.header;
        h.config.lanes = lanes.iter().map(|l| h.config.lanes[*l].clone()).collect();
        h.places = lanes.iter().map(|l| h.places[*l]).collect();
        h.updates = lanes.iter().map(|l| h.updates[*l]).collect();
        h.health = lanes.iter().map(|l| h.health[*l].clone()).collect();
        self.state.lanes = lanes.iter().map(|l| self.state.lanes[*l].clone()).collect();
        let wanted = |seed: u32| self.header.config.lanes.iter().any(|l| l.seed == seed);
        self.state.orders.retain(|o| wanted(o.seed));
        self.header.orders = self.state.orders.iter().map(|o| (o.seed, o.position)).collect();
        self.header.check()?;
        Ok(self)
    }
}

type Vector = fn(&LaneState) -> &Vec<f32>;
const KINDS: [(&str, Vector); 3] = [("params", |l| &l.params), ("first", |l| &l.first), ("second", |l| &l.second)];

fn read(bytes: &[u8]) -> Result<(Header, Tensors<'_>)> {
    if bytes.len() > MAX_FILE {
        return Err(bad(format!("{} MiB long; at most {} can be read", bytes.len() >> 20, MAX_FILE >> 20)));
    }
    let (json, file) = Tensors::open(bytes, KEY).map_err(bad)?;
    let mut de = serde_json::Deserializer::from_str(&json);
    let header: Header = serde_path_to_error::deserialize(&mut de).map_err(|e| bad(format!("`{}`: {}", e.path(), e.inner())))?;
    if header.version != VERSION {
        return Err(bad(format!("its format has version {}, this engine reads version {VERSION}", header.version)));
    }
    header.check()?;
    Ok((header, file))
}

/// What a checkpoint holds; its tensors are checked too.
///
/// # Errors
/// As [`RunCheckpoint::from_bytes`].
pub fn header(bytes: &[u8]) -> Result<Header> {
    read(bytes).map(|(header, _)| header)
}

/// One checkpoint of parts that hold different lanes of one run at the same step.
///
/// # Errors
/// [`ErrorCode::Checkpoint`] where they do not belong together or a lane is missing or there twice.
pub fn join(parts: &[RunCheckpoint]) -> Result<RunCheckpoint> {
    let apart = |what: String| Error::new(ErrorCode::Checkpoint, format!("checkpoint: {what}"), "join the parts of one run, all saved at the same step");
    let Some(first) = parts.first() else { return Err(apart("there are no parts".into())) };
    let mut whole = first.clone();
    for part in &parts[1..] {
        if part.header.step != first.header.step {
            return Err(apart(format!("one part is at step {}, another at step {}", first.header.step, part.header.step)));
        }
        let same = |h: &Header| Header { places: vec![], updates: vec![], health: vec![], orders: vec![], config: RunConfig { lanes: vec![], ..h.config.clone() }, ..h.clone() };
        if same(&part.header) != same(&first.header) || part.reference != first.reference || part.imported != first.imported {
            return Err(apart("the parts are not of one run".into()));
        }
        for order in &part.state.orders {
            match whole.state.orders.iter().find(|o| o.seed == order.seed) {
                Some(known) if known != order => return Err(apart(format!("the parts differ in the batch order of lane seed {}", order.seed))),
                Some(_) => {}
                None => whole.state.orders.push(order.clone()),
            }
        }
        whole.header.places.extend(&part.header.places);
        whole.header.config.lanes.extend_from_slice(&part.header.config.lanes);
        whole.header.updates.extend(&part.header.updates);
        whole.header.health.extend_from_slice(&part.header.health);
        whole.state.lanes.extend_from_slice(&part.state.lanes);
    }
    whole.header.orders = whole.state.orders.iter().map(|o| (o.seed, o.position)).collect();
    let n = whole.header.places.len();
    let order = (0..n).map(|lane| whole.header.places.iter().position(|p| *p == lane).ok_or_else(|| apart(format!("lane {lane} of {n} is in no part"))))
        .collect::<Result<Vec<usize>>>()?;
    let mut whole = whole.select(&order)?;
    // Orders as a run makes them: by first use.
    let first_use = |seed: u32| whole.header.config.lanes.iter().position(|l| l.seed == seed);
    order::sort(&mut whole.state.orders, |a, b| first_use(a.seed).cmp(&first_use(b.seed)));
    whole.header.orders = whole.state.orders.iter().map(|o| (o.seed, o.position)).collect();
    Ok(whole)
}
