//! The page's TypeScript types, and the methods, scenarios and defaults that it opens with before the engine is there,
//! are generated from the Rust ones. This fails when they have drifted;
//! `UPDATE=1 cargo test --features typescript --test types` writes them anew.
#![cfg(all(feature = "typescript", not(target_family = "wasm")))]

use prefshift::data::emotion::own::TextsSummary;
use prefshift::data::import::{Lengths, LineProblem, Summary};
use prefshift::data::scenario::{GroupAbout, ScenarioInfo};
use prefshift::eval::words::{Probe, ProbeSide};
use prefshift::experiment::Update;
use prefshift::reward::RewardQuality;
use prefshift::train::guard::Watch;
use prefshift::train::run_checkpoint::{Header as CheckpointHeader, ImportedPairs};
use prefshift::{config::*, error::*, event::*, objective::*};
use ts_rs::{Config, TS};

macro_rules! declarations {
    ($cfg:expr; $($t:ty),+ $(,)?) => { [$(<$t as TS>::decl($cfg)),+] };
}

#[test]
fn typescript_types_are_current() {
    let cfg = Config::new().with_large_int("number");
    let all = declarations!(&cfg;
        ErrorCode, Error, Scenario, Mixture, Tokens, Labels, DataConfig, PolicyKind, ModelConfig, RewardConfig, SftConfig, LaneConfig, Schedule,
        TrainConfig, EvalConfig, RunConfig, ParamInfo, FormInfo, Family, Need, Confidence, MethodInfo, GroupInfo, RewardQuality, PairText, ReadText, Product, Started, Stage,
        Progress, Frame, Sample, Curve, Evaluation, Warning, Done, Event,
        Update, CheckpointHeader, ImportedPairs, Watch, ProbeSide, Probe, GroupAbout, ScenarioInfo, ScenarioStart, LineProblem, Lengths, Summary, TextsSummary,
    );
    let mut text = String::from("// Generated from the Rust types by tests/types.rs; do not edit.\n");
    for declaration in all {
        text.push_str("\nexport ");
        text.push_str(&declaration);
        text.push('\n');
    }
    current("types.ts", &text);
}

#[test]
fn defaults_of_the_page_are_current() {
    let methods = serde_json::to_string_pretty(&methods()).expect("methods as JSON");
    let scenarios = serde_json::to_string_pretty(&starts()).expect("scenarios as JSON");
    let text = format!(
        "// Generated from the Rust tables by tests/types.rs; do not edit.\nimport type {{ MethodInfo, ScenarioStart }} from './types';\n\n\
         export const METHOD_INFOS: MethodInfo[] = {methods};\n\nexport const SCENARIOS: ScenarioStart[] = {scenarios};\n"
    );
    current("catalog.ts", &text);
}

fn current(name: &str, text: &str) {
    let path = format!("{}/www/src/engine/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("write a generated file");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "www/src/engine/{name} is out of date: UPDATE=1 cargo test --features typescript --test types");
}
