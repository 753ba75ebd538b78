//! The engine in a real browser, through the surface that the page uses. Built with the feature `webgpu` it also
//! trains on WebGPU, and fails (rather than skips) where there is no adapter.
#![cfg(target_family = "wasm")]

use js_sys::{Array, Float32Array, Reflect, Uint8Array};
use prefshift::config::*;
use prefshift::eval::theory;
use prefshift::web::Session;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const TAUS: [f64; 3] = [1.0, 0.25, 0.1];

fn field(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).expect("a property")
}

fn numbers(frame: &JsValue, key: &str) -> Vec<f32> {
    field(frame, key).dyn_into::<Float32Array>().expect("a Float32Array").to_vec()
}

async fn session(config: &RunConfig, device: &str) -> Session {
    let json = serde_json::to_string(config).expect("JSON");
    Session::create(json, device.into(), None, None).await.expect("a session")
}

/// Every event up to `done`.
async fn events(session: &mut Session) -> Vec<JsValue> {
    let mut all = Vec::new();
    loop {
        let batch: Array = session.next().await.expect("events");
        for event in batch.iter() {
            let done = field(&event, "event") == "done";
            all.push(event);
            if done {
                return all;
            }
        }
    }
}

fn frames(events: &[JsValue]) -> Vec<&JsValue> {
    events.iter().filter(|e| field(e, "event") == "frame").collect()
}

/// The closed-form world of `tests/closed_form.rs`, in fewer steps.
fn tabular(steps: usize, learning_rate: f64) -> RunConfig {
    let mut config = RunConfig::for_scenario(Scenario::Tabular);
    config.train = TrainConfig { steps, learning_rate, warmup: 5, frame_every: steps - 1, ..config.train };
    config.eval.every = 100_000;
    config
}

fn lands(config: &RunConfig, events: &[JsValue], tolerance: f64) {
    let last = *frames(events).last().expect("a frame");
    let (chosen, rejected) = (numbers(last, "chosen"), numbers(last, "rejected"));
    let beta = config.lanes[0].param("beta");
    for (lane, tau) in std::iter::once(None).chain(TAUS.map(Some)).enumerate() {
        let h = (lane * 20..(lane + 1) * 20).map(|i| f64::from(chosen[i] - rejected[i])).fold(f64::MIN, f64::max);
        let expected = tau.map_or(theory::dpo_margin(0.1), |t| theory::kldpo_margin(0.1, t));
        assert!((beta * h / expected - 1.0).abs() < tolerance, "lane {lane}: βh {} against {expected}", beta * h);
    }
}

#[wasm_bindgen_test]
async fn the_cpu_lands_on_the_closed_form() {
    let config = tabular(800, 0.2);
    let mut session = session(&config, "cpu").await;
    lands(&config, &events(&mut session).await, 0.01);
    let policy: Uint8Array = session.export_policy(Some(1)).await.expect("a policy");
    assert!(policy.length() > 100);
}

#[wasm_bindgen_test]
async fn the_same_run_twice_gives_the_same_frames() {
    let config = tabular(40, 0.2);
    let mut runs = Vec::new();
    for _ in 0..2 {
        let events = events(&mut session(&config, "cpu").await).await;
        runs.push(frames(&events).iter().map(|f| (numbers(f, "losses"), numbers(f, "factor"), numbers(f, "grad_norm"))).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1]);
    assert!(!runs[0].is_empty());
}

#[wasm_bindgen_test]
async fn a_wrong_config_is_refused_by_field() {
    let bad = r#"{"train": {"steps": "many"}}"#;
    let error = Session::create(bad.into(), "cpu".into(), None, None).await.err().expect("an error");
    assert_eq!(field(&error, "code"), "config");
    assert!(field(&error, "message").as_string().is_some_and(|m| m.contains("train.steps")));
    let good = serde_json::to_string(&tabular(10, 0.1)).expect("JSON");
    let error = Session::create(good, "abacus".into(), None, None).await.err().expect("an error");
    assert!(field(&error, "message").as_string().is_some_and(|m| m.contains("abacus")));
}

#[cfg(feature = "webgpu")]
mod webgpu {
    use super::*;

    /// A transformer that a software adapter can train: d 16, one block, three methods.
    fn tiny() -> RunConfig {
        let mut config = RunConfig::for_scenario(Scenario::TwoPopulations);
        config.data.pairs = 16;
        config.data.eval_pairs = 2;
        config.model = ModelConfig { d_model: 16, layers: 1, heads: 2, ..config.model };
        config.sft = SftConfig { steps: 0, ..config.sft };
        config.train = TrainConfig { steps: 12, batch: 2, frame_every: 1, learning_rate: 1e-3, ..config.train };
        config.eval = EvalConfig { every: 100_000, samples: 0, ..config.eval };
        config
    }

    #[wasm_bindgen_test]
    async fn webgpu_agrees_with_the_cpu_and_lands_on_the_closed_form() {
        // One test: a runtime may be opened once.
        let config = tabular(200, 0.6);
        let mut gpu = session(&config, "webgpu").await;
        lands(&config, &events(&mut gpu).await, 0.01);

        let config = tiny();
        let cpu = events(&mut session(&config, "cpu").await).await;
        let gpu = events(&mut session(&config, "webgpu").await).await;
        let (cpu, gpu) = (frames(&cpu), frames(&gpu));
        assert_eq!(cpu.len(), 12);
        assert_eq!(cpu.len(), gpu.len());
        let mut worst = 0.0_f32;
        for (c, g) in cpu.iter().zip(&gpu) {
            for key in ["losses", "chosen", "rejected", "factor"] {
                for (x, y) in numbers(c, key).iter().zip(numbers(g, key)) {
                    worst = worst.max((x - y).abs() / x.abs().max(1.0));
                }
            }
        }
        // AdamW's first steps have the size of the learning rate whatever the gradient, which magnifies rounding.
        assert!(worst < 2e-3, "CPU and WebGPU differ by {worst}");
    }
}
