//! What a fixture may hold, and what is said of one that may not.

use super::*;
use crate::error::ErrorCode;

/// Two pairs with everything that any method asks for.
fn whole() -> given::Fixture {
    let two = |v: f64| vec![v, v - 1.0];
    given::Fixture {
        policy_chosen: two(-5.0), policy_rejected: two(-6.0), ref_chosen: two(-5.5), ref_rejected: two(-5.25), len_chosen: Some(vec![1.0, 3.0]),
        len_rejected: Some(vec![2.0, 1.0]), soft_label: Some(vec![0.0, 1.0]), ref2_chosen: Some(two(-7.0)), ref2_rejected: Some(two(-7.5)), beta: None,
        group: Some(vec![0, 63]), grad_sq: Some(vec![0.0, 2.0]), noise: Some(vec![0.1, 0.9]), tokens: None,
    }
}

fn refused(change: impl Fn(&mut given::Fixture), part: &str) {
    let mut fixture = whole();
    change(&mut fixture);
    let error = fixture.check().expect_err(part);
    assert!(error.code == ErrorCode::Data && error.message.contains(part), "`{error}` does not say `{part}`");
}


#[test]
fn every_field_is_as_long_as_there_are_pairs_and_of_reasonable_size() {
    whole().check().expect("a good fixture");
    type Field = fn(&mut given::Fixture) -> &mut Vec<f64>;
    let fields: [(&str, Field); 11] = [
        ("policy_chosen", |f| &mut f.policy_chosen), ("policy_rejected", |f| &mut f.policy_rejected), ("ref_chosen", |f| &mut f.ref_chosen), ("ref_rejected", |f| &mut f.ref_rejected),
        ("len_chosen", |f| f.len_chosen.as_mut().expect("there")), ("len_rejected", |f| f.len_rejected.as_mut().expect("there")),
        ("soft_label", |f| f.soft_label.as_mut().expect("there")), ("grad_sq", |f| f.grad_sq.as_mut().expect("there")), ("ref2_chosen", |f| f.ref2_chosen.as_mut().expect("there")),
        ("ref2_rejected", |f| f.ref2_rejected.as_mut().expect("there")), ("noise", |f| f.noise.as_mut().expect("there")),
    ];
    for (name, field) in fields {
        for value in [f64::NAN, f64::INFINITY, -1.1e6, 1.1e6] {
            refused(|f| field(f)[1] = value, &format!("{name}: a value is not a number of reasonable size"));
        }
        if name != "policy_chosen" {
            refused(|f| field(f).push(0.5), &format!("{name} has 3 values, policy_chosen has 2"));
            refused(|f| field(f).truncate(1), &format!("{name} has 1 values, policy_chosen has 2"));
        }
        if !name.starts_with("soft") {
            let mut edge = whole();
            field(&mut edge)[1] = 1e6;
            edge.check().unwrap_or_else(|e| panic!("{name} at its bound: {e}"));
        }
    }
    refused(|f| f.policy_chosen.clear(), "policy_chosen is empty");
    refused(|f| f.len_chosen = Some(vec![1.0, 0.5]), "at least 1 token");
    refused(|f| f.len_rejected = Some(vec![0.0, 1.0]), "at least 1 token");
    refused(|f| f.soft_label = Some(vec![0.5, 1.5]), "soft_label: probabilities");
    refused(|f| f.soft_label = Some(vec![-0.5, 0.5]), "soft_label: probabilities");
    refused(|f| f.group = Some(vec![0, 1, 2]), "group has 3 values, policy_chosen has 2");
    refused(|f| f.group = Some(vec![64, 0]), "indices must be below 64");
}

