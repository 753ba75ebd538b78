//! What comparisons over seeds share: one reference policy for all, a run's looks at its lanes, estimates and how they are written.

use crate::run::drive;
use prefshift::config::{LaneConfig, RunConfig};
use prefshift::device::Compute;
use prefshift::error::Result;
use prefshift::eval::groups::mean_se;
use prefshift::event::{Evaluation, Event};
use prefshift::experiment::{Experiment, Inputs};
use serde::{Deserialize, Serialize};

/// A mean over seeds with its standard error; `n` says how many seeds had a value.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Estimate {
    pub mean: f32,
    pub se: f32,
    pub n: usize,
}

impl Estimate {
    /// Of the seeds that had a value.
    pub fn of(values: impl IntoIterator<Item = Option<f32>>) -> Self {
        let values: Vec<f32> = values.into_iter().flatten().collect();
        let (mean, se) = mean_se(&values);
        Self { mean, se, n: values.len() }
    }

    /// `mean ± se` with so many digits; starred where fewer than `seeds` had a value, a dash where none had.
    pub fn cell(&self, digits: usize, seeds: u32) -> String {
        self.written(format!("{:.digits$}", self.mean), digits, seeds)
    }

    /// The same of a difference: with its sign.
    pub fn signed(&self, digits: usize, seeds: u32) -> String {
        self.written(format!("{:+.digits$}", self.mean), digits, seeds)
    }

    fn written(&self, mean: String, digits: usize, seeds: u32) -> String {
        if self.n == 0 {
            return "–".into();
        }
        format!("{mean} ± {:.digits$}{}", self.se, if self.n < seeds as usize { "*" } else { "" })
    }
}

/// The reference policy of `config`, with whatever else the stages before training make, as a file that other runs start from.
pub fn reference(config: &RunConfig, compute: Compute, inputs: Inputs, quiet: bool) -> Result<Vec<u8>> {
    let config = RunConfig { lanes: vec![LaneConfig::new("dpo")], ..config.clone() };
    let mut experiment = Experiment::new(config, compute, inputs)?;
    drive(&mut experiment, quiet, |_, event| Ok(!matches!(event, Event::Evaluation(_))))?;
    pollster::block_on(experiment.export(None))
}

/// Runs to the end and gives every evaluation; `also` sees all events.
pub fn looks(experiment: &mut Experiment, quiet: bool, mut also: impl FnMut(&Event)) -> Result<Vec<Evaluation>> {
    let mut looks = Vec::new();
    drive(experiment, quiet, |_, event| {
        also(event);
        if let Event::Evaluation(e) = event {
            looks.push(e.clone());
        }
        Ok(true)
    })?;
    Ok(looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_say_how_many_seeds_they_rest_on() {
        let e = Estimate::of([Some(0.5), None, Some(0.7)]);
        assert_eq!((e.n, e.cell(2, 2).as_str(), e.cell(2, 3).as_str()), (2, "0.60 ± 0.10", "0.60 ± 0.10*"));
        assert_eq!(e.signed(1, 2), "+0.6 ± 0.1");
        assert_eq!(Estimate::of([None]).cell(2, 1), "–");
    }
}
