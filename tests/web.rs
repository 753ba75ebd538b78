//! The engine in a browser, through what JavaScript sees: `make test-web` runs this in headless Chromium, once with
//! the CPU build and once with the WebGPU build. Without an adapter the WebGPU tests fail; they are never skipped.
#![cfg(target_family = "wasm")]

use js_sys::{Array, Float32Array, JSON, Reflect, Uint32Array, Uint8Array};
use prefshift::config::*;
use prefshift::eval::theory;
use prefshift::web::{self, Session};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const TAUS: [f64; 3] = [1.0, 0.25, 0.1];
/// Pairs of the tabular world.
const PAIRS: usize = 20;

/// The test runner leaves the module's start function out; calling it is what the page's loader does.
fn start() {
    web::start(); // a second call does nothing
}

/// One prompt, two answers, a tenth of the users prefer the second; full batches.
fn tabular(steps: usize, frame_every: usize) -> RunConfig {
    RunConfig {
        data: DataConfig { scenario: Scenario::Tabular, pairs: PAIRS, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { policy: PolicyKind::Tabular, context: 8, ..ModelConfig::default() },
        lanes: std::iter::once(LaneConfig::new("dpo")).chain(TAUS.map(|tau| LaneConfig::new("kldpo").with("tau", tau))).collect(),
        train: TrainConfig {
            steps,
            batch: PAIRS,
            learning_rate: 0.2,
            schedule: Schedule::Cosine,
            clip: 1e6,
            frame_every,
            ..TrainConfig::default()
        },
        eval: EvalConfig { every: 100_000, samples: 0, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

/// A GPT small enough for a software adapter, trained by three methods from one untrained reference.
fn tiny(steps: usize, frame_every: usize) -> RunConfig {
    RunConfig {
        data: DataConfig { pairs: 8, eval_pairs: 2, ..DataConfig::default() },
        model: ModelConfig { d_model: 16, layers: 1, heads: 2, context: 16, ..ModelConfig::default() },
        sft: SftConfig { steps: 0, ..SftConfig::default() },
        lanes: vec![LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.25), LaneConfig::new("wdpo").with("rho", 0.2)],
        train: TrainConfig { steps, batch: 2, frame_every, ..TrainConfig::default() },
        eval: EvalConfig { every: 100_000, samples: 0, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

fn json(config: &RunConfig) -> String {
    serde_json::to_string(config).expect("a config is JSON")
}

fn say(error: &JsValue) -> String {
    JSON::stringify(error).map(String::from).unwrap_or_else(|_| format!("{error:?}"))
}

async fn open(config: &RunConfig, device: &str) -> Session {
    start();
    Session::create(json(config), device.into(), None, None, None).await.unwrap_or_else(|e| panic!("{device}: {}", say(&e)))
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).expect("an object")
}

fn text(object: &JsValue, key: &str) -> String {
    get(object, key).as_string().unwrap_or_else(|| panic!("`{key}` is not a string"))
}

fn floats(frame: &JsValue, key: &str) -> Vec<f32> {
    get(frame, key).dyn_into::<Float32Array>().unwrap_or_else(|_| panic!("`{key}` is not a Float32Array")).to_vec()
}

/// Pulls the session to its end.
async fn events(session: &mut Session) -> Vec<JsValue> {
    let mut all = Vec::new();
    loop {
        let batch: Array = session.next().await.unwrap_or_else(|e| panic!("{}", say(&e)));
        for event in batch.iter() {
            let kind = text(&event, "event");
            all.push(event);
            if kind == "done" {
                return all;
            }
        }
    }
}

async fn frames(session: &mut Session) -> Vec<JsValue> {
    events(session).await.into_iter().filter(|e| text(e, "event") == "frame").collect()
}

/// Every lane's margin and adversary at its analytic value, within 1 %.
fn assert_closed_form(frame: &JsValue, beta: f64) {
    let p = 0.1;
    let (chosen, rejected, losses, factor) =
        (floats(frame, "chosen"), floats(frame, "rejected"), floats(frame, "losses"), floats(frame, "factor"));
    for (lane, tau) in std::iter::once(None).chain(TAUS.map(Some)).enumerate() {
        let of = lane * PAIRS..(lane + 1) * PAIRS;
        // The majority's margin is h, the minority's −h; the larger loss is the minority's.
        let h = chosen[of.clone()].iter().zip(&rejected[of.clone()]).map(|(a, b)| f64::from(a - b)).fold(f64::MIN, f64::max);
        let expected = tau.map_or(theory::dpo_margin(p), |t| theory::kldpo_margin(p, t));
        assert!((beta * h / expected - 1.0).abs() < 0.01, "lane {lane}: βh {} against {expected}", beta * h);
        let minority: f64 =
            factor[of.clone()].iter().zip(&losses[of]).filter(|(_, l)| **l > 0.7).map(|(f, _)| f64::from(*f) / PAIRS as f64).sum();
        let expected = tau.map_or(0.1, |t| theory::kldpo_minority_weight(p, t));
        assert!((minority / expected - 1.0).abs() < 0.01, "lane {lane}: weight {minority} against {expected}");
    }
}

#[wasm_bindgen_test]
async fn cpu_lands_on_the_closed_form() {
    let config = tabular(800, 799);
    let frames = frames(&mut open(&config, "cpu").await).await;
    assert_closed_form(frames.last().expect("a frame"), config.lanes[0].param("beta"));
}

#[wasm_bindgen_test]
async fn frames_carry_typed_arrays() {
    let config = tiny(2, 1);
    let frames = frames(&mut open(&config, "cpu").await).await;
    assert_eq!(frames.len(), 2);
    let lanes = config.lanes.len();
    for frame in &frames {
        let pairs = get(frame, "pairs").dyn_into::<Uint32Array>().expect("a Uint32Array");
        assert_eq!(pairs.length() as usize, lanes * config.train.batch);
        for key in ["losses", "chosen", "rejected", "factor", "gradient"] {
            assert_eq!(floats(frame, key).len(), lanes * config.train.batch, "{key}");
        }
        for key in ["objective", "grad_norm", "learning_rate", "radius", "tau"] {
            assert_eq!(floats(frame, key).len(), lanes, "{key}");
        }
    }
}

/// A transformer through every stage: its reference policy is trained, five methods start from it, and evaluations sample.
fn whole() -> RunConfig {
    RunConfig {
        sft: SftConfig { steps: 4, batch: 4, bundled: false, ..SftConfig::default() },
        lanes: vec![
            LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.25), LaneConfig::new("wdpo").with("rho", 0.2),
            LaneConfig::new("gr_dpo"), LaneConfig { seed: 4, ..LaneConfig::new("dr_dpo") },
        ],
        eval: EvalConfig { every: 3, samples: 4, ..EvalConfig::default() },
        ..tiny(6, 1)
    }
}

/// A run's trace as the page saves it, a line an event, and every lane's policy.
async fn written(config: &RunConfig, device: &str) -> (Vec<String>, Vec<Vec<u8>>) {
    let mut session = open(config, device).await;
    // Which kernels a device still has to compile is the device's past, not the run's.
    let lines = events(&mut session).await.iter().map(say).filter(|line| !line.contains(r#""stage":"kernels""#)).collect();
    let mut policies = Vec::new();
    for lane in 0..config.lanes.len() {
        policies.push(session.export_policy(Some(lane)).await.unwrap_or_else(|e| panic!("{}", say(&e))).to_vec());
    }
    (lines, policies)
}

/// Two runs of one config give the same bytes; another seed gives others.
async fn assert_repeats(config: &RunConfig, device: &str) {
    let (first, policies) = written(config, device).await;
    let kinds = |kind: &str| first.iter().filter(|line| line.contains(&format!("\"event\":\"{kind}\""))).count();
    assert_eq!((kinds("started"), kinds("frame"), kinds("evaluation"), kinds("done")), (1, 6, 3, 1));
    let (again, policies_again) = written(config, device).await;
    for (a, b) in first.iter().zip(&again) {
        assert!(a == b, "two runs differ: {a}\n{b}");
    }
    assert_eq!(first.len(), again.len());
    assert!(policies == policies_again, "two runs end in different policies");
    assert!(written(&RunConfig { seed: 2, ..config.clone() }, device).await.1 != policies, "the seed must matter");
}

#[wasm_bindgen_test]
async fn the_same_transformer_twice_gives_the_same_bytes() {
    assert_repeats(&whole(), "cpu").await;
}

#[wasm_bindgen_test]
async fn a_bad_config_throws_an_object_that_names_the_field() {
    start();
    let mut config = tabular(10, 1);
    config.lanes[1] = LaneConfig::new("kldpo").with("tau", -1.0);
    for thrown in [web::check_config(&json(&config)).err(), Session::create(json(&config), "cpu".into(), None, None, None).await.err()] {
        let error = thrown.expect("it must throw");
        assert_eq!(text(&error, "code"), "config");
        assert!(text(&error, "message").contains("lanes[1]") && text(&error, "message").contains("tau"), "{}", say(&error));
        assert!(!text(&error, "mend").is_empty());
    }
    let error = web::check_config(r#"{"train":{"stepz":1}}"#).expect_err("it must throw");
    assert!(text(&error, "message").contains("train") && text(&error, "message").contains("stepz"), "{}", say(&error));
    let error = Session::create(json(&tabular(10, 1)), "abacus".into(), None, None, None).await.err().expect("it must throw");
    assert!(text(&error, "message").contains("device"), "{}", say(&error));
}

#[wasm_bindgen_test]
async fn a_change_of_tau_applies_live_and_a_change_of_data_asks_for_a_restart() {
    let mut config = tiny(4, 1);
    let mut session = open(&config, "cpu").await;
    while !session.next().await.expect("a step").iter().any(|e| text(&e, "event") == "frame") {}
    config.lanes[1] = LaneConfig::new("kldpo").with("tau", 0.5);
    let update = session.update(&json(&config)).expect("a valid config");
    assert!(Array::from(&get(&update, "applied")).length() > 0 && Array::from(&get(&update, "restart")).length() == 0);
    config.data.pairs = 4;
    let update = session.update(&json(&config)).expect("a valid config");
    assert_eq!(Array::from(&get(&update, "restart")).get(0).as_string().as_deref(), Some("data"));
}

#[wasm_bindgen_test]
async fn an_exported_policy_is_a_reference_for_the_next_run() {
    let config = tiny(2, 1);
    let mut session = open(&config, "cpu").await;
    events(&mut session).await;
    let bytes = session.export_policy(None).await.expect("the reference");
    let again = Session::create(json(&config), "cpu".into(), None, Some(bytes), None).await;
    let first = |frames: Vec<JsValue>| floats(&frames[0], "grad_norm");
    let from_file = first(frames(&mut again.unwrap_or_else(|e| panic!("{}", say(&e)))).await);
    assert_eq!(from_file, first(frames(&mut open(&config, "cpu").await).await));
    session.export_policy(Some(2)).await.expect("the third lane");
    assert!(session.export_policy(Some(3)).await.is_err());
}

async fn resumed(bytes: &Uint8Array, device: &str, lanes: Option<Vec<u32>>) -> Session {
    Session::resume(&bytes.to_vec(), device.into(), None, lanes, None).await.unwrap_or_else(|e| panic!("{}", say(&e)))
}

/// Pulls the session until `frames` more frames were made.
async fn pull(session: &mut Session, frames: usize) -> Vec<JsValue> {
    let mut made = Vec::new();
    while made.len() < frames {
        let batch: Array = session.next().await.unwrap_or_else(|e| panic!("{}", say(&e)));
        made.extend(batch.iter().filter(|e| text(e, "event") == "frame"));
    }
    made
}

#[wasm_bindgen_test]
async fn a_checkpoint_goes_on_as_if_it_had_never_stopped() {
    let mut config = tiny(12, 1);
    config.lanes.push(LaneConfig::new("gr_dpo"));
    let whole: Vec<String> = frames(&mut open(&config, "cpu").await).await.iter().map(say).collect();
    let mut first = open(&config, "cpu").await;
    assert!(first.checkpoint(None).await.is_err(), "training has not begun");
    let before: Vec<String> = pull(&mut first, 5).await.iter().map(say).collect();
    let bytes = first.checkpoint(None).await.expect("a checkpoint");
    assert_eq!(get(&web::inspect_checkpoint(&bytes.to_vec()).expect("a header"), "step").as_f64(), Some(5.0));
    let mut second = resumed(&bytes, "cpu", None).await;
    let after = events(&mut second).await;
    assert_eq!(get(&after[0], "resumed").as_f64(), Some(5.0));
    let after: Vec<String> = after.iter().filter(|e| text(e, "event") == "frame").map(say).collect();
    assert_eq!([before, after].concat(), whole);

    // Apart and together again.
    let mut parts = Vec::new();
    for lanes in [vec![1, 3], vec![0, 2]] {
        let mut part = resumed(&bytes, "cpu", Some(lanes)).await;
        pull(&mut part, 4).await;
        parts.push(part.checkpoint(None).await.expect("a part"));
    }
    let joined = web::join_checkpoints(parts.clone()).unwrap_or_else(|e| panic!("{}", say(&e)));
    let mut rest = resumed(&joined, "cpu", None).await;
    let rest: Vec<String> = frames(&mut rest).await.iter().map(say).collect();
    assert_eq!(rest, whole[9..]);
    assert_eq!(text(&web::join_checkpoints(vec![parts[0].clone()]).expect_err("half a run"), "code"), "checkpoint");
    let mut half = bytes.to_vec();
    half.truncate(half.len() / 2);
    let error = Session::resume(&half, "cpu".into(), None, None, None).await.err().expect("half a file");
    assert!(text(&error, "code") == "checkpoint" && text(&error, "message").contains("cut off"), "{}", say(&error));
}

#[cfg(feature = "webgpu")]
mod webgpu {
    use super::*;

    /// Largest allowed difference from the CPU over 50 steps, relative to the CPU's value or to 1 where that is less.
    const TOLERANCE: f32 = 1e-4;

    /// Seconds since the worker started.
    fn now() -> f64 {
        get(&js_sys::global(), "performance").dyn_into::<web_sys::Performance>().expect("performance").now() / 1e3
    }

    #[wasm_bindgen_test]
    async fn lands_on_the_closed_form_with_every_tau_as_a_lane() {
        let config = tabular(800, 50);
        let began = now();
        let frames = frames(&mut open(&config, "webgpu").await).await;
        console_log!("closed form on WebGPU: {} steps in {:.1} s", config.train.steps, now() - began);
        assert_closed_form(frames.last().expect("a frame"), config.lanes[0].param("beta"));
    }

    /// No kernel adds in an order that depends on timing.
    #[wasm_bindgen_test]
    async fn the_same_transformer_twice_gives_the_same_bytes() {
        assert_repeats(&whole(), "webgpu").await;
    }

    #[wasm_bindgen_test]
    async fn agrees_with_the_cpu() {
        let config = tiny(50, 1);
        let cpu = frames(&mut open(&config, "cpu").await).await;
        let began = now();
        let gpu = frames(&mut open(&config, "webgpu").await).await;
        console_log!("tiny GPT on WebGPU: {} steps in {:.1} s", config.train.steps, now() - began);
        assert_eq!(cpu.len(), gpu.len());
        for key in ["losses", "chosen", "rejected", "factor", "gradient", "objective", "grad_norm"] {
            let mut worst = (0.0f32, 0);
            for (step, (a, b)) in cpu.iter().zip(&gpu).enumerate() {
                for (a, b) in floats(a, key).iter().zip(&floats(b, key)) {
                    let difference = (a - b).abs() / a.abs().max(1.0);
                    if difference > worst.0 {
                        worst = (difference, step);
                    }
                }
            }
            console_log!("{key}: largest difference {:.1e}, at step {}", worst.0, worst.1);
            assert!(worst.0 < TOLERANCE, "{key}: CPU and WebGPU differ by {:.1e} at step {}", worst.0, worst.1);
        }
        assert!(floats(&cpu[49], "losses").iter().any(|l| (l - std::f32::consts::LN_2).abs() > 0.05), "nothing was learned");
    }
}
