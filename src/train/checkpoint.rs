//! Policies as safetensors: one lane a file, float32 or float16, with the shape and vocabulary they belong to.

use crate::config::ModelConfig;
use crate::error::{Error, ErrorCode, Result};
use crate::policy::{ParamSpec, Parameters};
use crate::train::tensor_file;
use crate::train::measured::read_f32;
use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use safetensors::{Dtype, tensor::TensorView};
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

/// How a policy's numbers are written. Everything computes in float32; a file in float16 is half the download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Precision {
    /// float32: what was trained, to the last bit.
    F32,
    /// float16: rounded to nearest, ties to even, once, when written; reading is exact.
    F16,
    /// float16 on a grid, about a 64th of each tensor's standard deviation apart, so that it compresses to 9 bits a number
    /// instead of 14. For reference policies: a run starts from what the file says, whatever was trained before.
    Grid,
}

/// Steps of the grid in one standard deviation, about: a step is a power of two, so that points up to 2048 steps from zero are float16.
const GRID: f32 = 64.0;

const KEY: &str = "prefshift";

/// Writes lane `lane` of `params`. The same parameters give the same bytes.
///
/// # Errors
/// Where the device or the serializer fails, or a value is too large for float16.
pub async fn save(header: &Header, specs: &[ParamSpec], params: &Parameters, lane: usize, precision: Precision) -> Result<Vec<u8>> {
    let mut data = Vec::with_capacity(specs.len());
    for (spec, tensor) in specs.iter().zip(&params.0) {
        let values = read_f32(tensor.clone().narrow(0, lane, 1)).await?;
        let half = |rounded: &[f32]| halved(rounded).map_err(|at| {
            let message = format!("the policy could not be written: `{}` holds {} at element {at}, beyond float16", spec.name, values[at]);
            Error::new(ErrorCode::Checkpoint, message, "write it with `--precision f32`")
        });
        let bytes = match precision {
            Precision::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Precision::F16 => half(&values)?,
            Precision::Grid => half(&gridded(&values))?,
        };
        data.push((spec, bytes));
    }
    let dtype = match precision {
        Precision::F32 => Dtype::F32,
        Precision::F16 | Precision::Grid => Dtype::F16,
    };
    let failed = |e: String| Error::new(ErrorCode::Checkpoint, format!("the policy could not be written: {e}"), "");
    let mut views = Vec::with_capacity(data.len());
    for (spec, bytes) in &data {
        let view = TensorView::new(dtype, spec.shape.to_vec(), bytes).map_err(|e| failed(e.to_string()))?;
        views.push((spec.name.clone(), view));
    }
    let json = serde_json::to_string(header).map_err(|e| failed(e.to_string()))?;
    safetensors::serialize(views, Some(HashMap::from([(KEY.to_string(), json)]))).map_err(|e| failed(e.to_string()))
}

/// `values` in float16, or where the first finite one is that has no float16.
fn halved(values: &[f32]) -> std::result::Result<Vec<u8>, usize> {
    let rounded: Vec<f16> = values.iter().map(|v| f16::from_f32(*v)).collect();
    match rounded.iter().zip(values).position(|(h, v)| v.is_finite() && !h.is_finite()) {
        Some(at) => Err(at),
        None => Ok(rounded.iter().flat_map(|h| h.to_le_bytes()).collect()),
    }
}

/// `values` on the grid: multiples of the power of two nearest to a [`GRID`]th of their standard deviation.
///
/// Constants, such as a bias that never moved, have no deviation and stay as they are.
fn gridded(values: &[f32]) -> Vec<f32> {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt() as f32;
    if !deviation.is_normal() {
        return values.to_vec();
    }
    let step = (deviation / GRID).log2().round().exp2();
    values.iter().map(|v| (v / step).round_ties_even() * step).collect()
}

/// Reads the header only.
///
/// # Errors
/// [`ErrorCode::Checkpoint`] where the file is damaged or not one of ours.
pub fn header(bytes: &[u8]) -> Result<Header> {
    let bad = |what: String| Error::new(ErrorCode::Checkpoint, format!("policy file: {what}"), "use a file written by `prefshift sft` or exported from the page");
    let (_, metadata) = tensor_file::open(bytes).map_err(bad)?;
    serde_json::from_str(tensor_file::text(&metadata, KEY).map_err(bad)?).map_err(|e| bad(format!("metadata `{KEY}`: {e}")))
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
    let (tensors, _) = tensor_file::open(bytes).map_err(bad)?;
    specs.iter().map(|spec| {
        let view = tensors.tensor(&spec.name).map_err(|_| bad(format!("tensor `{}` is missing", spec.name)))?;
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 if view.shape() == spec.shape => view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::F16 if view.shape() == spec.shape => view.data().as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            other => return Err(bad(format!("tensor `{}` is {other:?} {:?}, expected F32 or F16 {:?}", spec.name, view.shape(), spec.shape))),
        };
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(bad(format!("tensor `{}` has a non-finite value at element {at}", spec.name)));
        }
        Ok(Tensor::from_data(TensorData::new(values, [1, spec.shape[0], spec.shape[1]]), device))
    }).collect::<Result<Vec<_>>>().map(Parameters)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::policy::Init;

    fn bytes(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn float16_is_the_nearest_one_ties_to_even_and_too_large_is_refused() {
        // 1, −2, a third, the largest one, the smallest one, 0 and −0.
        let exact = [1.0, -2.0, 1.0 / 3.0, 65_504.0, 2_f32.powi(-24), 0.0, -0.0];
        assert_eq!(halved(&exact), Ok(bytes(&[0x3c00, 0xc000, 0x3555, 0x7bff, 0x0001, 0x0000, 0x8000])));
        // Halfway between 1 and the next, and between that and the one after it.
        let ulp = 2_f32.powi(-10);
        assert_eq!(halved(&[1.0 + 0.5 * ulp, 1.0 + 1.5 * ulp]), Ok(bytes(&[0x3c00, 0x3c02])));
        assert_eq!(halved(&[65_519.0]), Ok(bytes(&[0x7bff])));
        for large in [65_520.0, -65_520.0, 1e9, f32::MIN] {
            assert_eq!(halved(&[1.0, 2.0, large, 1e9]), Err(2), "{large}");
        }
        // What is not finite already stays so; reading refuses it.
        assert_eq!(halved(&[f32::INFINITY, f32::NEG_INFINITY]), Ok(bytes(&[0x7c00, 0xfc00])));
        assert!(halved(&[f32::NAN]).is_ok());
    }

    #[test]
    fn a_policy_that_has_no_float16_is_named_with_its_tensor_and_place() {
        let (device, spec) = (Device::flex(), |name: &str| ParamSpec { name: name.into(), shape: [2, 2], init: Init::Zero, decay: true });
        let tensor = |values: [f32; 8]| Tensor::from_data(TensorData::new(values.to_vec(), [2, 2, 2]), &device);
        let params = Parameters(vec![tensor([0.0; 8]), tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -70_000.0, 8.0])]);
        let header = Header { model: ModelConfig::default(), vocabulary: vec![], note: String::new() };
        let save = |lane, precision| pollster::block_on(super::save(&header, &[spec("one"), spec("two")], &params, lane, precision));
        let error = save(1, Precision::F16).expect_err("too large");
        assert!(error.message.contains("`two` holds -70000 at element 2, beyond float16") && error.mend.contains("--precision f32"), "{error}");
        assert!(save(0, Precision::F16).is_ok() && save(1, Precision::F32).is_ok());
    }
}
