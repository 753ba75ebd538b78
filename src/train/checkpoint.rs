//! Policies as safetensors: one lane a file, float32, with the shape and vocabulary they belong to.

use crate::config::ModelConfig;
use crate::error::{Error, ErrorCode, Result};
use crate::policy::{ParamSpec, Parameters};
use crate::train::trainer::read_f32;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What a policy file says of itself, as JSON under one metadata key (several would have no fixed order).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The shape of the policy.
    pub model: ModelConfig,
    /// Words by token id, specials included.
    pub vocabulary: Vec<String>,
    /// What the policy is, in words.
    pub note: String,
}

const KEY: &str = "prefshift";

/// Writes lane `lane` of `params`. The same parameters give the same bytes.
///
/// # Errors
/// Where the device or the serializer fails.
pub async fn save(header: &Header, specs: &[ParamSpec], params: &Parameters, lane: usize) -> Result<Vec<u8>> {
    let mut data = Vec::with_capacity(specs.len());
    for (spec, tensor) in specs.iter().zip(&params.0) {
        let values = read_f32(tensor.clone().narrow(0, lane, 1)).await?;
        data.push((spec, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()));
    }
    let failed = |e: String| Error::new(ErrorCode::Checkpoint, format!("the policy could not be written: {e}"), "");
    let mut views = Vec::with_capacity(data.len());
    for (spec, bytes) in &data {
        let view = TensorView::new(Dtype::F32, spec.shape.to_vec(), bytes).map_err(|e| failed(e.to_string()))?;
        views.push((spec.name.clone(), view));
    }
    let json = serde_json::to_string(header).map_err(|e| failed(e.to_string()))?;
    safetensors::serialize(views, Some(HashMap::from([(KEY.to_string(), json)]))).map_err(|e| failed(e.to_string()))
}

/// Reads the header only.
///
/// # Errors
/// [`ErrorCode::Checkpoint`] where the file is damaged or not one of ours.
pub fn header(bytes: &[u8]) -> Result<Header> {
    let bad = |what: String| Error::new(ErrorCode::Checkpoint, format!("policy file: {what}"), "use a file written by `prefshift sft` or exported from the page");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| bad(e.to_string()))?;
    let json = metadata.metadata().as_ref().and_then(|m| m.get(KEY)).ok_or_else(|| bad(format!("metadata has no `{KEY}`")))?;
    serde_json::from_str(json).map_err(|e| bad(format!("metadata `{KEY}`: {e}")))
}

/// Reads one lane and checks that it fits `model` and `vocabulary`.
///
/// # Errors
/// [`ErrorCode::Checkpoint`], naming what does not fit.
pub fn load(bytes: &[u8], model: &ModelConfig, vocabulary: &[String], specs: &[ParamSpec], device: &Device) -> Result<Parameters> {
    let bad = |what: String| Error::new(ErrorCode::Checkpoint, format!("policy file: {what}"), "train a reference policy for this setting (`prefshift sft`)");
    let header = header(bytes)?;
    if header.model != *model {
        return Err(bad(format!("made for {:?}, this run has {model:?}", header.model)));
    }
    if header.vocabulary != vocabulary {
        return Err(bad(format!("made for another vocabulary ({} words, this run has {})", header.vocabulary.len(), vocabulary.len())));
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| bad(e.to_string()))?;
    specs.iter().map(|spec| {
        let view = tensors.tensor(&spec.name).map_err(|_| bad(format!("tensor `{}` is missing", spec.name)))?;
        if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
            return Err(bad(format!("tensor `{}` is {:?} {:?}, expected F32 {:?}", spec.name, view.dtype(), view.shape(), spec.shape)));
        }
        let values: Vec<f32> = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(bad(format!("tensor `{}` has a non-finite value at element {at}", spec.name)));
        }
        Ok(Tensor::from_data(TensorData::new(values, [1, spec.shape[0], spec.shape[1]]), device))
    }).collect::<Result<Vec<_>>>().map(Parameters)
}
