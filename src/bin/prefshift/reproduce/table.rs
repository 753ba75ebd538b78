//! The reproduction as CSV and Markdown.

use super::{Report, Row};
use crate::compare::Estimate;
use prefshift::config::Mixture;

const SUMMARIES: [&str; 9] = [
    "kl", "reward_at_training_alpha", "reward_at_alpha_1", "worst_alpha_reward", "mean_over_alpha", "over_dpo_at_training_alpha",
    "over_dpo_at_alpha_1", "over_dpo_worst", "over_dpo_mean",
];

fn summaries(r: &Row) -> [&Estimate; 9] {
    [
        &r.kl, &r.at_training, &r.at_one, &r.worst, &r.area, &r.over_dpo_at_training, &r.over_dpo_at_one, &r.over_dpo_worst, &r.over_dpo_area,
    ]
}

pub(super) fn named(mixture: Mixture) -> &'static str {
    match mixture {
        Mixture::Convex => "convex",
        Mixture::Geometric => "geometric",
    }
}

/// One line a method and mixture: summaries, then rewards at every α, each with its standard error over seeds.
pub(super) fn csv(report: &Report) -> String {
    let mut head = vec!["mixture".to_string(), "method".into(), "learning_rate".into(), "seeds".into()];
    let mut columns: Vec<String> = SUMMARIES.iter().map(|s| (*s).to_string()).collect();
    columns.extend(report.alphas.iter().map(|a| format!("learned_{a}")));
    columns.extend(report.alphas.iter().map(|a| format!("words_{a}")));
    head.extend(columns.iter().flat_map(|c| [c.clone(), format!("{c}_se")]));
    let number = |v: f32| if v.is_finite() { format!("{v:.5}") } else { String::new() };
    let mut text = head.join(",") + "\n";
    for r in &report.rows {
        let mut cells = vec![named(r.mixture).to_string(), format!("\"{}\"", r.method), r.learning_rate.to_string(), r.kl.n.to_string()];
        let all = summaries(r).into_iter().chain(&r.learned).chain(&r.words);
        cells.extend(all.flat_map(|e| [number(e.mean), number(e.se)]));
        text += &(cells.join(",") + "\n");
    }
    text
}

pub(super) fn markdown(report: &Report) -> String {
    let (d, t, q) = (&report.config.data, &report.config.train, &report.reward_model);
    let cell = |e: &Estimate| e.cell(3, report.seeds);
    let rank = q.rank.map_or(String::new(), |r| format!(", rank correlation with the words {r:.2}"));
    let mut text = format!(
        "Reward model on {} held-out texts: every emotion right {:.1} %, single answers {:.1} %, ROC-AUC {:.3}{rank}.\n\n",
        q.tested, 100.0 * q.accuracy, 100.0 * q.answers, q.auc
    );
    for reference in &report.reference {
        text += &format!("**{} mixture**\n\n", if reference.mixture == Mixture::Convex { "Convex" } else { "Geometric" });
        text += &format!(
            "| method | rate | KL | reward at α₀ = {} | at α = 1 | worst α | mean over α | over DPO at equal KL: at α₀ | at α = 1 | mean over α |\n|{}\n",
            d.mix[1], "---|".repeat(10)
        );
        let at = |i: usize| reference.learned.get(i).map_or("–".into(), &cell);
        let zero = report.alphas.iter().position(|a| (f64::from(*a) - d.mix[1]).abs() < 1e-6).unwrap_or(0);
        text += &format!("| reference | | 0 | {} | {} | | | | | |\n", at(zero), at(report.alphas.len().saturating_sub(1)));
        for r in report.rows.iter().filter(|r| r.mixture == reference.mixture) {
            let own = r.method.starts_with("DPO");
            let over = |e: &Estimate| if own { "".to_string() } else { e.signed(3, report.seeds) };
            text += &format!(
                "| {} | {:e} | {} | {} | {} | {} | {} | {} | {} | {} |\n", r.method, r.learning_rate, cell(&r.kl), cell(&r.at_training), cell(&r.at_one),
                cell(&r.worst), cell(&r.area), over(&r.over_dpo_at_training), over(&r.over_dpo_at_one), over(&r.over_dpo_area)
            );
        }
        text.push('\n');
    }
    text += &format!(
        "{} steps of {} pairs out of {}, {} seeds (own prompts, texts, labels and batches each), mean ± standard error over seeds; \
         * not every seed of DPO came that far; – none did.\n",
        t.steps, t.batch, d.pairs, report.seeds
    );
    text
}
