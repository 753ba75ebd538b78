//! One run, driven from JavaScript by pulling [`Session::next`].

use super::{to_error, to_js};
use crate::config::RunConfig;
use crate::device::{Compute, DeviceKind};
use crate::error::Error;
use crate::event::{Event, Frame};
use crate::experiment::{Experiment, Inputs};
use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

/// A run.
#[wasm_bindgen]
pub struct Session {
    experiment: Experiment,
}

#[wasm_bindgen]
impl Session {
    /// Opens the device (`cpu` or `webgpu`) and prepares a run. `imported` is the user's own pairs as JSONL text,
    /// `reference` a policy file; without one the reference policy is trained first, or gone on with from what
    /// [`Session::halfway`] gave. As `part` of a run its lanes are some of a larger one's: where all of them have diverged it
    /// goes on, after a warning `all-diverged`.
    ///
    /// # Errors
    /// An error object; nothing is trained on a wrong config.
    pub async fn create(config: String, device: String, imported: Option<String>, reference: Option<Uint8Array>, part: Option<bool>) -> Result<Session, JsValue> {
        let config = RunConfig::from_json(&config).map_err(to_error)?;
        let compute = open(&device).await?;
        let inputs = Inputs { imported, reference: reference.map(|r| r.to_vec()), part: part.unwrap_or(false) };
        Ok(Session { experiment: Experiment::new(config, compute, inputs).map_err(to_error)? })
    }

    /// Goes on from a checkpoint on `device`, with all its lanes or only with `lanes` (by their place in it). `imported` is
    /// needed where the user's own pairs were too large to be stored, `reference` in scenario `emotion` (what was made before
    /// alignment, or else that is made again). The first event is `started` with `resumed`.
    ///
    /// # Errors
    /// An error object saying what is damaged or missing.
    pub async fn resume(
        bytes: &[u8], device: String, imported: Option<String>, lanes: Option<Vec<u32>>, reference: Option<Uint8Array>,
    ) -> Result<Session, JsValue> {
        let compute = open(&device).await?;
        let lanes: Option<Vec<usize>> = lanes.map(|l| l.into_iter().map(|i| i as usize).collect());
        let inputs = Inputs { imported, reference: reference.map(|r| r.to_vec()), ..Inputs::default() };
        Ok(Session { experiment: Experiment::resume(bytes, compute, inputs, lanes.as_deref()).map_err(to_error)? })
    }

    /// Everything that [`Session::resume`] needs, as a file. Where this session has only some lanes of a run, `places` says
    /// which ones they are, unless it was resumed with them; [`super::join_checkpoints`] puts the parts together.
    ///
    /// # Errors
    /// An error object where training has not begun or the device fails.
    pub async fn checkpoint(&mut self, places: Option<Vec<u32>>) -> Result<Uint8Array, JsValue> {
        if let Some(places) = places {
            self.experiment.set_places(places.into_iter().map(|i| i as usize).collect()).map_err(to_error)?;
        }
        let bytes = self.experiment.checkpoint().await.map_err(to_error)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// What the stage under way before training needs to go on as if it had never stopped, to be given as `reference` later;
    /// undefined where there is none.
    ///
    /// # Errors
    /// An error object where the device fails.
    pub async fn halfway(&self) -> Result<Option<Uint8Array>, JsValue> {
        let bytes = self.experiment.halfway().await.map_err(to_error)?;
        Ok(bytes.map(|bytes| Uint8Array::from(bytes.as_slice())))
    }

    /// Does the next small unit of work; resolves to `Event[]`.
    ///
    /// # Errors
    /// An error object; the session is of no further use then.
    pub async fn next(&mut self) -> Result<Array, JsValue> {
        let events = self.experiment.next().await.map_err(to_error)?;
        let out = Array::new();
        for event in &events {
            out.push(&event_to_js(event)?);
        }
        Ok(out)
    }

    /// Changes what can change while training; returns `{applied, restart}`.
    ///
    /// # Errors
    /// An error object naming the field; nothing is changed then.
    pub fn update(&mut self, config: &str) -> Result<JsValue, JsValue> {
        let config = RunConfig::from_json(config).map_err(to_error)?;
        self.experiment.update(config).map_err(to_error).and_then(|u| to_js(&u))
    }

    /// Raises the number of steps, to go on after `done`.
    pub fn extend(&mut self, steps: usize) {
        self.experiment.extend(steps);
    }

    /// Training pair `pair` word by word under every lane: a `Probe`.
    ///
    /// # Errors
    /// An error object; the run goes on.
    pub async fn probe(&self, pair: usize) -> Result<JsValue, JsValue> {
        self.experiment.probe(pair).await.map_err(to_error).and_then(|p| to_js(&p))
    }

    /// The policy of lane `lane` (the reference where it is undefined) as a safetensors file.
    ///
    /// # Errors
    /// An error object where it is not trained yet.
    pub async fn export_policy(&self, lane: Option<usize>) -> Result<Uint8Array, JsValue> {
        let bytes = self.experiment.export(lane).await.map_err(to_error)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }
}

async fn open(device: &str) -> Result<Compute, JsValue> {
    let kind = match device {
        "cpu" => DeviceKind::Cpu,
        "webgpu" => DeviceKind::Webgpu,
        other => return Err(to_error(Error::config("device", format!("`{other}` is unknown"), "cpu or webgpu"))),
    };
    Compute::open(kind).await.map_err(to_error)
}

fn event_to_js(event: &Event) -> Result<JsValue, JsValue> {
    match event {
        Event::Frame(frame) => frame_to_js(frame),
        other => to_js(other),
    }
}

/// A frame with typed arrays, which the worker hands over without copying.
fn frame_to_js(f: &Frame) -> Result<JsValue, JsValue> {
    let object = Object::new();
    let set = |key: &str, value: JsValue| Reflect::set(&object, &key.into(), &value);
    set("event", "frame".into())?;
    set("step", JsValue::from_f64(f.step as f64))?;
    set("pairs", Uint32Array::from(f.pairs.as_slice()).into())?;
    for (key, values) in [
        ("losses", &f.losses), ("chosen", &f.chosen), ("rejected", &f.rejected), ("factor", &f.factor), ("gradient", &f.gradient),
        ("objective", &f.objective), ("grad_norm", &f.grad_norm), ("learning_rate", &f.learning_rate), ("radius", &f.radius), ("tau", &f.tau),
    ] {
        set(key, Float32Array::from(values.as_slice()).into())?;
    }
    Ok(object.into())
}
