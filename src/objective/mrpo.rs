//! MRPO: DPO against the weighted harmonic mean of several references. Le et al., arXiv 2405.16388.

use super::prelude::*;

/// Multi-reference preference optimization.
pub struct Mrpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "mrpo",
    name: "MRPO",
    family: Family::Related,
    paper: "Le et al., Multi-Reference Preference Optimization for Large Language Models",
    year: 2024,
    arxiv: "2405.16388",
    formula: r"-\log\sigma\Big(\beta\log\tfrac{\pi_\theta(y_w)}{\tilde\pi(y_w)}-\beta\log\tfrac{\pi_\theta(y_l)}{\tilde\pi(y_l)}\Big),\quad\tilde\pi=\Big(\sum_k\tfrac{\alpha_k}{\pi^k_{\rm ref}}\Big)^{-1}",
    adversary: "None: references that tell the two answers apart get more weight.",
    robust_to: "One reference that is bad at some pairs.",
    not_robust_to: "Wrong labels and a change in the mix; adaptive weights are said to leak the label (2512.10040).",
    needs: &[Need::References],
    confidence: Confidence::Code,
    note: "In the authors' code the two adaptive weights change places; both are offered. Further references are trained on halves of the reference's corpus.",
    forms: &[
        FormInfo::new("published", "as published", "Adaptive weights, each reference its own."),
        FormInfo::new("as_coded", "as coded", "Adaptive weights of two references, in exchange."),
        FormInfo::new("fixed", "fixed weights", "The main reference has 1 − α, the others share α."),
    ],
    params: &[
        BETA,
        ParamInfo::new("epsilon", "ε", 0.1, [0.0, 1.0], "Further references are clipped to this relative distance from the main one, in log-probability; 0 does not clip."),
        ParamInfo::new("alpha", "α", 0.5, [0.0, 1.0], "Share of the further references.").only(&["fixed"]),
        ParamInfo::new("references", "K", 2.0, [2.0, 3.0], "References, the main one included."),
    ],
    gpu: false,
    ..CARD
});

/// Both answers' log-probabilities under the references together.
fn joined(form: &str, x: &Pairs<'_>, params: &Params) -> [Tensor<2>; 2] {
    let main = [x.reference(0), x.reference(1)];
    let mut all = vec![main.clone()];
    all.extend(x.others());
    let k = all.len() as f32;
    // How far each reference, as it is, tells the two answers apart; a little keeps the shares defined where none does.
    let gaps: Vec<Tensor<2>> = all.iter().map(|[w, l]| (w.clone() - l.clone()).abs() + 1e-9).collect();
    let total = gaps.iter().cloned().reduce(|x, y| x + y).unwrap_or_else(|| main[0].ones_like());
    let mut shares: Vec<Tensor<2>> = match form {
        "fixed" => {
            let alpha = params.get("alpha").clamp(1e-9, 1.0 - 1e-6) * main[0].ones_like();
            (0..all.len()).map(|i| if i == 0 { alpha.clone().neg() + 1.0 } else { alpha.clone() / (k - 1.0) }).collect()
        }
        _ => gaps.into_iter().map(|g| g / total.clone()).collect(),
    };
    if form == "as_coded" && shares.len() > 1 {
        shares.swap(0, 1);
    }
    // ε is split over the two answers by how unlikely they are.
    let mean = |side: usize| (all.iter().map(|r| r[side].clone()).reduce(|x, y| x + y).unwrap_or_else(|| main[side].clone()) / k).abs();
    let (mean_w, mean_l) = (mean(0), mean(1));
    let epsilon = params.get("epsilon");
    let of_w = epsilon.clone() * mean_w.clone() / (mean_w + mean_l);
    let of_l = of_w.clone().neg() + epsilon.clone();
    let clips = epsilon.greater_elem(0.0).float();
    let side = |side: usize, epsilon: &Tensor<2>| {
        let main = &main[side];
        let terms: Vec<Tensor<2>> = all.iter().zip(&shares).enumerate().map(|(i, (r, share))| {
            let kept = if i == 0 {
                r[side].clone()
            } else {
                let (low, high) = (main.clone() * (epsilon.clone() + 1.0), main.clone() * (epsilon.clone().neg() + 1.0));
                let clipped = r[side].clone().max_pair(low).min_pair(high);
                clipped * clips.clone() + r[side].clone() * (clips.clone().neg() + 1.0)
            };
            share.clone().log() - kept
        }).collect();
        let top = terms.iter().cloned().reduce(|x, y| x.max_pair(y)).unwrap_or_else(|| main.clone());
        let sum = terms.into_iter().map(|t| (t - top.clone()).exp()).reduce(|x, y| x + y).unwrap_or_else(|| main.ones_like());
        (sum.log() + top).neg()
    };
    [side(0, &of_w), side(1, &of_l)]
}

impl Objective for Mrpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let [w, l] = joined(form, x, params);
        Some(log_loss(((x.chosen() - w) - (x.rejected() - l)) * params.get("beta")))
    }
}
