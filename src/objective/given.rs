//! A method's formula on given log-probabilities, so that anyone can check it: what `prefshift loss` computes.

use super::{Batch, Given, Judged, Need, OBJECTIVES, Pairs, Params, find};
use crate::config::LaneConfig;
use crate::error::{Error, ErrorCode, Result};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// Log-probabilities of each pair, summed over the completion (nats), and what else some methods need.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Fixture {
    /// Of the chosen answers under the policy, `[pair]`.
    pub policy_chosen: Vec<f64>,
    /// Of the rejected answers.
    pub policy_rejected: Vec<f64>,
    /// The same under the reference.
    pub ref_chosen: Vec<f64>,
    /// The same under the reference.
    pub ref_rejected: Vec<f64>,
    /// Tokens of the chosen answers.
    pub len_chosen: Option<Vec<f64>>,
    /// Tokens of the rejected answers.
    pub len_rejected: Option<Vec<f64>>,
    /// P(chosen ≻ rejected).
    pub soft_label: Option<Vec<f64>>,
    /// Under a second reference.
    pub ref2_chosen: Option<Vec<f64>>,
    /// Under a second reference.
    pub ref2_rejected: Option<Vec<f64>>,
    /// Used where no β is asked for.
    pub beta: Option<f64>,
    /// Group of each pair.
    pub group: Option<Vec<usize>>,
    /// ‖∇_e ℓ‖² of each pair.
    pub grad_sq: Option<Vec<f64>>,
    /// Uniform draws in (0, 1), for methods that leave pairs out at random.
    pub noise: Option<Vec<f64>>,
    /// The log-probabilities token by token, for methods that weigh tokens; they must add up to the sums.
    pub tokens: Option<Tokens>,
}

/// Log-probabilities of each pair's tokens, nats, and which tokens differ; `[pair][token]`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Tokens {
    /// Of the chosen answers under the policy.
    pub policy_chosen: Vec<Vec<f64>>,
    /// Of the rejected answers.
    pub policy_rejected: Vec<Vec<f64>>,
    /// The same under the reference.
    pub ref_chosen: Vec<Vec<f64>>,
    /// The same under the reference.
    pub ref_rejected: Vec<Vec<f64>>,
    /// 1 where a token of the chosen answer is not in the rejected one, else 0.
    pub differs_chosen: Vec<Vec<f64>>,
    /// The same of the rejected answers.
    pub differs_rejected: Vec<Vec<f64>>,
}

/// What a method makes of a [`Fixture`].
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Method id.
    pub method: String,
    /// ℓ of each pair, nats.
    pub per_pair: Vec<f32>,
    /// Weight of each pair (in the authors' form of KLDPO before the batch mean is taken).
    pub weights: Vec<f32>,
    /// The loss as published.
    pub loss: f32,
    /// The function that is descended.
    pub objective: f32,
    /// Slope of the descended loss by each chosen answer's log-probability.
    pub slopes_chosen: Vec<f32>,
    /// Slope by each rejected answer's log-probability.
    pub slopes_rejected: Vec<f32>,
    /// Tilt temperature, or what else the method's gauge says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f32>,
}

impl Fixture {
    /// Lengths, sizes and group indices; names the first field that is wrong.
    ///
    /// # Errors
    /// [`ErrorCode::Data`].
    pub fn check(&self) -> Result<()> {
        let bad = |what: String| Error::new(ErrorCode::Data, what, "give arrays policy_chosen, policy_rejected, ref_chosen, ref_rejected");
        let n = self.policy_chosen.len();
        if n == 0 {
            return Err(bad("policy_chosen is empty".into()));
        }
        let always = [
            ("policy_chosen", &self.policy_chosen), ("policy_rejected", &self.policy_rejected), ("ref_chosen", &self.ref_chosen),
            ("ref_rejected", &self.ref_rejected),
        ];
        let sometimes = [
            ("len_chosen", &self.len_chosen), ("len_rejected", &self.len_rejected), ("soft_label", &self.soft_label), ("grad_sq", &self.grad_sq),
            ("ref2_chosen", &self.ref2_chosen), ("ref2_rejected", &self.ref2_rejected), ("noise", &self.noise),
        ];
        let given = always.into_iter().chain(sometimes.into_iter().filter_map(|(name, v)| v.as_ref().map(|v| (name, v))));
        for (field, values) in given {
            if values.len() != n {
                return Err(bad(format!("{field} has {} values, policy_chosen has {n}", values.len())));
            }
            if values.iter().any(|v| !v.is_finite() || v.abs() > 1e6) {
                return Err(bad(format!("{field}: a value is not a number of reasonable size (at most 1e6)")));
            }
        }
        if self.len_chosen.iter().chain(&self.len_rejected).flatten().any(|v| *v < 1.0) {
            return Err(bad("len_chosen and len_rejected: at least 1 token".into()));
        }
        if self.soft_label.iter().flatten().any(|v| !(0.0..=1.0).contains(v)) {
            return Err(bad("soft_label: probabilities".into()));
        }
        if let Some(tokens) = &self.tokens {
            self.check_tokens(tokens)?;
        }
        match &self.group {
            Some(groups) if groups.len() != n => Err(bad(format!("group has {} values, policy_chosen has {n}", groups.len()))),
            Some(groups) if groups.iter().any(|g| *g >= 64) => Err(bad("group: indices must be below 64".into())),
            _ => Ok(()),
        }
    }

