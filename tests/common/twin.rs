//! The float64 twin's fixtures; names are those of tests/fixtures/README.md.

use super::{minus, norm};
use burn::tensor::{Device, Tensor, TensorData};
use prefshift::config::*;
use prefshift::data::PreferencePair;
use prefshift::eval::groups::pair_logps;
use prefshift::policy::{Gpt, ParamSpec, Parameters, Policy};
use prefshift::train::Trainer;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// The nine objectives of the fixtures.
pub const METHODS: [&str; 9] = [
    "dpo", "kldpo_normalized", "kldpo_authors", "kldpo_authors_clamped", "kldpo_radius",
    "wdpo_algorithm1", "wdpo_appendix_f", "dr_dpo", "gr_dpo",
];

/// A file of tests/fixtures.
pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

/// A JSON file of tests/fixtures.
pub fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).expect(name)
}

/// Every number in `value`, in order.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(rows) => rows.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap_or_else(|| panic!("{other} is not a number"))],
    }
}

fn ids(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|v| v as u32).collect()
}

/// One model of the twin with its batches, in the engine's types.
pub struct Twin {
    /// `untied` or `tied`.
    pub name: &'static str,
    /// The model's part of gpt_twin.json.
    pub json: Value,
    /// Settings of the ten steps.
    pub train: Value,
    /// β of the regimes.
    pub regime_beta: f64,
    /// The engine's model.
    pub gpt: Gpt,
    pub specs: Vec<ParamSpec>,
    pub model: ModelConfig,
    /// The policy to start from and the reference, one lane each.
    pub policy: Parameters,
    pub reference: Parameters,
    /// The pairs of all batches, five a batch.
    pub pairs: Vec<PreferencePair>,
    /// Log-probabilities of `pairs` under the reference, from the engine.
    pub reference_logps: Vec<[f32; 2]>,
    pub device: Device,
    /// Whether trainers go over tensors and autodiff rather than through the fused passes.
    pub plain: bool,
    weights: Vec<u8>,
    expected: Vec<u8>,
}

impl Twin {
    /// The model `name` for the fused passes and for the plain version.
    pub fn both(name: &'static str) -> [Self; 2] {
        [Self::load(name), Self { plain: true, ..Self::load(name) }]
    }

    /// What trains, for messages.
    pub fn label(&self) -> String {
        format!("{} {}", self.name, if self.plain { "plain" } else { "fused" })
    }

    /// The model `name` for the fused passes.
    pub fn load(name: &'static str) -> Self {
        let device = Device::flex();
        let all = json("gpt_twin.json");
        let json = all["models"][name].clone();
        let config = &json["config"];
        let size = |key: &str| config[key].as_u64().expect(key) as usize;
        let model = ModelConfig {
            policy: PolicyKind::Gpt, d_model: size("d_model"), layers: size("layers"), heads: size("heads"),
            context: size("context"), tied: config["tied"].as_bool().expect("tied"),
        };
        let gpt = Gpt::new(&model, size("vocabulary"), &device);
        let specs = gpt.specs();
        let pairs: Vec<PreferencePair> = json["batches"].as_array().expect("batches").iter()
            .flat_map(|b| b["pairs"].as_array().expect("pairs").iter())
            .map(|p| PreferencePair {
                prompt: ids(&p["prompt"]), chosen: ids(&p["chosen"]), rejected: ids(&p["rejected"]),
                group: p["group"].as_u64().expect("group") as usize, flipped: false, confidence: 1.0,
            }).collect();
        let weights = file("gpt_twin.safetensors");
        let policy = parameters(&weights, &format!("{name}.policy"), &specs, &device);
        let reference = parameters(&weights, &format!("{name}.reference"), &specs, &device);
        let reference_logps = pollster::block_on(pair_logps(&gpt, &reference, &pairs, model.context, &device)).expect("logps").remove(0);
        Self {
            name, train: all["train"].clone(), regime_beta: all["regime_beta"].as_f64().expect("beta"), json, gpt, specs, model, policy,
            reference, pairs, reference_logps, device, plain: false, weights, expected: file("gpt_twin_expected.safetensors"),
        }
    }

