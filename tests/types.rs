//! The page's TypeScript types are generated from the Rust ones. This fails when they have drifted;
//! `UPDATE=1 cargo test --features typescript --test types` writes them anew.
#![cfg(all(feature = "typescript", not(target_family = "wasm")))]

use prefshift::data::import::{Lengths, LineProblem, Summary};
use prefshift::data::scenario::{GroupAbout, ScenarioInfo};
use prefshift::experiment::Update;
use prefshift::{config::*, error::*, event::*, objective::*};
use ts_rs::{Config, TS};

macro_rules! declarations {
    ($cfg:expr; $($t:ty),+ $(,)?) => { [$(<$t as TS>::decl($cfg)),+] };
}

#[test]
fn typescript_types_are_current() {
    let cfg = Config::new().with_large_int("number");
    let all = declarations!(&cfg;
        ErrorCode, Error, Scenario, Labels, DataConfig, PolicyKind, ModelConfig, SftConfig, LaneConfig, Schedule,
        TrainConfig, EvalConfig, RunConfig, ParamInfo, FormInfo, MethodInfo, GroupInfo, PairText, Started, Stage,
        Progress, Frame, Sample, Evaluation, Warning, Done, Event,
        Update, GroupAbout, ScenarioInfo, LineProblem, Lengths, Summary,
    );
    let mut text = String::from("// Generated from the Rust types by tests/types.rs; do not edit.\n");
    for declaration in all {
        text.push_str("\nexport ");
        text.push_str(&declaration);
        text.push('\n');
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/src/engine/types.ts");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).expect("write types.ts");
    }
    let current = std::fs::read_to_string(path).unwrap_or_default();
    assert!(current == text, "www/src/engine/types.ts is out of date: UPDATE=1 cargo test --features typescript --test types");
}