    fn check_tokens(&self, tokens: &Tokens) -> Result<()> {
        let bad = |what: String| Error::new(ErrorCode::Data, format!("tokens.{what}"), "one list for each pair, as long for the policy as for the reference");
        let summed = [
            ("policy_chosen", &tokens.policy_chosen, &self.policy_chosen, &tokens.differs_chosen),
            ("policy_rejected", &tokens.policy_rejected, &self.policy_rejected, &tokens.differs_rejected),
            ("ref_chosen", &tokens.ref_chosen, &self.ref_chosen, &tokens.differs_chosen),
            ("ref_rejected", &tokens.ref_rejected, &self.ref_rejected, &tokens.differs_rejected),
        ];
        for (field, values, sums, differs) in summed {
            if values.len() != sums.len() || differs.len() != sums.len() {
                return Err(bad(format!("{field}: {} lists for {} pairs", values.len(), sums.len())));
            }
            for (pair, ((values, sum), differs)) in values.iter().zip(sums).zip(differs).enumerate() {
                let total: f64 = values.iter().sum();
                if values.len() != differs.len() || values.iter().any(|v| !(-1e6..=0.0).contains(v)) || differs.iter().any(|d| ![0.0, 1.0].contains(d)) {
                    return Err(bad(format!("{field}[{pair}]: log-probabilities must not be above 0, and each has a 0 or 1 in differs")));
                }
                if (total - sum).abs() > 1e-4 * sum.abs().max(1.0) {
                    return Err(bad(format!("{field}[{pair}] adds up to {total}, not to {sum}")));
                }
            }
        }
        Ok(())
    }

    /// a and b of each pair where tokens count differently, by what `weights` says of a policy's and a reference's tokens.
    fn weighed(tokens: &Tokens, weights: impl Fn([&[f64]; 3]) -> Result<[Vec<f32>; 2]>) -> Result<[Vec<f64>; 2]> {
        let side = |policy: &[Vec<f64>], reference: &[Vec<f64>], differs: &[Vec<f64>]| {
            policy.iter().zip(reference).zip(differs).map(|((p, r), d)| {
                let [by_policy, by_reference] = weights([p, r, d])?;
                let sum = |logps: &[f64], by: &[f32]| logps.iter().zip(by).map(|(l, w)| l * f64::from(*w)).sum::<f64>();
                Ok(sum(p, &by_policy) - sum(r, &by_reference))
            }).collect::<Result<Vec<f64>>>()
        };
        Ok([
            side(&tokens.policy_chosen, &tokens.ref_chosen, &tokens.differs_chosen)?,
            side(&tokens.policy_rejected, &tokens.ref_rejected, &tokens.differs_rejected)?,
        ])
    }

