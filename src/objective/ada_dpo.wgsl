fn ada_dpo_margin(form: u32, i: u32) -> f32 { return select(param(ada_dpo_beta), 1.0, form == ada_dpo_paper_form) * margin(i); }
fn ada_dpo_cut(tau: f32) -> f32 { return min(max(tau, param(ada_dpo_tau0)), max(param(ada_dpo_tau_max), param(ada_dpo_tau0))); }
// 1 / u*, with u* the root of KL(Bernoulli(σ(u)) ‖ ½) = ρ₀; 0 where there is none.
fn ada_dpo_inverse() -> f32 {
    let rho = param(ada_dpo_rho0);
    if (rho >= 0.69314718) { return 0.0; }
    var low = 0.0;
    var high = 30.0;
    for (var round = 0u; round < 40u; round++) {
        let middle = 0.5 * (low + high);
        let v = softplus_loss(middle); // log 2 − log(1 + e^u) + u σ(u), with log(1 + e^u) = u + ℓ(u)
        if (0.69314718 - v.x + middle * v.y > rho) { high = middle; } else { low = middle; }
    }
    return 2.0 / (low + high);
}
fn ada_dpo_scale(form: u32, d: f32, inverse: f32) -> f32 {
    if (form != ada_dpo_newton_form) { return ada_dpo_cut(abs(d) * inverse); }
    var tau = 1.0;
    for (var round = 0u; round < 5u; round++) {
        let u = d / tau;
        let v = softplus_loss(u);
        tau = ada_dpo_cut(tau - (v.x - u * v.y + param(ada_dpo_rho0) - 0.69314718) / max(u * u / tau * v.z, 1e-6));
    }
    return tau;
}
fn ada_dpo_pair(form: u32, i: u32) -> vec3<f32> {
    let tau = ada_dpo_scale(form, ada_dpo_margin(form, i), ada_dpo_inverse());
    let v = softplus_loss(ada_dpo_margin(form, i) / tau);
    if (form == ada_dpo_paper_form) { return by_margin(tau * v.x + (param(ada_dpo_rho0) - 0.69314718) * tau, v.y); }
    return by_margin(tau * v.x, param(ada_dpo_beta) * v.y);
}
fn ada_dpo_summary(form: u32) -> Summary {
    let inverse = ada_dpo_inverse();
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += ada_dpo_scale(form, ada_dpo_margin(form, i), inverse); }
    var s = default_summary();
    s.tau = sum / f32(pairs());
    return s;
}
