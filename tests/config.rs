//! Nothing is trained on a wrong config: every field is checked, and named by its dotted path.
#![cfg(not(target_family = "wasm"))]

use prefshift::config::*;
use prefshift::error::ErrorCode;
use prefshift::objective::methods;
use serde_json::{Value, json};

/// The default config with `path` (as a JSON pointer) set to `value`.
fn with(path: &str, value: Value) -> String {
    let mut config = serde_json::to_value(RunConfig::default()).expect("JSON");
    let (parent, field) = path.rsplit_once('/').expect("a pointer");
    match config.pointer_mut(parent).expect(path) {
        Value::Object(fields) => drop(fields.insert(field.into(), value)),
        Value::Array(items) => items[field.parse::<usize>().expect("an index")] = value,
        other => panic!("{path} leads into {other}"),
    }
    config.to_string()
}

/// Refused, with a message that starts with `field` and has `part` in it.
fn refused(text: &str, field: &str, part: &str) {
    let error = RunConfig::from_json(text).expect_err(&format!("{field} was to be refused: {text}"));
    assert_eq!(error.code, ErrorCode::Config);
    assert!(error.message.starts_with(field), "`{}` does not start with `{field}`", error.message);
    assert!(error.to_string().contains(part), "`{error}` does not say `{part}`");
    assert!(!error.mend.is_empty(), "`{error}` does not say what is allowed");
}

#[test]
fn the_default_is_valid_and_comes_back() {
    let config = RunConfig::default();
    config.validate().expect("valid");
    let text = serde_json::to_string(&config).expect("JSON");
    assert_eq!(RunConfig::from_json(&text).expect("valid"), config);
    assert_eq!(RunConfig::from_json("{}").expect("valid"), config, "every field has a default");
    assert_eq!(RunConfig::from_json(" {\"train\": {}, \"data\": {}, \"model\": {}, \"sft\": {}, \"eval\": {}} \n").expect("valid"), config);
}

#[test]
fn every_field_comes_back() {
    let config = RunConfig {
        seed: u32::MAX,
        data: DataConfig {
            scenario: Scenario::Regions, pairs: 65_536, eval_pairs: 1, mix: vec![0.4, 0.3, 0.2, 0.1], marker: 0.5, flip: 0.1,
            labels: Labels::ArgMax, reward_scale: 1.0 / 3.0, emotions: vec!["love".into(), "joy".into()], mixture: Mixture::Geometric,
            tokens: Tokens::Bytes,
        },
        model: ModelConfig { policy: PolicyKind::LogLinear, d_model: 12, layers: 3, heads: 3, context: 9, tied: true },
        reward: RewardConfig { steps: 3, batch: 2, learning_rate: 0.2, d_model: 12, layers: 1 },
        sft: SftConfig { steps: 0, batch: 7, learning_rate: 0.1, bundled: false },
        lanes: vec![
            LaneConfig { learning_rate: Some(0.1 + 0.2), seed: 5, ..LaneConfig::new("kldpo").form("radius").with("radius", 1e-7) },
            LaneConfig::new("wdpo").form("appendix_f").with("rho", 50.0).with("beta", 0.3),
        ],
        train: TrainConfig {
            steps: 1, batch: 2, learning_rate: 1e-5, warmup: 0, schedule: Schedule::Cosine, weight_decay: 0.3, clip: 1e-6, frame_every: 9,
        },
        eval: EvalConfig { every: 3, samples: 0, temperature: 0.0, top_k: 4, top_p: 0.9 },
    };
    let text = serde_json::to_string(&config).expect("JSON");
    assert_eq!(RunConfig::from_json(&text).expect("valid"), config);
}

#[test]
fn unknown_fields_are_refused_by_path() {
    for (path, field) in [
        ("/sed", "sed"), ("/data/pear", "data.pear"), ("/model/d_modle", "model.d_modle"), ("/reward/step", "reward.step"), ("/sft/step", "sft.step"),
        ("/lanes/1/tau", "lanes[1].tau"), ("/train/lr", "train.lr"), ("/eval/topk", "eval.topk"),
    ] {
        refused(&with(path, json!(1)), field, &format!("unknown field `{}`", path.rsplit_once('/').expect("a pointer").1));
    }
}

