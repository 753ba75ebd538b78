//! Stacks of lanes over several steps, against the formulas in float64, pair by pair.

use super::*;
use crate::objective::Objective;

/// Lanes of one method and form, as a trainer steps them.
struct Stack {
    method: &'static dyn Objective,
    form: String,
    params: Params,
    state: Option<Tensor<2>>,
}

/// What was made of a batch, `[lane, pair]` and `[lane]`.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    losses: Vec<f32>,
    weights: Vec<f32>,
    loss: Vec<f32>,
    objective: Vec<f32>,
    tau: Vec<f32>,
}

/// What lanes are given of a batch.
#[derive(Default, Clone)]
struct Batches {
    margins: Vec<Vec<f32>>,
    groups: Option<(Vec<usize>, usize)>,
    noise: Vec<f32>,
    others: Vec<[f32; 2]>,
}

fn values(t: Tensor<2>) -> Vec<f32> {
    t.into_data().try_to_vec::<f32>().expect("f32")
}

impl Stack {
    fn new(method: &str, form: &str, lanes: &[Vec<(&str, f64)>]) -> Self {
        let method = find(method).expect("a method");
        let of = |id: &str, default: f64| lanes.iter().map(|l| l.iter().find(|(name, _)| *name == id).map_or(default, |(_, v)| *v)).collect::<Vec<f64>>();
        let params = method.info().params.iter().map(|p| (p.id, of(p.id, p.default))).collect();
        Self { method, form: form.into(), params: Params::new(params, &Device::flex()), state: None }
    }

    fn step(&mut self, batch: &Batches) -> Seen {
        let (lanes, n, device) = (batch.margins.len(), batch.margins[0].len(), Device::flex());
        let column = |of: &dyn Fn(usize, usize) -> f32| (0..lanes).flat_map(|l| (0..n).map(move |i| (l, i))).map(|(l, i)| of(l, i)).collect::<Vec<f32>>();
        let given = Given {
            reference: [column(&|_, i| -5.0 - i as f32), column(&|_, i| -6.0 + 0.25 * i as f32)], tokens: [column(&|_, i| 2.0 + i as f32), column(&|_, i| 5.0 - (i % 4) as f32)],
            soft: column(&|_, i| 0.95 - 0.05 * i as f32), noise: column(&|_, i| batch.noise.get(i).copied().unwrap_or(0.5)),
            others: batch.others.iter().map(|o| [0, 1].map(|side| column(&|_, i| o[side] - 0.5 * i as f32))).collect(), ..Given::default()
        };
        let tensor = |values: Vec<f32>| Tensor::<2>::from_data(burn::tensor::TensorData::new(values, [lanes, n]), &device);
        // Half of a margin is each answer's.
        let half = tensor(column(&|l, i| 0.5 * batch.margins[l][i]));
        let x = Pairs::new(half.clone(), half.neg(), vec![], &given, &device);
        let judged = Judged::new(self.method, &self.form, &x, &self.params, &mut self.state);
        let groups = batch.groups.as_ref().map(|(of, n_groups)| {
            let one_hot: Vec<f32> = (0..lanes).flat_map(|_| of).flat_map(|g| (0..*n_groups).map(move |k| f32::from(*g == k))).collect();
            Tensor::<3>::from_data(burn::tensor::TensorData::new(one_hot, [lanes, n, *n_groups]), &device)
        });
        let losses = judged.losses.clone();
        let seen = Batch { losses: losses.clone(), pairs: &x, grad_sq: Some(losses.full_like(0.04)), groups, params: &self.params };
        let w = self.method.weigh(&self.form, &seen, &mut self.state);
        Seen { losses: values(losses), weights: values(w.weights), loss: values(w.loss), objective: values(w.objective), tau: values(w.tau) }
    }
}

fn near(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(found.iter().zip(expected).all(|(f, e)| (f64::from(*f) - e).abs() < 2e-5 * e.abs().max(1.0)), "{what}: {found:?} against {expected:?}");
}

