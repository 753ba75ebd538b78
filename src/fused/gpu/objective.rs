//! The methods' shaders, put together into one module with a switch over the methods of a run.

use crate::config::LaneConfig;
use crate::objective::{OBJECTIVES, Objective, find};
use std::fmt::Write;

/// Numbers per lane that a method may take.
pub const MAX_PARAMS: usize = 24;

/// Methods that are always there: those of the self-test, so that a run of them compiles one kernel for both.
const ALWAYS: [&str; 3] = ["dpo", "kldpo", "wdpo"];

/// Source of the objective's kernel, with the methods of `lanes` only: a run does not compile what it does not use.
pub fn source(lanes: &[LaneConfig]) -> String {
    let used: Vec<(usize, &dyn Objective)> = OBJECTIVES.iter().copied().enumerate()
        .filter(|(_, o)| ALWAYS.contains(&o.info().id) || lanes.iter().any(|l| uses(&l.method, o.info().id))).collect();
    let mut s = String::new();
    for (_, objective) in &used {
        let info = objective.info();
        for (i, param) in info.params.iter().enumerate() {
            let _ = writeln!(s, "const {}_{}: u32 = {i}u;", info.id, param.id);
        }
        for (i, form) in info.forms.iter().enumerate() {
            let _ = writeln!(s, "const {}_{}_form: u32 = {i}u;", info.id, form.id);
        }
        s.push_str(objective.shader());
    }
    switch(&mut s, &used, "pair_of(which: u32, form: u32, i: u32) -> vec3<f32>", "pair", "form, i", "default_pair(i)");
    switch(&mut s, &used, "summary_of(which: u32, form: u32) -> Summary", "summary", "form", "default_summary()");
    switch(&mut s, &used, "weight_of(which: u32, form: u32, i: u32, s: Summary) -> vec2<f32>", "weight", "form, i, s", "default_weight()");
    switch(&mut s, &used, "state_of(which: u32, form: u32, group: u32) -> f32", "state", "form, group", "state(group)");
    include_str!("objective.wgsl").replace("//METHODS", &s)
}

/// Whether `method` is `other` or calls functions of its shader.
fn uses(method: &str, other: &str) -> bool {
    method == other || find(method).is_some_and(|o| o.shader().contains(&format!("{other}_")))
}

/// `fn {signature}` that calls each method's own `{id}_{name}`, and the default for the rest.
fn switch(s: &mut String, used: &[(usize, &dyn Objective)], signature: &str, name: &str, arguments: &str, default: &str) {
    let _ = writeln!(s, "fn {signature} {{\n    switch which {{");
    for (i, objective) in used {
        let id = objective.info().id;
        if objective.shader().contains(&format!("fn {id}_{name}(")) {
            let _ = writeln!(s, "        case {i}u: {{ return {id}_{name}({arguments}); }}");
        }
    }
    let _ = writeln!(s, "        default: {{ return {default}; }}\n    }}\n}}");
}

/// Place of `method` and of its `form` in the switch.
pub fn place(method: &str, form: &str) -> [u32; 2] {
    let which = OBJECTIVES.iter().position(|o| o.info().id == method).unwrap_or(0);
    let form = OBJECTIVES[which].info().forms.iter().position(|f| f.id == form).unwrap_or(0);
    [which as u32, form as u32]
}
