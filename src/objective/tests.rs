//! Golden numbers and properties of the objectives.

use super::*;
use proptest::prelude::*;

fn golden() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/golden.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("tests/fixtures/golden.json")).expect("JSON")
}

fn numbers(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().expect("array").iter().map(|v| v.as_f64().expect("number") as f32).collect()
}

/// Margins and β of the golden fixture.
fn fixture() -> (Vec<f32>, f64) {
    let f = &golden()["fixture"];
    let side = |policy: &str, reference: &str| -> Vec<f32> {
        numbers(&f[policy]).iter().zip(numbers(&f[reference])).map(|(p, r)| p - r).collect()
    };
    let h = side("policy_chosen", "ref_chosen").iter().zip(side("policy_rejected", "ref_rejected")).map(|(a, b)| a - b).collect();
    (h, f["beta"].as_f64().expect("beta"))
}

/// One lane of `method` on `margins`; returns per-pair losses, weights, loss, objective, tau.
fn weigh(method: &str, form: &str, params: &[(&'static str, f64)], margins: &[f32], groups: Option<&[usize]>) -> [Vec<f32>; 5] {
    let device = Device::flex();
    let n = margins.len();
    let params = Params::new(params.iter().map(|(k, v)| (*k, vec![*v])).collect(), &device);
    let objective = find(method).expect("method");
    let losses = objective.pair_losses(Tensor::<1>::from_floats(margins, &device).reshape([1, n]), &params);
    let groups = groups.map(|g| {
        let flat: Vec<f32> = g.iter().flat_map(|g| (0..2).map(move |k| f32::from(*g == k))).collect();
        Tensor::<1>::from_floats(flat.as_slice(), &device).reshape([1, n, 2])
    });
    let batch = Batch { losses: losses.clone(), grad_sq: None, groups, params: &params };
    let w = objective.weigh(form, &batch, &mut None);
    let read = |t: Tensor<2>| t.into_data().try_to_vec::<f32>().expect("f32");
    [read(losses), read(w.weights), read(w.loss), read(w.objective), read(w.tau)]
}

fn close(found: &[f32], key: &str) {
    let expected = numbers(&golden()["expected"][key]);
    assert_eq!(found.len(), expected.len(), "{key}");
    for (f, e) in found.iter().zip(&expected) {
        assert!((f - e).abs() <= 1e-6 * e.abs().max(1.0), "{key}: {f} against {e}");
    }
}

#[test]
fn golden_numbers() {
    let (h, beta) = fixture();
    let b = ("beta", beta);
    close(&weigh("dpo", "", &[b], &h, None)[0], "dpo");
    for tau in ["1.0", "0.5", "0.1", "0.05"] {
        let t = ("tau", tau.parse().expect("number"));
        let normalized = weigh("kldpo", "normalized", &[b, t], &h, None);
        close(&normalized[2], &format!("kldpo_norm_tau{tau}"));
        close(&normalized[3], &format!("kl_penalty_tau{tau}"));
        close(&weigh("kldpo", "authors", &[b, t], &h, None)[2], &format!("kldpo_code_tau{tau}"));
    }
    for radius in ["0.01", "0.1", "0.5", "1.0"] {
        let found = weigh("kldpo", "radius", &[b, ("radius", radius.parse().expect("number"))], &h, None);
        let expected = numbers(&golden()["expected"][format!("kl_dro_rho{radius}_[lambda,value]")]);
        // τ comes from a grid of four rounds: 4e-6 relative; the value is flat in τ at the optimum's scale.
        assert!((found[4][0] / expected[0] - 1.0).abs() < 1e-5, "radius {radius}: τ {} against {}", found[4][0], expected[0]);
        assert!((found[2][0] - expected[1]).abs() < 1e-6, "radius {radius}: {} against {}", found[2][0], expected[1]);
    }
    close(&weigh("dr_dpo", "", &[b, ("beta_prime", 1.0)], &h, None)[2], "drdpo_bp1");
    close(&weigh("dr_dpo", "", &[b, ("beta_prime", 0.5)], &h, None)[2], "drdpo_bp0.5");
    let group = weigh("gr_dpo", "", &[b, ("eta", 1.0)], &h, Some(&[0, 0, 1, 1]));
    close(&group[2], "grdpo_step1_loss");
    let alpha = [group[1][0] + group[1][1], group[1][2] + group[1][3]];
    for (a, e) in alpha.iter().zip([0.54842, 0.45158]) {
        assert!((a - e).abs() < 1e-6, "{alpha:?}");
    }
}

#[test]
fn weights_published_with_the_fixture() {
    let (h, beta) = fixture();
    let check = |found: &[f32], expected: [f32; 4]| {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 2e-6, "{found:?} against {expected:?}");
        }
    };
    check(&weigh("kldpo", "normalized", &[("beta", beta), ("tau", 0.5)], &h, None)[1], [0.234864, 0.358181, 0.255730, 0.151225]);
    check(&weigh("dr_dpo", "", &[("beta", beta), ("beta_prime", 1.0)], &h, None)[1], [0.249108, 0.201718, 0.238729, 0.310445]);
    let authors: Vec<f32> = weigh("kldpo", "authors", &[("beta", beta), ("tau", 0.05)], &h, None)[1].iter().map(|w| w * 4.0).collect();
    check(&authors, [0.845983, 10.0, 1.981569, 0.010361]);
}

