fn wdpo_summary(form: u32) -> Summary {
    let rho = param(wdpo_rho);
    let square = mean_grad_sq();
    let root = sqrt(max(square, 1e-16)); // √x has no slope at 0
    var penalty = rho * root;
    var slope = rho / root;
    if (form == wdpo_appendix_f_form) {
        penalty = rho * square;
        slope = 2.0 * rho;
    }
    let loss = mean_loss() + penalty;
    return Summary(loss, loss, 0.0, vec4(slope, 0.0, 0.0, 0.0));
}
fn wdpo_weight(form: u32, i: u32, s: Summary) -> vec2<f32> {
    return vec2(1.0, s.keep.x) / f32(pairs());
}
