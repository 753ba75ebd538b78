fn kldpo_summary(form: u32) -> Summary {
    let n = f32(pairs());
    var tau = param(kldpo_tau);
    if (form == kldpo_radius_form) { tau = kldpo_solve(param(kldpo_radius)); }
    let mean = mean_loss();
    if (form == kldpo_authors_form) {
        var sum = 0.0;
        for (var i = 0u; i < pairs(); i++) { sum += kldpo_clamped((loss(i) - mean) / tau) * loss(i); }
        return Summary(sum / n, sum / n, tau, vec4(mean, 0.0, 0.0, 0.0));
    }
    let all = tilted(1.0 / tau);
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += exp(max((loss(i) - all.x) / tau, -80.0)) * loss(i); }
    sum /= all.y;
    // In the radius form the dual's value at its optimum is the tilted mean itself.
    let objective = select(tau * log(all.y / n) + all.x, sum, form == kldpo_radius_form);
    return Summary(sum, objective, tau, vec4(mean, all.x, all.y, 0.0));
}
fn kldpo_weight(form: u32, i: u32, s: Summary) -> vec2<f32> {
    if (form == kldpo_authors_form) { return vec2(kldpo_clamped((loss(i) - s.keep.x) / s.tau) / f32(pairs()), 0.0); }
    return vec2(exp(max((loss(i) - s.keep.y) / s.tau, -80.0)) / s.keep.z, 0.0);
}
// The authors' code clamps each weight at 10; cut in the exponent, so that a large loss cannot overflow before.
fn kldpo_clamped(exponent: f32) -> f32 { return exp(min(exponent, 2.302585)); }

// KL(softmax(scores / τ) ‖ uniform), with losses scaled to [−1, 0].
fn kldpo_divergence(tau: f32, top: f32, spread: f32) -> f32 {
    var norm = 0.0;
    var along = 0.0;
    for (var i = 0u; i < pairs(); i++) {
        let score = max((loss(i) - top) / (spread * tau), -80.0);
        norm += exp(score);
        along += exp(score) * score;
    }
    return along / norm - log(norm) + log(f32(pairs()));
}
// τ that holds the divergence at the radius, which falls as τ grows: bisection of log(τ / spread).
fn kldpo_solve(radius: f32) -> f32 {
    var top = loss(0u);
    var bottom = top;
    for (var i = 1u; i < pairs(); i++) {
        top = max(top, loss(i));
        bottom = min(bottom, loss(i));
    }
    let spread = max(top - bottom, 1e-12);
    var low = -9.2103404; // at 1e-4 all weight is on the worst pair, at 1e4 it is flat in f32
    var high = 9.2103404;
    for (var round = 0u; round < 24u; round++) {
        let middle = 0.5 * (low + high);
        if (kldpo_divergence(exp(middle), top, spread) > radius) { low = middle; } else { high = middle; }
    }
    return exp(0.5 * (low + high)) * spread;
}