#[test]
fn tokens_are_log_probabilities_that_add_up_each_with_a_mark() {
    let good = bmc_example();
    good.check().expect("a good fixture");
    let refused = |change: &dyn Fn(&mut given::Fixture), part: &str| {
        let mut fixture = good.clone();
        change(&mut fixture);
        let error = fixture.check().expect_err(part);
        assert!(error.message.contains(part), "`{error}` does not say `{part}`");
    };
    fn tokens(f: &mut given::Fixture) -> &mut given::Tokens {
        f.tokens.as_mut().expect("tokens")
    }
    for (name, part) in [("policy_chosen", 0), ("policy_rejected", 1), ("ref_chosen", 2), ("ref_rejected", 3)] {
        let list = move |f: &mut given::Fixture| {
            let t = tokens(f);
            std::mem::take([&mut t.policy_chosen, &mut t.policy_rejected, &mut t.ref_chosen, &mut t.ref_rejected][part])
        };
        let put = move |f: &mut given::Fixture, v: Vec<Vec<f64>>| {
            let t = tokens(f);
            *[&mut t.policy_chosen, &mut t.policy_rejected, &mut t.ref_chosen, &mut t.ref_rejected][part] = v;
        };
        let edit = |edit: &dyn Fn(&mut Vec<f64>), part: &str| refused(&|f| { let mut v = list(f); edit(&mut v[0]); put(f, v) }, part);
        edit(&|v| v[1] = 0.5, &format!("tokens.{name}[0]: log-probabilities must not be above 0"));
        edit(&|v| v[1] = f64::NAN, &format!("tokens.{name}[0]: log-probabilities"));
        edit(&|v| v.push(0.0), &format!("tokens.{name}[0]: log-probabilities"));
        edit(&|v| v[1] -= 0.01, &format!("tokens.{name}[0] adds up to"));
        refused(&|f| { let mut v = list(f); v.push(vec![]); put(f, v) }, &format!("tokens.{name}: 2 lists for 1 pairs"));
        // Rounding in the sums is forgiven.
        let mut near = good.clone();
        let mut v = list(&mut near);
        v[0][1] -= 1e-5;
        put(&mut near, v);
        near.check().unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    refused(&|f| tokens(f).differs_chosen[0][2] = 0.5, "tokens.policy_chosen[0]");
    refused(&|f| tokens(f).differs_rejected.clear(), "tokens.policy_rejected: 1 lists");
}

#[test]
fn what_is_missing_is_asked_for_by_name() {
    let message = |method: &str, change: &dyn Fn(&mut given::Fixture)| {
        let mut fixture = whole();
        change(&mut fixture);
        fixture.judge(&LaneConfig::new(method)).map(|_| ()).map_err(|e| e.message)
    };
    assert!(message("gdpo", &|_| ()).is_ok());
    assert!(message("gdpo", &|f| f.soft_label = None).is_err_and(|e| e.starts_with("soft_label is missing")));
    for change in [&(|f: &mut given::Fixture| f.ref2_chosen = None) as &dyn Fn(&mut given::Fixture), &|f| f.ref2_rejected = None] {
        assert!(message("mrpo", change).is_err_and(|e| e.starts_with("ref2_chosen or ref2_rejected is missing")));
        assert!(message("dpo", change).is_ok());
    }
    for change in [&(|f: &mut given::Fixture| f.len_chosen = None) as &dyn Fn(&mut given::Fixture), &|f| f.len_rejected = None] {
        assert!(message("sft", change).is_err_and(|e| e.starts_with("len_chosen or len_rejected is missing")));
        assert!(message("sigmoid_norm", change).is_err() && message("ipo", change).is_ok());
    }
    assert!(message("exo_rw", &|_| ()).is_err_and(|e| e.starts_with("more than two samples with rewards")));
    assert!(message("rso", &|_| ()).is_ok() && message("rs_dpo", &|_| ()).is_ok());
    assert!(message("gr_dpo", &|f| f.group = None).is_err_and(|e| e.starts_with("group is missing")));
}

#[test]
fn an_outcome_says_what_the_method_has() {
    let of = |method: &str| whole().judge(&LaneConfig::new(method)).expect("an outcome");
    let dpo = of("dpo");
    assert_eq!((dpo.method.as_str(), dpo.tau, &dpo.weights), ("dpo", None, &vec![0.5, 0.5]));
    assert_eq!(of("kldpo").tau, Some(0.5));
    // h is ((−5 + 5.5) − (−6 + 5.25)) = 1.25 for both pairs, and the slope by it −β σ(−βh) / n.
    let slope = -0.1 / (1.0 + 0.125_f64.exp()) / 2.0;
    assert!((f64::from(dpo.loss) - (-0.125_f64).exp().ln_1p()).abs() < 1e-6);
    for i in 0..2 {
        assert!((f64::from(dpo.slopes_chosen[i]) - slope).abs() < 1e-7 && (f64::from(dpo.slopes_rejected[i]) + slope).abs() < 1e-7, "{dpo:?}");
    }
    // Each pair counts in its own group: three of them, by their mean losses.
    let margins = [0.5_f32, -1.0, 2.0, 0.1];
    let grouped = given::Fixture { group: Some(vec![0, 1, 1, 2]), ..at(&margins) }.judge(&LaneConfig::new("gr_dpo").with("beta", 1.0).with("eta", 3.0)).expect("an outcome");
    let losses = margins.map(|h| f64::from((-h).exp().ln_1p()));
    let means = [losses[0], (losses[1] + losses[2]) / 2.0, losses[3]];
    let total: f64 = means.iter().map(|l| (3.0 * l).exp()).sum();
    let expected = [(0, 1.0), (1, 2.0), (1, 2.0), (2, 1.0)].map(|(g, n): (usize, f64)| (3.0 * means[g]).exp() / total / n);
    assert!(grouped.weights.iter().zip(expected).all(|(w, e)| (f64::from(*w) - e).abs() < 1e-5), "{:?} against {expected:?}", grouped.weights);
    // WDPO's penalty: ρ √(mean ‖g‖²), and of the other form ρ times the mean.
    let wdpo = |form: &str| f64::from(whole().judge(&LaneConfig::new("wdpo").form(form).with("rho", 3.0)).expect("an outcome").loss - dpo.loss);
    assert!((wdpo("algorithm1") - 3.0).abs() < 1e-5 && (wdpo("appendix_f") - 3.0).abs() < 1e-5, "{} {}", wdpo("algorithm1"), wdpo("appendix_f"));
    let mut steep = whole();
    steep.grad_sq = Some(vec![6.0, 2.0]);
    let steep = |form: &str| f64::from(steep.judge(&LaneConfig::new("wdpo").form(form).with("rho", 3.0)).expect("an outcome").loss - dpo.loss);
    assert!((steep("algorithm1") - 6.0).abs() < 1e-5 && (steep("appendix_f") - 12.0).abs() < 1e-5);
}