/// −log σ(z).
fn log_loss_of(z: f64) -> f64 {
    if z > 0.0 { (-z).exp().ln_1p() } else { z.exp().ln_1p() - z }
}

#[test]
fn group_weights_follow_the_sum_of_the_groups_losses() {
    let steps: [([f32; 4], [usize; 4]); 3] = [([0.5, -1.0, 2.0, 0.1], [0, 1, 1, 2]), ([1.5, 0.2, -0.7, 0.4], [0, 0, 2, 2]), ([-0.3, 0.9, 0.0, 1.2], [1, 2, 1, 1])];
    let etas = [0.3, 4.0];
    for (method, ipo) in [("gr_dpo", false), ("gr_ipo", true)] {
        let mut stack = Stack::new(method, "", &etas.map(|eta| vec![("beta", 0.8), ("eta", eta)]));
        // A group that is absent has loss 0, as in the authors' code.
        let mut sums = [0.0; 3];
        for (margins, groups) in steps {
            let found = stack.step(&Batches { margins: vec![margins.to_vec(); 2], groups: Some((groups.to_vec(), 3)), ..Batches::default() });
            let losses = margins.map(|h| if ipo { (f64::from(h) - 1.0 / 1.6).powi(2) } else { log_loss_of(0.8 * f64::from(h)) });
            let size = |g: usize| groups.iter().filter(|of| **of == g).count() as f64;
            let means: Vec<f64> = (0..3).map(|g| groups.iter().zip(losses).filter(|(of, _)| **of == g).map(|(_, l)| l).sum::<f64>() / size(g).max(1.0)).collect();
            sums.iter_mut().zip(&means).for_each(|(sum, mean)| *sum += mean);
            for (lane, eta) in etas.into_iter().enumerate() {
                let total: f64 = sums.iter().map(|s| (eta * s).exp()).sum();
                let alpha = sums.map(|s| (eta * s).exp() / total);
                near(&found.weights[4 * lane..4 * lane + 4], &groups.map(|g| alpha[g] / size(g)), method);
                near(&found.loss[lane..=lane], &[alpha.iter().zip(&means).map(|(a, l)| a * l).sum()], method);
            }
        }
    }
}

#[test]
fn of_groups_that_are_equally_bad_the_first_is_the_worst() {
    let found = Stack::new("maxmin", "", &[vec![], vec![]]).step(&Batches {
        margins: vec![vec![1.0, -0.5, -0.5, 1.0, 0.2], vec![1.0, 0.5, -0.5, -2.0, 0.2]], groups: Some((vec![0, 1, 2, 0, 1], 3)), ..Batches::default()
    });
    assert_eq!(found.weights, [0.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0]);
    let tied = Stack::new("maxmin", "", &[vec![]]).step(&Batches { margins: vec![vec![3.0, -0.5, -0.5, 3.0]], groups: Some((vec![0, 2, 1, 0], 3)), ..Batches::default() });
    assert_eq!(tied.weights, [0.0, 0.0, 1.0, 0.0]);
}

/// β-DPO's running mean and deviation, β and selection, as published.
struct Running {
    beta: f64,
    alpha: f64,
    filter: f64,
    momentum: f64,
    mean: f64,
    deviation: f64,
}

