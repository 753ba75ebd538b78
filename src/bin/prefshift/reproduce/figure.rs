//! The figure as SVG: reward against α, a column a mixture; the learned reward above, what the words say below.

use super::table::named;
use super::{Report, Row};
use crate::compare::Estimate;

const WIDTH: f32 = 360.0;
const HEIGHT: f32 = 240.0;
const LEFT: f32 = 46.0;
const TOP: f32 = 34.0;
/// Okabe and Ito's colors, which color-blind readers can tell apart; a method's variants differ by their dashes.
const COLORS: [(&str, &str); 3] = [("DPO", "#000000"), ("WDPO", "#0072b2"), ("KLDPO", "#d55e00")];
const DASHES: [&str; 3] = ["none", "7 3", "2 3"];

/// The whole figure.
pub(super) fn svg(report: &Report) -> String {
    let (columns, gap) = (report.reference.len() as f32, 26.0);
    let (panel_w, panel_h) = (LEFT + WIDTH + gap, TOP + HEIGHT + 30.0);
    let has_words = report.rows.iter().any(|r| !r.words.is_empty());
    let panels = if has_words { 2.0 } else { 1.0 };
    let (w, h) = (panel_w * columns, panel_h * panels + 58.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <title>Mean mixed reward of fresh samples against α, by method</title>\n<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n"
    );
    for (i, reference) in report.reference.iter().enumerate() {
        let rows: Vec<&Row> = report.rows.iter().filter(|r| r.mixture == reference.mixture).collect();
        let title = |what: &str| format!("{} mixture, {what}", named(reference.mixture));
        let x = panel_w * i as f32;
        let learned: Vec<&[Estimate]> = rows.iter().map(|r| r.learned.as_slice()).collect();
        out += &panel(report, &title("learned reward"), [x, 0.0], &rows, &learned, &reference.learned);
        if has_words {
            let words: Vec<&[Estimate]> = rows.iter().map(|r| r.words.as_slice()).collect();
            out += &panel(report, &title("reward as the words say it"), [x, panel_h], &rows, &words, &reference.words);
        }
    }
    out += &legend(report, panel_h * panels + 12.0);
    out + "</svg>\n"
}

/// Color and dash of the `i`-th row of a mixture: variants of a method are counted.
fn style(rows: &[&Row], i: usize) -> (&'static str, &'static str) {
    let family = |r: &Row| COLORS.iter().position(|(name, _)| r.method.split(' ').next() == Some(name)).unwrap_or(0);
    let mine = family(rows[i]);
    let earlier = rows[..i].iter().filter(|r| family(r) == mine).count();
    (COLORS[mine].1, DASHES[earlier % DASHES.len()])
}

fn panel(report: &Report, title: &str, [x0, y0]: [f32; 2], rows: &[&Row], curves: &[&[Estimate]], reference: &[Estimate]) -> String {
    let all = || curves.iter().flat_map(|c| c.iter()).chain(reference);
    let high = all().map(|e| e.mean + e.se).fold(0.1_f32, f32::max);
    let step = if high > 0.6 { 0.2 } else if high > 0.25 { 0.1 } else { 0.05 };
    let high = (high / step).ceil() * step;
    let x = |a: f32| x0 + LEFT + a * WIDTH;
    let y = |v: f32| y0 + TOP + HEIGHT * (1.0 - v / high);
    let mut out = format!("<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{title}</text>\n", x(0.0), y0 + TOP - 12.0);
    for i in 0..=((high / step).round() as usize) {
        let v = i as f32 * step;
        out += &format!("<path d=\"M{} {:.1}H{}\" stroke=\"#dddddd\"/>", x(0.0), y(v), x(1.0));
        out += &format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{v:.2}</text>\n", x(0.0) - 6.0, y(v) + 4.0);
    }
    for i in 0..=5 {
        let a = i as f32 / 5.0;
        out += &format!("<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{a:.1}</text>\n", x(a), y(0.0) + 15.0);
    }
    let alpha0 = report.config.data.mix[1] as f32;
    out += &format!("<path d=\"M{0:.1} {1:.1}V{2:.1}\" stroke=\"#888888\" stroke-dasharray=\"1 3\"/>", x(alpha0), y(0.0), y(high));
    out += &format!("<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#555555\">α₀ (training)</text>\n", x(alpha0) + 4.0, y(high) + 10.0);
    out += &format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">α: share of {} in the reward</text>\n", x(0.5), y(0.0) + 28.0, report.config.data.emotions[1]);
    out += &line(report, reference, "#888888", "5 5", &x, &y, false);
    for (i, curve) in curves.iter().enumerate() {
        let (color, dash) = style(rows, i);
        out += &line(report, curve, color, dash, &x, &y, true);
    }
    out
}

fn line(report: &Report, curve: &[Estimate], color: &str, dash: &str, x: &dyn Fn(f32) -> f32, y: &dyn Fn(f32) -> f32, band: bool) -> String {
    let at = |v: &dyn Fn(&Estimate) -> f32| -> Vec<String> {
        report.alphas.iter().zip(curve).map(|(a, e)| format!("{:.1} {:.1}", x(*a), y(v(e).max(0.0)))).collect()
    };
    let mut out = String::new();
    if band {
        let mut back = at(&|e| e.mean - e.se);
        back.reverse();
        out += &format!("<path d=\"M{}L{}Z\" fill=\"{color}\" opacity=\"0.12\"/>", at(&|e| e.mean + e.se).join("L"), back.join("L"));
    }
    out + &format!("<path d=\"M{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\"/>\n", at(&|e| e.mean).join("L"))
}

fn legend(report: &Report, y: f32) -> String {
    let Some(first) = report.rows.first().map(|r| r.mixture) else { return String::new() };
    let rows: Vec<&Row> = report.rows.iter().filter(|r| r.mixture == first).collect();
    let mut out = String::new();
    let entry = |i: usize, name: &str, color: &str, dash: &str| {
        let (x, y) = (LEFT + (i % 4) as f32 * 190.0, y + (i / 4) as f32 * 20.0);
        format!(
            "<path d=\"M{x} {y}h34\" stroke=\"{color}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\"/><text x=\"{}\" y=\"{}\">{name}</text>\n",
            x + 40.0, y + 4.0
        )
    };
    for (i, r) in rows.iter().enumerate() {
        let (color, dash) = style(&rows, i);
        out += &entry(i, &r.method, color, dash);
    }
    out + &entry(rows.len(), "reference", "#888888", "5 5")
}