#[test]
fn wrong_types_are_refused_by_path() {
    for (path, value, field) in [
        ("/seed", json!("one"), "seed"), ("/seed", json!(-1), "seed"), ("/seed", json!(4_294_967_296_u64), "seed"), ("/seed", json!(1.5), "seed"),
        ("/data", json!([]), "data"), ("/data/pairs", json!(1.5), "data.pairs"), ("/data/pairs", json!(-3), "data.pairs"),
        ("/data/pairs", json!(null), "data.pairs"), ("/data/mix", json!(0.9), "data.mix"), ("/data/mix/1", json!("a tenth"), "data.mix[1]"),
        ("/data/scenario", json!("two_populations"), "data.scenario"), ("/data/labels", json!("coin"), "data.labels"),
        ("/data/flip", json!(null), "data.flip"), ("/model/policy", json!("rnn"), "model.policy"), ("/model/tied", json!("no"), "model.tied"),
        ("/model/layers", json!("two"), "model.layers"), ("/sft/bundled", json!(1), "sft.bundled"), ("/sft/learning_rate", json!("fast"), "sft.learning_rate"),
        ("/lanes", json!({}), "lanes"), ("/lanes/0", json!("dpo"), "lanes[0]"), ("/lanes/1/method", json!(7), "lanes[1].method"),
        ("/lanes/2/params", json!([1]), "lanes[2].params"), ("/lanes/2/seed", json!(-1), "lanes[2].seed"),
        ("/lanes/2/learning_rate", json!("slow"), "lanes[2].learning_rate"), ("/train/schedule", json!("linear"), "train.schedule"),
        ("/train/clip", json!([1.0]), "train.clip"), ("/eval/top_p", json!("most"), "eval.top_p"),
    ] {
        refused(&with(path, value), &format!("{field}: "), "");
    }
    // Serde would take an array for a struct, field by field.
    for (path, field) in [("/data", "data"), ("/model", "model"), ("/reward", "reward"), ("/sft", "sft"), ("/train", "train"), ("/eval", "eval")] {
        refused(&with(path, json!([])), &format!("{field}: "), "object");
    }
    refused(&with("/lanes/1", json!(["dpo"])), "lanes[1]: ", "object");
    refused("[]", "config: ", "object");
    refused("[3]", "config: ", "object");
    refused(&with("/lanes/0/params", json!({"beta": "small"})), "lanes[0].params.beta: ", "");
    refused(&with("/lanes/0/params", json!({"beta": null})), "lanes[0].params.beta: ", "");
    let mut no_method = serde_json::to_value(RunConfig::default()).expect("JSON");
    no_method["lanes"][0] = json!({"seed": 1});
    refused(&no_method.to_string(), "lanes[0]: ", "missing field `method`");
}

/// (JSON pointer, dotted path, just below, smallest, largest, just above)
type Range = (&'static str, &'static str, Option<f64>, f64, f64, f64);

const WHOLE: [Range; 20] = [
    ("/reward/steps", "reward.steps", Some(0.0), 1.0, 100_000.0, 100_001.0),
    ("/reward/batch", "reward.batch", Some(0.0), 1.0, 1_024.0, 1_025.0),
    ("/reward/d_model", "reward.d_model", Some(3.0), 4.0, 512.0, 513.0),
    ("/reward/layers", "reward.layers", Some(0.0), 1.0, 12.0, 13.0),
    ("/data/pairs", "data.pairs", Some(0.0), 1.0, 65_536.0, 65_537.0),
    ("/data/eval_pairs", "data.eval_pairs", Some(0.0), 1.0, 4_096.0, 4_097.0),
    ("/model/d_model", "model.d_model", Some(3.0), 4.0, 512.0, 513.0),
    ("/model/layers", "model.layers", Some(0.0), 1.0, 12.0, 13.0),
    ("/model/heads", "model.heads", Some(0.0), 1.0, 16.0, 17.0),
    ("/model/context", "model.context", Some(3.0), 4.0, 256.0, 257.0),
    ("/sft/steps", "sft.steps", None, 0.0, 100_000.0, 100_001.0),
    ("/sft/batch", "sft.batch", Some(0.0), 1.0, 1_024.0, 1_025.0),
    ("/train/steps", "train.steps", None, 0.0, 1_000_000.0, 1_000_001.0),
    ("/train/batch", "train.batch", Some(0.0), 1.0, 1_024.0, 1_025.0),
    ("/train/warmup", "train.warmup", None, 0.0, 100_000.0, 100_001.0),
    ("/train/frame_every", "train.frame_every", Some(0.0), 1.0, 10_000.0, 10_001.0),
    ("/eval/every", "eval.every", Some(0.0), 1.0, 1_000_000.0, 1_000_001.0),
    ("/eval/samples", "eval.samples", None, 0.0, 1_024.0, 1_025.0),
    ("/eval/top_k", "eval.top_k", None, 0.0, 100_000.0, 100_001.0),
    ("/seed", "seed", None, 0.0, 4_294_967_295.0, 4_294_967_296.0),
];