impl Running {
    /// The β of this batch and which pairs are selected.
    fn step(&mut self, gaps: &[f64], noise: &[f64]) -> (f64, Vec<bool>) {
        let n = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / n;
        let deviation = (gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        self.mean = self.momentum * self.mean + (1.0 - self.momentum) * mean;
        self.deviation = self.momentum * self.deviation + (1.0 - self.momentum) * deviation;
        // Drawn without replacement by weights of a normal density: the largest keys of Gumbel's trick.
        let keys: Vec<f64> = gaps.iter().zip(noise).map(|(g, u)| -0.5 * ((g - self.mean) / self.deviation).powi(2) - (-u.ln()).ln()).collect();
        let mut order: Vec<usize> = (0..gaps.len()).collect();
        order.sort_by(|a, b| keys[*b].total_cmp(&keys[*a]));
        let keep = (((1.0 - self.filter) * n) as usize).max(1);
        let selected: Vec<bool> = (0..gaps.len()).map(|i| order[..keep].contains(&i)).collect();
        let of_selected = gaps.iter().zip(&selected).filter(|(_, s)| **s).map(|(g, _)| g).sum::<f64>() / keep as f64;
        ((self.beta * (1.0 + self.alpha * (of_selected - self.mean))).max(1e-3), selected)
    }
}

#[test]
fn beta_dpo_runs_its_means_and_leaves_out_what_lies_far_off() {
    let settings = [(0.2, 0.6, 0.0, 0.9), (0.5, 1.0, 0.5, 0.5), (0.1, 0.0, 0.9, 0.0), (0.3, 10.0, 0.25, 0.9)];
    let mut stack = Stack::new("beta_dpo", "", &settings.map(|(beta, alpha, filter, momentum)| vec![("beta", beta), ("alpha", alpha), ("filter", filter), ("momentum", momentum)]));
    let mut lanes = settings.map(|(beta, alpha, filter, momentum)| Running { beta, alpha, filter, momentum, mean: 0.0, deviation: 0.0 });
    let mut rng = crate::rng::Streams::new(3).stream("beta-dpo");
    let (mut floors, mut left_out) = (0, vec![0; 4]);
    for step in 0..12 {
        let shift = [0.0, 3.0, -4.0][step % 3];
        let margins: Vec<Vec<f32>> = (0..4).map(|_| (0..8).map(|_| (rng.normal() + shift) as f32).collect()).collect();
        let noise: Vec<f32> = (0..8).map(|_| 0.05 + 0.9 * rng.uniform() as f32).collect();
        let found = stack.step(&Batches { margins: margins.clone(), noise: noise.clone(), ..Batches::default() });
        for (lane, running) in lanes.iter_mut().enumerate() {
            let gaps: Vec<f64> = margins[lane].iter().map(|h| f64::from(*h)).collect();
            let (beta, selected) = running.step(&gaps, &noise.iter().map(|u| f64::from(*u)).collect::<Vec<_>>());
            let kept = selected.iter().filter(|s| **s).count() as f64;
            let losses: Vec<f64> = gaps.iter().map(|h| log_loss_of(beta * h)).collect();
            let weights: Vec<f64> = selected.iter().map(|s| f64::from(u8::from(*s)) / kept).collect();
            near(&found.tau[lane..=lane], &[beta], &format!("β of lane {lane} at step {step}"));
            near(&found.weights[8 * lane..8 * lane + 8], &weights, &format!("selection of lane {lane} at step {step}"));
            near(&found.losses[8 * lane..8 * lane + 8], &losses, "losses");
            near(&found.loss[lane..=lane], &[losses.iter().zip(&weights).map(|(l, w)| l * w).sum()], "loss");
            floors += usize::from(beta == 1e-3);
            left_out[lane] += 8 - kept as usize;
        }
    }
    assert!(floors > 0 && left_out == [0, 48, 84, 24], "{floors} {left_out:?}");
}

/// Log-probabilities of both answers under MRPO's references together.
fn together(form: &str, references: &[[f64; 2]], epsilon: f64, alpha: f64) -> [f64; 2] {
    let (k, main) = (references.len() as f64, references[0]);
    let gaps: Vec<f64> = references.iter().map(|[w, l]| (w - l).abs()).collect();
    let total: f64 = gaps.iter().sum();
    let mut shares: Vec<f64> = match form {
        "fixed" => (0..references.len()).map(|i| if i == 0 { 1.0 - alpha } else { alpha / (k - 1.0) }).collect(),
        _ if total == 0.0 => vec![1.0 / k; references.len()],
        _ => gaps.iter().map(|g| g / total).collect(),
    };
    if form == "as_coded" {
        shares.swap(0, 1);
    }
    let mean = [0, 1].map(|side| (references.iter().map(|r| r[side]).sum::<f64>() / k).abs());
    [0, 1].map(|side| {
        let clip = epsilon * mean[side] / (mean[0] + mean[1]);
        let sum: f64 = references.iter().zip(&shares).enumerate().map(|(i, (r, share))| {
            let (low, high) = (main[side] * (1.0 + clip), main[side] * (1.0 - clip));
            let kept = if i == 0 || epsilon == 0.0 { r[side] } else { r[side].clamp(low, high) };
            share / kept.exp()
        }).sum();
        -sum.ln()
    })
}

#[test]
fn several_references_are_joined_by_their_weighted_harmonic_mean() {
    let main = |i: f64| [-5.0 - i, -6.0 + 0.25 * i];
    for others in [vec![[-9.0_f32, -5.5]], vec![[-5.2, -8.0], [-6.5, -5.9]], vec![[-5.0, -5.0]]] {
        for form in ["published", "as_coded", "fixed"] {
            for (epsilon, alpha) in [(0.0, 0.5), (0.1, 0.3), (0.6, 0.9), (1.0, 0.0), (0.0, 1.0), (0.05, 1.0)] {
                let found = Stack::new("mrpo", form, &[vec![("beta", 0.4), ("epsilon", epsilon), ("alpha", alpha)], vec![("beta", 1.5), ("epsilon", 0.2), ("alpha", 0.5)]])
                    .step(&Batches { margins: vec![vec![0.7, -0.4, 2.0], vec![0.1, 0.2, -3.0]], others: others.clone(), ..Batches::default() });
                let expected: Vec<f64> = [(0.4, epsilon, alpha, [0.7, -0.4, 2.0]), (1.5, 0.2, 0.5, [0.1, 0.2, -3.0])].into_iter().flat_map(|(beta, epsilon, alpha, margins)| {
                    let others = &others;
                    margins.into_iter().enumerate().map(move |(i, h)| {
                        let at = i as f64;
                        let references: Vec<[f64; 2]> = std::iter::once(main(at)).chain(others.iter().map(|o| o.map(|v| f64::from(v) - 0.5 * at))).collect();
                        let [w, l] = together(form, &references, epsilon, alpha);
                        log_loss_of(beta * ((0.5 * h + main(at)[0] - w) - (-0.5 * h + main(at)[1] - l)))
                    })
                }).collect();
                near(&found.losses, &expected, &format!("{form}, ε = {epsilon}, α = {alpha}, {others:?}"));
            }
        }
    }
}

#[test]
fn references_that_do_not_tell_the_answers_apart_share_alike() {
    // Both answers are as likely under each reference: what they add is the same on both sides.
    let given = Given { soft: vec![1.0], reference: [vec![-5.0], vec![-5.0]], others: vec![[vec![-8.0], vec![-8.0]]], ..Given::default() };
    for form in ["published", "as_coded"] {
        let found = one_pair("mrpo", form, &given, &[], &[("beta", 0.4), ("epsilon", 0.0)]);
        assert!((f64::from(found) - log_loss_of(0.4 * 0.7)).abs() < 2e-6, "{form}: {found}");
    }
}

#[test]
fn ada_dpos_scale_stays_in_its_bounds() {
    let scale = |form: &str, h: f32, params: &[(&'static str, f64)]| f64::from(Stack::new("ada_dpo", form, &[params.to_vec()]).step(&Batches { margins: vec![vec![h]], ..Batches::default() }).tau[0]);
    let bounds = [("beta", 0.5), ("tau0", 0.4), ("tau_max", 1.5)];
    for form in ["paper", "authors", "newton"] {
        for (h, rho0, expected) in [(0.01, 0.1, 0.4), (-50.0, 0.1, 1.5), (0.7, 10.0, 0.4), (0.7, 0.694, 0.4)] {
            // Newton's method goes to a bound and stays there, where the loss falls toward it all the way.
            let with = [&bounds[..], &[("rho0", rho0)]].concat();
            let found = scale(form, h, &with);
            assert!((found - expected).abs() < 1e-6, "{form}: τ is {found} at margin {h} and ρ₀ {rho0}");
        }
        // Where the bounds cross, the lower one holds.
        let crossed = scale(form, -50.0, &[("beta", 0.5), ("tau0", 2.0), ("tau_max", 1.0), ("rho0", 0.1)]);
        assert!((crossed - 2.0).abs() < 1e-6, "{form}: {crossed}");
    }
    // Inside them: |h| over the root, with β where the form has it.
    for (form, beta) in [("paper", 1.0), ("authors", 0.5)] {
        let found = scale(form, 1.2, &[("beta", 0.5), ("rho0", 0.2), ("tau0", 0.01), ("tau_max", 9.0)]);
        assert!((found - beta * 1.2 / ada_dpo::root(0.2)).abs() < 1e-6, "{form}: {found}");
    }
    // Five projected steps of Newton's method from 1, whose slope is ℓ(u) + uσ(−u) + ρ₀ − log 2 at u = h / τ.
    for (h, rho0) in [(0.6_f64, 0.1), (1.4, 0.3), (-2.2, 0.05), (0.7, 0.3)] {
        let mut tau = 1.0;
        for _ in 0..5 {
            let u = 0.5 * h / tau;
            let up = 1.0 / (1.0 + (-u).exp());
            let slope = log_loss_of(u) + u * (1.0 - up) + rho0 - 2.0_f64.ln();
            let bend: f64 = u * u / tau * up * (1.0 - up);
            tau = (tau - slope / bend.max(1e-6)).clamp(0.05, 3.0);
        }
        let found = scale("newton", h as f32, &[("beta", 0.5), ("rho0", rho0), ("tau0", 0.05), ("tau_max", 3.0)]);
        assert!((found - tau).abs() < 1e-3 * tau, "margin {h}, ρ₀ {rho0}: {found} against {tau}");
    }
}

#[test]
fn chi_po_cuts_large_logits_and_says_how_many() {
    let with = [("beta", 0.5), ("r_max", 0.6)];
    let logit = |h: f64| 0.5 * (((0.5 * h).exp() + 0.5 * h) - ((-0.5 * h).exp() - 0.5 * h));
    let margins = [0.3_f32, 5.0, -5.0, 1.0];
    let found = Stack::new("chi_po", "", &[with.to_vec()]).step(&Batches { margins: vec![margins.to_vec()], ..Batches::default() });
    let expected = margins.map(|h| log_loss_of(logit(f64::from(h)).clamp(-1.2, 1.2)));
    near(&found.losses, &expected, "losses");
    assert_eq!(found.tau, [0.5]);
    let outcome = judge(&at(&margins), "chi_po", "", &with);
    assert!(outcome.slopes_chosen[1] == 0.0 && outcome.slopes_rejected[1] == 0.0 && outcome.slopes_chosen[2] == 0.0, "{outcome:?}");
    assert!(outcome.slopes_chosen[0] < 0.0 && outcome.slopes_rejected[0] > 0.0);
}

#[test]
fn hinges_end_where_the_margin_is_wide_enough() {
    for (method, form) in [("rso", "hinge_norm"), ("hinge", "")] {
        let name = if method == "rso" { "gamma" } else { "beta" };
        let found = Stack::new(method, form, &[vec![(name, 0.5)], vec![(name, 2.0)]]).step(&Batches { margins: vec![vec![1.0, 2.0, 3.0], vec![0.25, 0.5, -1.0]], ..Batches::default() });
        assert_eq!(found.losses, [0.5, 0.0, 0.0, 0.5, 0.0, 3.0], "{method}");
    }
    // RSO's first form is DPO's loss at γ.
    let found = Stack::new("rso", "sigmoid_norm", &[vec![("gamma", 0.3)]]).step(&Batches { margins: vec![vec![1.5, -2.0]], ..Batches::default() });
    near(&found.losses, &[log_loss_of(0.45), log_loss_of(-0.6)], "sigmoid-norm");
}

#[test]
fn exo_on_any_number_of_samples_is_a_divergence_of_two_softmaxes() {
    let (ratios, rewards) = ([0.5_f64, -0.2, 0.1, -0.4, 1.3], [1.0_f64, 0.2, -0.5, 0.7, 0.3]);
    for k in 2..=5 {
        let softmax = |scores: Vec<f64>| {
            let total: f64 = scores.iter().map(|s| s.exp()).sum();
            scores.iter().map(|s| s.exp() / total).collect::<Vec<f64>>()
        };
        let (policy, target) = (softmax(ratios[..k].iter().map(|s| 0.7 * s).collect()), softmax(rewards[..k].iter().map(|r| r / 0.4).collect()));
        let given = Given {
            reference: [vec![0.0], vec![0.0]], soft: vec![1.0], extra_reference: vec![vec![0.0]; k - 2], rewards: rewards[..k].iter().map(|r| vec![*r as f32]).collect(), ..Given::default()
        };
        let row = |v: f64| Tensor::<1>::from_floats([v as f32], &Device::flex()).reshape([1, 1]);
        let x = Pairs::new(row(ratios[0]), row(ratios[1]), ratios[2..k].iter().map(|s| row(*s)).collect(), &given, &Device::flex());
        let params = Params::new(vec![("beta", vec![0.7]), ("beta_r", vec![0.4]), ("k", vec![k as f64])], &Device::flex());
        let of = |form: &str| values(Judged::new(find("exo_rw").expect("a method"), form, &x, &params, &mut None).losses);
        near(&of("exo"), &[policy.iter().zip(&target).map(|(p, q)| p * (p / q).ln()).sum()], &format!("{k} samples"));
        near(&of("dpo"), &[policy.iter().zip(&target).map(|(p, q)| -q * p.ln()).sum()], &format!("{k} samples, as a cross-entropy"));
    }
}

#[test]
fn the_number_of_further_sequences_goes_with_the_samples() {
    let further = |lane: &LaneConfig| find(&lane.method).expect("a method").further(lane);
    assert_eq!([2.0, 3.0, 4.0, 16.0].map(|k| further(&LaneConfig::new("exo_rw").with("k", k))), [0, 1, 2, 14]);
    assert_eq!(["exo_rw", "mpo", "mrpo", "rso", "rs_dpo", "dpo", "bmc"].map(|m| further(&LaneConfig::new(m))), [2, 1, 0, 0, 0, 0, 0]);
}

/// Every method in every form: two lanes that share nothing but their method, twice.
#[test]
fn lanes_of_a_stack_are_each_what_they_are_alone() {
    let margins = [[vec![0.4_f32, -1.1, 2.0, 0.3], vec![-0.2, 0.9, 0.1, -3.0]], [vec![1.0, 0.5, -0.6, 0.0], vec![2.5, -0.4, 0.7, 0.2]]];
    for lane in everything() {
        let info = find(&lane.method).expect("a method").info();
        let form = lane.form_id();
        // A quarter of the way from its default to either end of each parameter's range, but no further than twice.
        let far = |end: fn(&ParamInfo) -> f64| -> Vec<(&'static str, f64)> {
            let toward = |p: &ParamInfo| p.default + (0.25 * (end(p) - p.default)).clamp(-0.5 * p.default.abs().max(0.2), p.default.abs().max(0.2));
            info.params.iter().map(|p| (p.id, if ["k", "references", "candidates", "keep"].contains(&p.id) { p.default } else { toward(p).clamp(p.min, p.max) })).collect()
        };
        let params = [far(|p| p.min), far(|p| p.max)];
        let mut both = Stack::new(info.id, form, &params);
        let mut alone = params.clone().map(|p| Stack::new(info.id, form, &[p]));
        for margins in &margins {
            let batch = Batches { margins: margins.to_vec(), groups: Some((vec![0, 1, 1, 0], 2)), noise: vec![0.2, 0.9, 0.4, 0.7], others: vec![[-7.0, -5.5]] };
            let whole = both.step(&batch);
            for (i, one) in alone.iter_mut().enumerate() {
                let single = one.step(&Batches { margins: vec![margins[i].clone()], ..batch.clone() });
                let wide = |v: &[f32]| v[4 * i..4 * i + 4].to_vec();
                let of_whole = Seen {
                    losses: wide(&whole.losses), weights: wide(&whole.weights), loss: vec![whole.loss[i]], objective: vec![whole.objective[i]], tau: vec![whole.tau[i]],
                };
                for (a, b) in [(&of_whole.losses, &single.losses), (&of_whole.weights, &single.weights), (&of_whole.loss, &single.loss), (&of_whole.objective, &single.objective), (&of_whole.tau, &single.tau)] {
                    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs().max(1.0)), "{} {form}, lane {i}: {of_whole:?} against {single:?}", info.id);
                }
            }
            assert!(whole.losses[..4] != whole.losses[4..], "{}", info.id);
        }
    }
}

#[test]
fn lanes_that_are_given_different_numbers_keep_their_own() {
    // One number for each field of each lane: the first lane's from 0 on, the second's from 1000 on.
    let made = |from: f32| {
        let mut next = from;
        let mut column = |n: usize| (0..n).map(|_| { next += 1.0; next }).collect::<Vec<f32>>();
        Given {
            reference: [column(2), column(2)], tokens: [column(2), column(2)], soft: column(2), noise: column(2), others: vec![[column(2), column(2)], [column(2), column(2)]],
            extra_reference: vec![column(2); 1], rewards: vec![column(2), column(2), column(2)], token_reference: column(8), differs: column(8),
        }
    };
    let (a, b) = (made(0.0), made(1000.0));
    let mut all = Given::default();
    all.append(&a);
    all.append(&b);
    let columns = |g: &Given| -> Vec<Vec<f32>> {
        let sides = g.reference.iter().chain(&g.tokens).chain([&g.soft, &g.noise]).chain(g.others.iter().flatten());
        sides.chain(&g.extra_reference).chain(&g.rewards).chain([&g.token_reference, &g.differs]).cloned().collect()
    };
    assert_eq!(columns(&all).len(), 16);
    for ((all, a), b) in columns(&all).iter().zip(&columns(&a)).zip(&columns(&b)) {
        assert_eq!(*all, [&a[..], &b[..]].concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn ranks_are_a_stable_order(small in prop::collection::vec(-3_i8..3, 1..12), other in prop::collection::vec(-50_i8..50, 12)) {
        let n = small.len();
        let row = |v: &[i8]| Tensor::<1>::from_floats(v.iter().map(|v| f32::from(*v)).collect::<Vec<f32>>().as_slice(), &Device::flex()).reshape([1, n]);
        let place = |v: &[i8]| {
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by_key(|i| v[*i]);
            order
        };
        let (by, order) = (place(&small), place(&other[..n]));
        let found = ranks(&row(&small)).into_data().try_to_vec::<f32>().expect("f32");
        for i in 0..n {
            for r in 0..n {
                prop_assert_eq!(found[i * n + r], f32::from(u8::from(by[r] == i)), "pair {} at rank {} of {:?}", i, r, small);
            }
        }
        // Each pair gets the other list's value of its own rank.
        let partner = values(pairs::matched(&ranks(&row(&small)), row(&other[..n]), &ranks(&row(&other[..n]))));
        for r in 0..n {
            prop_assert_eq!(partner[by[r]], f32::from(other[order[r]]));
        }
    }
}
