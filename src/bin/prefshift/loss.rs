//! `prefshift loss`: a method's formula on given log-probabilities, so that anyone can check it.

use crate::args::{LossArgs, number_of};
use crate::files;
use burn::tensor::{Device, Tensor, TensorData};
use prefshift::config::LaneConfig;
use prefshift::error::{Error, ErrorCode, Result};
use prefshift::objective::{self, Batch, Params};
use serde::Deserialize;
use serde_json::{Value, json};

/// Log-probabilities of each pair, summed over the completion (nats).
#[derive(Deserialize)]
struct Fixture {
    policy_chosen: Vec<f64>,
    policy_rejected: Vec<f64>,
    ref_chosen: Vec<f64>,
    ref_rejected: Vec<f64>,
    beta: Option<f64>,
    group: Option<Vec<usize>>,
    grad_sq: Option<Vec<f64>>,
}

pub fn loss(args: &LossArgs) -> Result<()> {
    let fixture = read(args)?;
    let lane = lane(args, &fixture)?;
    let info = lane.info("--method")?;
    let method = objective::find(info.id).unwrap_or(objective::OBJECTIVES[0]);
    let device = Device::flex();
    let n = fixture.policy_chosen.len();
    let params = Params::new(info.params.iter().map(|p| (p.id, vec![lane.param(p.id)])).collect(), &device);
    let row = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [1, n]), &device);
    // Margins are differenced in float64: log-probabilities are large and their differences small.
    let margin = |i: usize| (fixture.policy_chosen[i] - fixture.ref_chosen[i]) - (fixture.policy_rejected[i] - fixture.ref_rejected[i]);
    let losses = method.pair_losses(row((0..n).map(|i| margin(i) as f32).collect()), &params);
    let missing = |field: &str, why: &str| Error::new(ErrorCode::Data, format!("{}: {field} is missing", args.input.display()), why);
    let groups = match &fixture.group {
        Some(of) => {
            let n_groups = of.iter().max().map_or(1, |g| g + 1);
            let one_hot: Vec<f32> = of.iter().flat_map(|g| (0..n_groups).map(move |k| f32::from(*g == k))).collect();
            Some(Tensor::<3>::from_data(TensorData::new(one_hot, [1, n, n_groups]), &device))
        }
        None if info.needs_groups => return Err(missing("group", "this method is told each pair's group: give an array of group indices")),
        None => None,
    };
    let grad_sq = match fixture.grad_sq {
        Some(values) => Some(row(values.iter().map(|v| *v as f32).collect())),
        None if info.needs_embedding_gradient && lane.param("rho") > 0.0 => {
            return Err(missing("grad_sq", "wdpo needs ‖∇_e ℓ‖² of each pair; log-probabilities alone do not give it"));
        }
        None => None,
    };
    let batch = Batch { losses: losses.clone(), grad_sq, groups, params: &params };
    let w = method.weigh(lane.form_id(), &batch, &mut None);
    let numbers = |t: Tensor<2>| -> Result<Vec<f32>> {
        t.try_into_data().ok().and_then(|d| d.try_to_vec::<f32>().ok())
            .ok_or_else(|| Error::new(ErrorCode::Device, "reading the result failed", ""))
    };
    let mut weights = numbers(w.weights)?;
    if lane.form_id() == "authors" {
        // As in the authors' code: the weight before the batch mean is taken.
        weights.iter_mut().for_each(|w| *w *= n as f32);
    }
    let (per_pair, loss) = (numbers(losses)?, numbers(w.loss)?[0]);
    let (objective, tau) = (numbers(w.objective)?[0], numbers(w.tau)?[0]);
    if args.json {
        let mut out = json!({ "method": info.id, "per_pair": per_pair, "weights": weights, "loss": loss, "objective": objective });
        if tau > 0.0 {
            out["tau"] = json!(tau);
        }
        println!("{out}");
    } else {
        println!("{}: loss {loss:.8} nats (descends {objective:.8})", prefshift::experiment::lane_name(&lane));
        for (i, (l, w)) in per_pair.iter().zip(&weights).enumerate() {
            println!("  pair {i}: loss {l:.8}, weight {w:.6}");
        }
    }
    Ok(())
}

/// Reads the fixture, either bare or under `fixture` as in a file of golden numbers, and checks its lengths.
fn read(args: &LossArgs) -> Result<Fixture> {
    let path = args.input.display();
    let bad = |what: String| Error::new(ErrorCode::Data, format!("{path}: {what}"), "give arrays policy_chosen, policy_rejected, ref_chosen, ref_rejected");
    let mut value: Value = serde_json::from_str(&files::read_text(&args.input)?).map_err(|e| bad(e.to_string()))?;
    if let Some(inner) = value.get_mut("fixture") {
        value = inner.take();
    }
    let fixture: Fixture = serde_path_to_error::deserialize(value).map_err(|e| bad(format!("{}: {}", e.path(), e.inner())))?;
    let n = fixture.policy_chosen.len();
    let mut lengths = vec![
        ("policy_rejected", fixture.policy_rejected.len()), ("ref_chosen", fixture.ref_chosen.len()), ("ref_rejected", fixture.ref_rejected.len()),
    ];
    lengths.extend(fixture.group.as_ref().map(|g| ("group", g.len())));
    lengths.extend(fixture.grad_sq.as_ref().map(|g| ("grad_sq", g.len())));
    if n == 0 {
        return Err(bad("policy_chosen is empty".into()));
    }
    if let Some((field, len)) = lengths.into_iter().find(|(_, len)| *len != n) {
        return Err(bad(format!("{field} has {len} values, policy_chosen has {n}")));
    }
    if let Some(groups) = &fixture.group
        && groups.iter().any(|g| *g >= 64)
    {
        return Err(bad("group: indices must be below 64".into()));
    }
    let all = [&fixture.policy_chosen, &fixture.policy_rejected, &fixture.ref_chosen, &fixture.ref_rejected];
    if all.into_iter().chain(fixture.grad_sq.as_ref()).flatten().any(|v| !v.is_finite() || v.abs() > 1e6) {
        return Err(bad("a value is not a number of reasonable size (at most 1e6 nats)".into()));
    }
    Ok(fixture)
}

fn lane(args: &LossArgs, fixture: &Fixture) -> Result<LaneConfig> {
    let mut lane = LaneConfig::new(&args.method);
    if let Some(beta) = fixture.beta {
        lane = lane.with("beta", beta);
    }
    for param in &args.params {
        match param.strip_prefix("form=") {
            Some(form) => lane.form = Some(form.into()),
            None => {
                let (key, value) = number_of(param)?;
                lane = lane.with(key, value);
            }
        }
    }
    // A radius asks for the radius form; the other forms have no use for it.
    if lane.method == "kldpo" && lane.form.is_none() && lane.params.contains_key("radius") {
        lane.form = Some("radius".into());
    }
    lane.validate("--param")?;
    Ok(lane)
}
