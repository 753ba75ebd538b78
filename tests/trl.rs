//! TRL's own losses: values and slopes that its trainer computed for each loss type and for weighted sums of them
//! (tests/fixtures/trl_losses.py), against what `prefshift loss` computes from the same log-probabilities.
#![cfg(not(target_family = "wasm"))]

use prefshift::config::LaneConfig;
use prefshift::objective::given::Fixture;
use serde_json::Value;

/// TRL's name, the method, its form.
const NAMES: [(&str, &str, &str); 15] = [
    ("sigmoid", "dpo", ""), ("hinge", "hinge", ""), ("ipo", "ipo", "length"), ("exo_pair", "exo_pref", "normalized"),
    ("nca_pair", "nca_pair", ""), ("robust", "rdpo", ""), ("bco_pair", "bco_pair", ""), ("sppo_hard", "sppo_hard", ""), ("aot", "aot", ""),
    ("aot_unpaired", "aot_unpaired", ""), ("apo_zero", "apo_zero", ""), ("apo_down", "apo_down", ""), ("discopop", "discopop", ""), ("sft", "sft", ""),
    ("sigmoid_norm", "sigmoid_norm", ""),
];

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().expect("an array").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn lane(method: &str, form: &str, beta: f64) -> LaneConfig {
    let lane = LaneConfig::new(method).with("beta", beta);
    if form.is_empty() { lane } else { lane.form(form) }
}

/// TRL computes in float32: log-probabilities of size 40 are known to 4e-6, and squares of log-ratios scale that up.
fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 2e-5 * expected.abs().max(1.0), "{what}: {found} against {expected}");
}

#[test]
fn every_loss_type_is_trls() {
    let file: Value = serde_json::from_str(include_str!("fixtures/trl.json")).expect("JSON");
    let fixture: Fixture = serde_json::from_value(file["fixture"].clone()).expect("a fixture");
    let beta = file["beta"].as_f64().expect("β");
    let mut single = 0;
    for entry in file["losses"].as_array().expect("losses") {
        let types: Vec<&str> = entry["types"].as_array().expect("types").iter().map(|t| t.as_str().expect("a name")).collect();
        let smoothing = entry["label_smoothing"].as_f64().expect("a number");
        let mut lanes = Vec::new();
        let smooth = |l: LaneConfig| if smoothing > 0.0 { l.with("epsilon", smoothing) } else { l };
        if let [name] = types[..] {
            let (_, method, form) = NAMES.into_iter().find(|n| n.0 == name).unwrap_or_else(|| panic!("{name} has no method"));
            lanes.push(smooth(lane(method, form, beta)));
            // The weighted sum with a single part is that part.
            lanes.push(smooth(lane("mix", "", beta).with("sigmoid", 0.0)).with(name, 1.0));
            single += 1;
        } else {
            let weights = numbers(&entry["weights"]);
            let sum = lane("mix", "", beta).with("sigmoid", 0.0);
            lanes.push(types.iter().zip(&weights).fold(smooth(sum), |l, (name, w)| l.with(name, *w)));
            if types == ["sigmoid", "sft"] {
                lanes.push(lane("rpo", "token_mean", beta).with("eta", weights[1])); // with the weight 1 on sigmoid
            }
        }
        for lane in lanes {
            let found = fixture.judge(&lane).unwrap_or_else(|e| panic!("{types:?}: {e}"));
            let what = format!("{types:?} as {}", lane.method);
            near(f64::from(found.loss), entry["loss"].as_f64().expect("a loss"), &what);
            for (side, slopes) in [("slopes_chosen", &found.slopes_chosen), ("slopes_rejected", &found.slopes_rejected)] {
                for (i, expected) in numbers(&entry[side]).into_iter().enumerate() {
                    near(f64::from(slopes[i]), expected, &format!("{what}: {side} of pair {i}"));
                }
            }
        }
    }
    assert_eq!(single, NAMES.len());
}

#[test]
fn cdpo_is_the_label_smoothing_that_trl_had() {
    let file: Value = serde_json::from_str(include_str!("fixtures/trl.json")).expect("JSON");
    let fixture: Fixture = serde_json::from_value(file["fixture"].clone()).expect("a fixture");
    let cdpo = &file["cdpo"];
    let lane = lane("cdpo", "fixed", file["beta"].as_f64().expect("β")).with("epsilon", cdpo["label_smoothing"].as_f64().expect("ε"));
    let found = fixture.judge(&lane).expect("an outcome").per_pair;
    for (i, expected) in numbers(&cdpo["per_pair"]).into_iter().enumerate() {
        assert!((f64::from(found[i]) - expected).abs() < 1e-6 * expected.abs().max(1.0), "pair {i}: {} against {expected}", found[i]);
    }
}
