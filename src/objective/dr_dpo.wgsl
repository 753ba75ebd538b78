fn dr_dpo_summary(form: u32) -> Summary {
    let beta_prime = param(dr_dpo_beta_prime);
    let all = tilted(-1.0 / beta_prime);
    let loss = all.x - beta_prime * log(all.y / f32(pairs()));
    return Summary(loss, loss, 0.0, vec4(all, 0.0, 0.0));
}
fn dr_dpo_weight(form: u32, i: u32, s: Summary) -> vec2<f32> {
    return vec2(exp(max((s.keep.x - loss(i)) / param(dr_dpo_beta_prime), -80.0)) / s.keep.y, 0.0);
}