#[test]
fn extreme_margins_stay_finite() {
    for method in OBJECTIVES {
        let info = method.info();
        let params: Vec<_> = info.params.iter().map(|p| (p.id, if p.id == "beta" { 1.0 } else { p.default })).collect();
        let forms: Vec<&str> = if info.forms.is_empty() { vec![""] } else { info.forms.iter().map(|f| f.id).collect() };
        for form in forms {
            let found = weigh(info.id, form, &params, &[80.0, -80.0, 0.0], Some(&[0, 1, 1]));
            assert!(found.iter().flatten().all(|v| v.is_finite()), "{} {form}: {found:?}", info.id);
        }
    }
}

#[test]
fn equal_losses_leave_the_radius_form_flat() {
    let found = weigh("kldpo", "radius", &[("beta", 0.1), ("radius", 0.1)], &[0.0; 4], None);
    assert!(found[1].iter().all(|w| (w - 0.25).abs() < 1e-6), "{found:?}");
}

fn margins() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-30.0_f32..30.0, 2..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tilted_weights_are_a_distribution_monotone_in_the_loss(h in margins(), tau in 0.02_f64..20.0) {
        let [losses, weights, ..] = weigh("kldpo", "normalized", &[("beta", 0.3), ("tau", tau)], &h, None);
        prop_assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        prop_assert!(weights.iter().all(|w| *w >= 0.0));
        for i in 0..h.len() {
            for j in 0..h.len() {
                if losses[i] > losses[j] {
                    prop_assert!(weights[i] >= weights[j]);
                }
            }
        }
    }

    #[test]
    fn kldpo_and_dr_dpo_tilt_in_opposite_directions(h in margins()) {
        let up = &weigh("kldpo", "normalized", &[("beta", 0.3), ("tau", 1.0)], &h, None);
        let down = &weigh("dr_dpo", "", &[("beta", 0.3), ("beta_prime", 1.0)], &h, None);
        let mean = up[0].iter().sum::<f32>() / h.len() as f32;
        let tolerance = 1e-5 * (1.0 + mean.abs());
        prop_assert!(up[2][0] >= mean - tolerance && down[2][0] <= mean + tolerance, "{} {mean} {}", up[2][0], down[2][0]);
    }

    #[test]
    fn no_tilt_is_dpo(h in margins()) {
        let [_, flat, loss, ..] = weigh("dpo", "", &[("beta", 0.01)], &h, None);
        for (method, form, params) in [
            ("kldpo", "normalized", ("tau", 1e3)), ("kldpo", "authors", ("tau", 1e3)), ("kldpo", "radius", ("radius", 0.0)),
            ("dr_dpo", "", ("beta_prime", 1e3)), ("wdpo", "algorithm1", ("rho", 0.0)),
        ] {
            let found = weigh(method, form, &[("beta", 0.01), params], &h, None);
            for (a, b) in found[1].iter().zip(&flat) {
                prop_assert!((a - b).abs() < 2e-3 * b, "{method} {form}: {a} against {b}");
            }
            prop_assert!((found[2][0] - loss[0]).abs() < 1e-3 * loss[0].max(1.0), "{method} {form}");
        }
    }

    #[test]
    fn swapping_chosen_and_rejected_mirrors_the_loss(h in margins()) {
        // ℓ(h) − ℓ(−h) = −βh
        let mirrored: Vec<f32> = h.iter().map(|h| -h).collect();
        let a = &weigh("dpo", "", &[("beta", 0.3)], &h, None)[0];
        let b = &weigh("dpo", "", &[("beta", 0.3)], &mirrored, None)[0];
        for ((a, b), h) in a.iter().zip(b).zip(&h) {
            prop_assert!((a - b + 0.3 * h).abs() < 1e-4);
        }
    }

    #[test]
    fn the_solved_temperature_meets_the_radius(h in margins(), radius in 0.01_f64..1.5) {
        let spread = h.iter().cloned().fold(f32::MIN, f32::max) - h.iter().cloned().fold(f32::MAX, f32::min);
        prop_assume!(spread > 1.0 && radius < (h.len() as f64).ln() * 0.5);
        let weights = &weigh("kldpo", "radius", &[("beta", 0.3), ("radius", radius)], &h, None)[1];
        let n = h.len() as f64;
        let kl: f64 = weights.iter().filter(|w| **w > 0.0).map(|w| f64::from(*w) * (f64::from(*w) * n).ln()).sum();
        prop_assert!((kl - radius).abs() < 2e-3, "{kl} against {radius}");
    }
}
