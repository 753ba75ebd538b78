//! The browser boundary: everything that JavaScript can call. The page runs it in a worker.
//!
//! Errors reach JavaScript as plain objects `{code, message, mend}`; frames carry typed arrays.

mod session;

pub use session::Session;

use crate::config::RunConfig;
use crate::error::Error;
use crate::train::run_checkpoint::{self, RunCheckpoint};
use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[cfg(feature = "webgpu")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs once, when the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    run_constructors();
    console_error_panic_hook::set_once();
}

/// Runs the module's static constructors, once. CubeCL registers its types in them; unless they are run here, the
/// linker wraps every export so that each call from JavaScript runs them all again.
pub(crate) fn run_constructors() {
    #[cfg(feature = "webgpu")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: `Once` makes this the only call.
        ONCE.call_once(|| unsafe { __wasm_call_ctors() });
    }
}

/// Version of the engine.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// Looks at a file of the user's own pairs (JSONL text): `{summary: Summary, config: RunConfig}`; or of texts with labels for
/// the emotion experiment (CSV or JSONL): `{texts: TextsSummary, config: RunConfig}`.
///
/// # Errors
/// An error object listing the lines where none can be used.
#[wasm_bindgen]
pub fn inspect_pairs(text: &str) -> Result<JsValue, JsValue> {
    use crate::data::emotion::own;
    if own::looks_like_texts(text) {
        let summary = own::read(text).map_err(to_error)?.summary();
        return to_js(&serde_json::json!({ "texts": summary, "config": RunConfig::for_texts(&summary) }));
    }
    let summary = crate::data::import::read(text).map_err(to_error)?.summary();
    let config = RunConfig::for_import(&summary);
    to_js(&serde_json::json!({ "summary": summary, "config": config }))
}

/// What a checkpoint holds, without going on from it: its header, with the run's config and step.
///
/// # Errors
/// An error object saying what is damaged.
#[wasm_bindgen]
pub fn inspect_checkpoint(bytes: &[u8]) -> Result<JsValue, JsValue> {
    run_checkpoint::header(bytes).map_err(to_error).and_then(|h| to_js(&h))
}

/// One checkpoint out of parts that hold different lanes of one run at the same step.
///
/// # Errors
/// An error object where they do not belong together or a lane is missing.
#[wasm_bindgen]
pub fn join_checkpoints(parts: Vec<Uint8Array>) -> Result<Uint8Array, JsValue> {
    let parts = parts.iter().map(|p| RunCheckpoint::from_bytes(&p.to_vec())).collect::<Result<Vec<_>, _>>().map_err(to_error)?;
    let whole = run_checkpoint::join(&parts).and_then(|w| w.to_bytes()).map_err(to_error)?;
    Ok(Uint8Array::from(whole.as_slice()))
}

/// Parses and validates a config.
///
/// # Errors
/// An error object naming the field.
#[wasm_bindgen]
pub fn check_config(json: &str) -> Result<JsValue, JsValue> {
    RunConfig::from_json(json).map_err(to_error).and_then(|c| to_js(&c))
}

/// A plain JavaScript value, as JSON would make it.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from)
}

/// The error object that JavaScript catches.
pub(crate) fn to_error(error: Error) -> JsValue {
    to_js(&error).unwrap_or_else(|e| e)
}