    /// What the method of `lane` makes of these pairs, by the code that training uses.
    ///
    /// # Errors
    /// Where the fixture or the lane is wrong, or a field that the method needs is missing.
    pub fn judge(&self, lane: &LaneConfig) -> Result<Outcome> {
        self.check()?;
        lane.validate("--param")?;
        let info = lane.info("--method")?;
        let method = find(info.id).unwrap_or(OBJECTIVES[0]);
        let missing = |field: &str, why: &str| Error::new(ErrorCode::Data, format!("{field} is missing"), why);
        let n = self.policy_chosen.len();
        let device = Device::flex();
        let numbers = |t: Tensor<2>| -> Result<Vec<f32>> {
            t.try_into_data().ok().and_then(|d| d.try_to_vec::<f32>().ok())
                .ok_or_else(|| Error::new(ErrorCode::Device, "reading the result failed", "this is a mistake in the program"))
        };
        let narrow = |v: &[f64]| v.iter().map(|v| *v as f32).collect::<Vec<f32>>();
        let or = |v: &Option<Vec<f64>>, default: f64| v.as_deref().map_or_else(|| vec![default as f32; n], narrow);
        let row = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [1, n]), &device);
        if method.counts_tokens(lane.form_id()) && (self.len_chosen.is_none() || self.len_rejected.is_none()) {
            return Err(missing("len_chosen or len_rejected", "this method counts tokens: give arrays of lengths"));
        }
        if info.needs(Need::SoftLabels) && self.soft_label.is_none() {
            return Err(missing("soft_label", "this method needs P(chosen ≻ rejected) of each pair"));
        }
        let others = match (&self.ref2_chosen, &self.ref2_rejected) {
            (Some(chosen), Some(rejected)) => vec![[narrow(chosen), narrow(rejected)]],
            _ if info.needs(Need::References) => return Err(missing("ref2_chosen or ref2_rejected", "this method has a second reference")),
            _ => vec![],
        };
        if info.needs(Need::Rewards) && method.further(lane) > 0 {
            return Err(missing("more than two samples with rewards", "this method's loss is not one of pairs: train it instead"));
        }
        let given = Given {
            reference: [narrow(&self.ref_chosen), narrow(&self.ref_rejected)],
            tokens: [or(&self.len_chosen, 1.0), or(&self.len_rejected, 1.0)],
            soft: or(&self.soft_label, 1.0),
            noise: or(&self.noise, 0.5),
            others,
            ..Given::default()
        };
        // Ratios are differenced in float64: log-probabilities are large and their differences small.
        let ratio = |policy: &[f64], reference: &[f64]| row(policy.iter().zip(reference).map(|(p, r)| (p - r) as f32).collect());
        let params = Params::new(info.params.iter().map(|p| (p.id, vec![lane.param(p.id)])).collect(), &device);
        let (a, b) = match &self.tokens {
            Some(tokens) if info.needs(Need::Edits) => {
                let [a, b] = Self::weighed(tokens, |parts| {
                    let [p, r, d] = parts.map(|v| Tensor::<2>::from_data(TensorData::new(narrow(v), [1, v.len()]), &device));
                    let [of_policy, of_reference] = method.token_weights(lane.form_id(), &p, &r, &d, &params);
                    Ok([numbers(of_policy)?, numbers(of_reference)?])
                })?;
                (row(narrow(&a)), row(narrow(&b)))
            }
            None if info.needs(Need::Edits) => return Err(missing("tokens", "this method weighs tokens: give log-probabilities token by token, and which differ")),
            _ => (ratio(&self.policy_chosen, &self.ref_chosen), ratio(&self.policy_rejected, &self.ref_rejected)),
        };
        let x = Pairs::new(a, b, vec![], &given, &device);
        let groups = match &self.group {
            Some(of) => {
                let n_groups = of.iter().max().map_or(1, |g| g + 1);
                let one_hot: Vec<f32> = of.iter().flat_map(|g| (0..n_groups).map(move |k| f32::from(*g == k))).collect();
                Some(Tensor::<3>::from_data(TensorData::new(one_hot, [1, n, n_groups]), &device))
            }
            None if info.needs(Need::Groups) => return Err(missing("group", "this method is told each pair's group: give an array of group indices")),
            None => None,
        };
        let grad_sq = match &self.grad_sq {
            Some(values) => Some(row(narrow(values))),
            None if info.needs_embedding_gradient && lane.param("rho") > 0.0 => {
                return Err(missing("grad_sq", "wdpo needs ‖∇_e ℓ‖² of each pair; log-probabilities alone do not give it"));
            }
            None => None,
        };
        let mut state = None;
        let judged = Judged::new(method, lane.form_id(), &x, &params, &mut state);
        let losses = judged.losses.clone();
        let batch = Batch { losses: losses.clone(), pairs: &x, grad_sq, groups, params: &params };
        let w = method.weigh(lane.form_id(), &batch, &mut state);
        let slopes = judged.slopes(&w.weights);
        let mut weights = numbers(w.weights)?;
        if info.id == "kldpo" && lane.form_id() == "authors" {
            // As in the authors' code: the weight before the batch mean is taken.
            weights.iter_mut().for_each(|w| *w *= n as f32);
        }
        let tau = numbers(w.tau)?[0];
        Ok(Outcome {
            method: info.id.into(), per_pair: numbers(losses)?, weights, loss: numbers(w.loss)?[0], objective: numbers(w.objective)?[0],
            slopes_chosen: numbers(slopes[0].clone())?, slopes_rejected: numbers(slopes[1].clone())?, tau: (tau != 0.0).then_some(tau),
        })
    }
}
