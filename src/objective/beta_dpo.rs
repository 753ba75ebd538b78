//! β-DPO: each batch has its own β, from how far its margins lie above their running mean. Wu et al., arXiv 2407.08639.

use super::prelude::*;

/// DPO with a dynamic β.
pub struct BetaDpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "beta_dpo",
    name: "β-DPO",
    paper: "Wu et al., β-DPO: Direct Preference Optimization with Dynamic β",
    year: 2024,
    arxiv: "2407.08639",
    formula: r"-\log\sigma(\beta_{\rm batch}h_i),\quad\beta_{\rm batch}=\beta_0\big[1+\alpha(\bar M_{\rm sel}-M_0)\big]",
    adversary: "None: pairs far from the running mean margin are left out more often, and clear batches get a larger β.",
    robust_to: "Outlying pairs, and data of changing quality under one β.",
    not_robust_to: "A rare group, whose margins are the outliers that it leaves out; a change in the mix.",
    note: "Running means start at 0 and are updated before use, as in the authors' code.",
    params: &[
        BETA,
        ParamInfo::new("alpha", "α", 0.6, [0.0, 10.0], "How strongly β follows the batch; 0 is DPO on the filtered pairs."),
        ParamInfo::new("filter", "f", 0.2, [0.0, 0.9], "Share of each batch that is left out."),
        ParamInfo::new("momentum", "m", 0.9, [0.0, 0.999], "Momentum of the running mean and standard deviation."),
    ],
    gauge: "β of this batch",
    margins_only: true,
    gpu: false,
    ..CARD
});

impl Objective for BetaDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    /// The state is M₀ and s, then β of the batch, then 1 for each selected pair: `[lane, 3 + pair]`.
    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let gaps = x.still_h();
        let [lanes, n] = gaps.dims();
        let keep = params.get("momentum");
        let mean = gaps.clone().mean_dim(1);
        let spread = ((gaps.clone() - mean.clone()).square().sum_dim(1) / (n as f32 - 1.0).max(1.0)).sqrt();
        let now = Tensor::cat(vec![mean, spread], 1);
        let before = state.take().map_or_else(|| now.zeros_like(), |s| s.narrow(1, 0, 2));
        let running = before * keep.clone() + now * (keep.neg() + 1.0);
        let (m0, s) = (running.clone().narrow(1, 0, 1), running.clone().narrow(1, 1, 1));
        // Without replacement, with weights w: the largest of log w − log(−log u) (Gumbel's trick).
        let off = (gaps.clone() - m0.clone()) / s.clamp_min(1e-6);
        let scores = off.square().clamp_max(1e6) * -0.5 - x.noise().log().neg().log();
        let order = ranks(&scores);
        let kept: Vec<f64> = params.raw("filter").iter().flat_map(|f| {
            let keep = (((1.0 - f) * n as f64) as usize).max(1);
            (0..n).map(move |rank| f64::from(u8::from(rank + keep >= n)))
        }).collect();
        let selected = (order * params.column(&kept).reshape([lanes, 1, n]).expand([lanes, n, n])).sum_dim(2).reshape([lanes, n]);
        let mean_selected = (selected.clone() * gaps).sum_dim(1) / selected.clone().sum_dim(1);
        let beta = (params.get("beta") * ((mean_selected - m0) * params.get("alpha") + 1.0)).clamp_min(1e-3);
        *state = Some(Tensor::cat(vec![running, beta.clone(), selected], 1));
        Some(log_loss(x.h() * beta))
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, state: &mut Option<Tensor<2>>) -> Weighing {
        let flat = uniform(&batch.losses);
        let Some(state) = state else { return flat };
        let n = batch.losses.dims()[1];
        let selected = state.clone().narrow(1, 3, n);
        let weights = selected.clone() / selected.sum_dim(1);
        let loss = (weights.clone() * batch.losses.clone()).sum_dim(1);
        Weighing { weights, objective: loss.clone(), loss, tau: state.clone().narrow(1, 2, 1), ..flat }
    }
}
