//! `prefshift loss`: a method's formula on given log-probabilities, so that anyone can check it.

use crate::args::{LossArgs, number_of};
use crate::files;
use prefshift::config::LaneConfig;
use prefshift::error::{Error, ErrorCode, Result};
use prefshift::objective::given::Fixture;
use serde_json::{Value, json};

pub fn loss(args: &LossArgs) -> Result<()> {
    let fixture = read(args)?;
    let lane = lane(args, &fixture)?;
    let found = fixture.judge(&lane).map_err(|e| match e.code {
        ErrorCode::Data => Error { message: format!("{}: {}", args.input.display(), e.message), ..e },
        _ => e,
    })?;
    if args.json {
        println!("{}", json!(found));
    } else {
        println!("{}: loss {:.8} nats (descends {:.8})", prefshift::experiment::lane_name(&lane), found.loss, found.objective);
        for (i, (l, w)) in found.per_pair.iter().zip(&found.weights).enumerate() {
            println!("  pair {i}: loss {l:.8}, weight {w:.6}, slopes {:.6} {:.6}", found.slopes_chosen[i], found.slopes_rejected[i]);
        }
    }
    Ok(())
}

/// Reads the fixture, either bare or under `fixture` as in a file of golden numbers.
fn read(args: &LossArgs) -> Result<Fixture> {
    let path = args.input.display();
    let bad = |what: String| Error::new(ErrorCode::Data, format!("{path}: {what}"), "give arrays policy_chosen, policy_rejected, ref_chosen, ref_rejected");
    let mut value: Value = serde_json::from_str(&files::read_text(&args.input)?).map_err(|e| bad(e.to_string()))?;
    if let Some(inner) = value.get_mut("fixture") {
        value = inner.take();
    }
    serde_path_to_error::deserialize(value).map_err(|e| bad(format!("{}: {}", e.path(), e.inner())))
}

fn lane(args: &LossArgs, fixture: &Fixture) -> Result<LaneConfig> {
    let mut lane = LaneConfig::new(&args.method);
    if let Some(beta) = fixture.beta
        && lane.info("--method")?.params.iter().any(|p| p.id == "beta")
    {
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