const REAL: [Range; 12] = [
    ("/reward/learning_rate", "reward.learning_rate", Some(-1e-9), 0.0, 1.0, 1.01),
    ("/data/marker", "data.marker", Some(-0.01), 0.0, 1.0, 1.01),
    ("/data/flip", "data.flip", Some(-0.01), 0.0, 0.5, 0.51),
    ("/data/reward_scale", "data.reward_scale", Some(-0.01), 0.0, 100.0, 100.1),
    ("/sft/learning_rate", "sft.learning_rate", Some(-1e-9), 0.0, 1.0, 1.01),
    ("/train/learning_rate", "train.learning_rate", Some(-1e-9), 0.0, 10.0, 10.1),
    ("/train/weight_decay", "train.weight_decay", Some(-1e-9), 0.0, 1.0, 1.01),
    ("/train/clip", "train.clip", Some(0.0), 1e-6, 1e6, 1.1e6),
    ("/eval/temperature", "eval.temperature", Some(-0.01), 0.0, 10.0, 10.1),
    ("/eval/top_p", "eval.top_p", Some(0.0), 1e-6, 1.0, 1.01),
    ("/lanes/1/learning_rate", "lanes[1].learning_rate", Some(-1e-9), 0.0, 10.0, 10.1),
    ("/data/mix/0", "data.mix[0]", Some(-0.01), 0.9, 0.9, 1.01),
];

#[test]
fn every_range_is_checked_at_both_ends() {
    let whole = |v: f64| json!(v as u64);
    for ((path, field, below, low, high, above), real) in WHOLE.iter().map(|r| (r, false)).chain(REAL.iter().map(|r| (r, true))) {
        let value = |v: f64| if real { json!(v) } else { whole(v) };
        for ok in [low, high] {
            // Widths have to be divisible by heads, which the ends need not be.
            if let Err(e) = RunConfig::from_json(&with(path, value(*ok))) {
                assert!(e.message.starts_with("model.heads: ") && e.message.contains("divide"), "{field} = {ok} was to be allowed: {e}");
            }
        }
        for bad in below.iter().chain([above]) {
            refused(&with(path, value(*bad)), &format!("{field}: "), "");
        }
    }
    refused(&with("/train/steps", json!(1_000_001)), "train.steps: 1000001 is out of range", "0 to 1000000");
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let text = serde_json::to_string(&RunConfig::default()).expect("JSON");
    for literal in ["NaN", "Infinity", "-Infinity", "1e999", "nan", "\"NaN\""] {
        refused(&text.replace("\"flip\":0.0", &format!("\"flip\":{literal}")), "data.flip: ", "");
    }
    // What comes by another way than JSON.
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let invalid = |change: &dyn Fn(&mut RunConfig), field: &str| {
            let mut config = RunConfig::default();
            change(&mut config);
            let error = config.validate().expect_err(field);
            assert!(error.message.starts_with(&format!("{field}: ")), "{error}");
        };
        invalid(&|c| c.train.learning_rate = value, "train.learning_rate");
        invalid(&|c| c.eval.top_p = value, "eval.top_p");
        invalid(&|c| c.data.mix[1] = value, "data.mix[1]");
        invalid(&|c| c.lanes[1] = LaneConfig::new("kldpo").with("tau", value), "lanes[1].params.tau");
        invalid(&|c| c.lanes[0].learning_rate = Some(value), "lanes[0].learning_rate");
    }
}

