// The state is log α: e^{ηL} would overflow, and a weight that reached 0 would stay there.
fn gr_dpo_count(group: u32) -> f32 {
    var count = 0.0;
    for (var i = 0u; i < pairs(); i++) { count += select(0.0, 1.0, group_of(i) == group); }
    return max(count, 1.0);
}
// Mean loss of a group in this batch; 0 where it is absent (as in the authors' code).
fn gr_dpo_loss(group: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += select(0.0, loss(i), group_of(i) == group); }
    return sum / gr_dpo_count(group);
}
fn gr_dpo_raised(group: u32) -> f32 { return state(group) + param(gr_dpo_eta) * gr_dpo_loss(group); }
fn gr_dpo_summary(form: u32) -> Summary {
    var top = gr_dpo_raised(0u);
    for (var g = 1u; g < groups(); g++) { top = max(top, gr_dpo_raised(g)); }
    var sum = 0.0;
    for (var g = 0u; g < groups(); g++) { sum += exp(gr_dpo_raised(g) - top); }
    let norm = top + log(sum);
    var loss = 0.0;
    for (var g = 0u; g < groups(); g++) { loss += exp(gr_dpo_raised(g) - norm) * gr_dpo_loss(g); }
    return Summary(loss, loss, 0.0, vec4(norm, 0.0, 0.0, 0.0));
}
fn gr_dpo_weight(form: u32, i: u32, s: Summary) -> vec2<f32> {
    let g = group_of(i);
    return vec2(exp(gr_dpo_raised(g) - s.keep.x) / gr_dpo_count(g), 0.0);
}
fn gr_dpo_state(form: u32, group: u32) -> f32 {
    return gr_dpo_raised(group) - gr_dpo_summary(form).keep.x;
}