    /// Starting weights called `{model}.{prefix}.…`, one lane.
    pub fn start(&self, prefix: &str) -> Parameters {
        parameters(&self.weights, &format!("{}.{prefix}", self.name), &self.specs, &self.device)
    }

    /// Expected tensor `{model}.{name}`.
    pub fn tensor(&self, name: &str) -> Vec<f64> {
        let name = format!("{}.{name}", self.name);
        let file = SafeTensors::deserialize(&self.expected).expect("safetensors");
        let view = file.tensor(&name).expect(&name);
        assert_eq!(view.dtype(), Dtype::F64, "{name}");
        view.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect()
    }

    /// Expected tensors `{model}.{prefix}.…` in the engine's order of parameters.
    pub fn tensors(&self, prefix: &str) -> Vec<Vec<f64>> {
        self.specs.iter().map(|s| self.tensor(&format!("{prefix}.{}", s.name))).collect()
    }

    /// The lane of one of [`METHODS`], with the model's β.
    pub fn lane(&self, method: &str) -> LaneConfig {
        let o = &self.json["objectives"][method];
        let mut lane = LaneConfig::new(o["method"].as_str().expect("method")).with("beta", self.json["config"]["beta"].as_f64().expect("beta"));
        if let Some(form) = o["form"].as_str() {
            lane = lane.form(form);
        }
        for (name, value) in o["params"].as_object().expect("params") {
            lane = lane.with(name, value.as_f64().expect("number"));
        }
        lane
    }

    /// A trainer whose lanes all start at `start`.
    pub fn trainer(&self, lanes: Vec<LaneConfig>, start: &Parameters) -> Trainer {
        let get = |key: &str| self.train[key].as_f64().expect(key);
        let train = TrainConfig {
            steps: 10, batch: 5, learning_rate: get("learning_rate"), warmup: get("warmup") as usize, schedule: Schedule::Constant,
            weight_decay: get("weight_decay"), clip: get("clip"), frame_every: 1,
        };
        let new = if self.plain { Trainer::plain } else { Trainer::new };
        new(&super::config(self.model.clone(), lanes, train), &self.gpt, start, 2, &self.device)
    }

    /// Indices of batch `t`, as the trainer wants them (all lanes have seed 0).
    pub fn batch(t: u32) -> Vec<(u32, Vec<u32>)> {
        vec![(0, (5 * t..5 * t + 5).collect())]
    }

    /// Gradients on batch 0 of each of `lanes`, in that order.
    pub fn gradients(&self, lanes: Vec<LaneConfig>, start: &Parameters) -> Vec<Vec<Vec<f64>>> {
        let n = lanes.len();
        let mut trainer = self.trainer(lanes, start);
        let grads = pollster::block_on(trainer.gradients(&Self::batch(0), &self.gpt, &self.pairs, &self.reference_logps)).expect("gradients");
        (0..n).map(|lane| super::wide(&super::lane_of(&grads, lane))).collect()
    }
}

/// F32 weights as one lane.
fn parameters(bytes: &[u8], prefix: &str, specs: &[ParamSpec], device: &Device) -> Parameters {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    Parameters(specs.iter().map(|s| {
        let name = format!("{prefix}.{}", s.name);
        let view = file.tensor(&name).expect(&name);
        let shape = if s.decay { s.shape.to_vec() } else { vec![s.shape[1]] };
        assert_eq!((view.dtype(), view.shape()), (Dtype::F32, &shape[..]), "{name}");
        let values: Vec<f32> = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect();
        Tensor::from_data(TensorData::new(values, [1, s.shape[0], s.shape[1]]), device)
    }).collect())
}

/// ‖found − expected‖ / ‖expected‖ over all tensors, and the worst single tensor by the same yardstick.
pub fn gradient_error(found: &[Vec<f64>], expected: &[Vec<f64>]) -> (f64, f64) {
    let (off, scale) = (minus(found, expected), norm(expected));
    // `max` drops NaN; the first number catches it.
    (norm(&off) / scale, off.iter().map(|t| norm(std::slice::from_ref(t)) / scale).fold(0.0, f64::max))
}