#[test]
fn methods_forms_and_parameters_are_checked() {
    refused(&with("/lanes/1/method", json!("ppo")), "lanes[1].method: `ppo` is unknown", "dpo, kldpo, wdpo, gr_dpo, dr_dpo");
    refused(&with("/lanes/1/method", json!("DPO")), "lanes[1].method: ", "dpo");
    refused(&with("/lanes/1/form", json!("exact")), "lanes[1].form: `exact` is unknown", "normalized, authors, radius");
    refused(&with("/lanes/0/form", json!("normalized")), "lanes[0].form: ", "none");
    refused(&with("/lanes/0/params", json!({"tau": 1.0})), "lanes[0].params.tau: unknown", "dpo takes beta");
    for method in methods() {
        let lane = |name: &str, value: f64| with("/lanes/0", json!({"method": method.id, "params": {name: value}}));
        for p in method.params {
            let field = format!("lanes[0].params.{}: ", p.id);
            for ok in [p.min, p.max, p.default] {
                RunConfig::from_json(&lane(p.id, ok)).unwrap_or_else(|e| panic!("{} {}: {e}", method.id, p.id));
            }
            refused(&lane(p.id, p.min - 0.5 * p.min.abs().max(1e-6)), &field, "out of range");
            refused(&lane(p.id, p.max * 1.01), &field, "out of range");
        }
        for form in method.forms {
            RunConfig::from_json(&with("/lanes/0", json!({"method": method.id, "form": form.id}))).expect(form.id);
        }
    }
    let lane = json!({"method": "dpo"});
    refused(&with("/lanes", json!([])), "lanes: 0", "1 to 128");
    refused(&with("/lanes", json!(vec![lane.clone(); 129])), "lanes: 129", "1 to 128");
    RunConfig::from_json(&with("/lanes", json!(vec![lane; 128]))).expect("128 lanes are allowed");
}

#[test]
fn fields_that_belong_together_are_checked() {
    refused(&with("/data/mix", json!([0.9, 0.2])), "data.mix: shares add to 1.1", "add to 1");
    refused(&with("/data/mix", json!([0.5, 0.4])), "data.mix: shares add to 0.9", "add to 1");
    refused(&with("/data/mix", json!([])), "data.mix: ", "1 to 16");
    refused(&with("/data/mix", json!(vec![0.05; 20])), "data.mix: ", "1 to 16");
    refused(&with("/data/mix", json!([0.5, 0.3, 0.2])), "data.mix: 3 shares", "2 groups");
    refused(&with("/data/scenario", json!("regions")), "data.mix: 2 shares", "4 groups");
    refused(&with("/reward/d_model", json!(30)), "reward.d_model: 30", "4 heads");
    refused(&with("/data/emotions", json!(["fear"])), "data.emotions: ", "two");
    refused(&with("/data/emotions", json!(["fear", "fear"])), "data.emotions: ", "different");
    refused(&with("/model/heads", json!(5)), "model.heads: 5 does not divide d_model 64", "divisor");
    refused(&with("/model/policy", json!("tabular")), "model.policy: ", "both");
    refused(&with("/data/scenario", json!("tabular")), "model.policy: ", "both");
    RunConfig::from_json(&with("/data/mix", json!([1.0, 0.0]))).expect("a group may be absent");
    RunConfig::from_json(&with("/data/mix", json!([0.3, 0.7]))).expect("shares need not be sorted");
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    let text = serde_json::to_string(&RunConfig::default()).expect("JSON");
    for bad in ["", "{", "null", "7", "[]x", "\"config\"", &text[..text.len() - 1], &format!("{text}{text}"), &format!("{text} x")] {
        let error = RunConfig::from_json(bad).expect_err(bad);
        assert_eq!(error.code, ErrorCode::Config);
        assert!(error.message.starts_with("config: ") || error.message.contains("EOF"), "{error}");
    }
    refused(&format!("{text}{{}}"), "config: ", "remove what follows");
    refused(&text.replacen("{\"seed\":1,", "{\"seed\":1,\"seed\":2,", 1), "config: ", "duplicate field `seed`");
}
