//! Numbers that blow up stop the lane they are in, and no other: it goes back to where it was last well, with half its
//! learning rate, and after the third time it is frozen there.

use super::Trainer;
use super::measured::Measured;
use crate::order;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// Steps from one copy of the lanes to the next.
const EVERY: usize = 20;
/// Objectives that a lane is compared with.
const WINDOW: usize = 20;
/// A jump is above the median by this many median deviations …
const DEVIATIONS: f32 = 20.0;
/// … and this many medians, so that it is ten times as large …
const MEDIANS: f32 = 9.0;
/// … and this many nats.
const NATS: f32 = 10.0;
/// One batch may hold an odd pair; so many in a row do not.
const IN_A_ROW: u32 = 2;
/// Times that a lane may blow up before it is frozen.
const TIMES: u32 = 3;

/// What is known of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Watch {
    /// Its last objectives while it was well, nats.
    pub recent: Vec<f32>,
    /// Jumps in a row.
    pub jumps: u32,
    /// Times that it blew up.
    pub times: u32,
    /// Multiplies its learning rate.
    pub scale: f64,
    /// It is frozen.
    pub diverged: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self { recent: Vec::new(), jumps: 0, times: 0, scale: 1.0, diverged: false }
    }
}

/// Why a lane was stopped.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// Its loss, its gradient or its objective is infinite or not a number.
    NotFinite,
    /// Its objective jumped from the median of late to this, nats.
    Jump(f32, f32),
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFinite => f.write_str("its numbers were no longer finite"),
            Self::Jump(from, to) => write!(f, "its loss jumped from {from:.2} to {to:.3e}"),
        }
    }
}

/// What was done to a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// Which one.
    pub lane: usize,
    /// Why.
    pub cause: Cause,
    /// The step whose beginning it went back to.
    pub back_to: usize,
    /// It is frozen now.
    pub diverged: bool,
}

/// What a lane's newest numbers are.
#[derive(Debug, PartialEq)]
enum Verdict {
    Well,
    /// Too high, but perhaps it is the batch.
    Odd,
    Bad(Cause),
}

impl Watch {
    fn see(&mut self, objective: f32, finite: bool) -> Verdict {
        if !finite || !objective.is_finite() {
            return Verdict::Bad(Cause::NotFinite);
        }
        if let Some(median) = median(self.recent.clone()) {
            let deviation = median_of(self.recent.iter().map(|v| (v - median).abs()));
            if objective - median > (DEVIATIONS * deviation).max(MEDIANS * median.abs()).max(NATS) {
                self.jumps += 1;
                return if self.jumps >= IN_A_ROW { Verdict::Bad(Cause::Jump(median, objective)) } else { Verdict::Odd };
            }
        }
        self.jumps = 0;
        if self.recent.len() == WINDOW {
            self.recent.remove(0);
        }
        self.recent.push(objective);
        Verdict::Well
    }
}

/// Whether all of a lane's numbers are.
fn finite(m: &Measured, lane: usize, lanes: usize) -> bool {
    let n = m.losses.len() / lanes.max(1);
    let all = |v: &Vec<f32>| v[lane * n..(lane + 1) * n].iter().all(|x| x.is_finite());
    m.grad_norm[lane].is_finite() && [&m.losses, &m.chosen, &m.rejected, &m.weights, &m.grad_sq].into_iter().all(all)
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    order::sort(&mut values, f32::total_cmp);
    values.get(values.len() / 2).copied()
}

fn median_of(values: impl Iterator<Item = f32>) -> f32 {
    median(values.collect()).unwrap_or(0.0)
}

/// Watches every lane of a trainer.
pub struct Guard {
    lanes: Vec<Watch>,
    /// Step at whose beginning the lanes were last copied.
    copied: usize,
    /// … and that of each lane's copy that is known to be well.
    well: Vec<usize>,
    /// The last copy has not been judged yet.
    pending: bool,
}

impl Guard {
    /// Begins to watch; what the lanes are now is where they go back to first.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(trainer: &mut Trainer, lanes: Vec<Watch>) -> Result<Self> {
        trainer.keep()?;
        trainer.promote(&vec![true; lanes.len()])?;
        for (lane, watch) in lanes.iter().enumerate() {
            trainer.set_rate(lane, watch.scale, watch.diverged);
        }
        Ok(Self { well: vec![trainer.steps(); lanes.len()], copied: trainer.steps(), pending: false, lanes })
    }

    /// What is known of the lanes.
    pub fn lanes(&self) -> &[Watch] {
        &self.lanes
    }

    /// Forgets what objectives were like, because hyperparameters changed.
    pub fn forget(&mut self) {
        self.lanes.iter_mut().for_each(|l| (l.recent.clear(), l.jumps = 0).0);
    }

    /// Before a step whose numbers will be seen: copies the lanes, now and then.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn before(&mut self, trainer: &mut Trainer) -> Result<()> {
        if trainer.steps() >= self.copied + EVERY {
            trainer.keep()?;
            (self.copied, self.pending) = (trainer.steps(), true);
        }
        Ok(())
    }

    /// After it: `m` says what the lanes were like at its beginning. Those that blew up go back.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn after(&mut self, trainer: &mut Trainer, m: &Measured) -> Result<Vec<Stopped>> {
        let lanes = self.lanes.len();
        let mut well = vec![false; lanes];
        let mut bad = Vec::new();
        for (lane, watch) in self.lanes.iter_mut().enumerate().filter(|(_, w)| !w.diverged) {
            match watch.see(m.objective[lane], finite(m, lane, lanes)) {
                Verdict::Well => well[lane] = true,
                Verdict::Odd => {}
                Verdict::Bad(cause) => bad.push((lane, cause)),
            }
        }
        if std::mem::take(&mut self.pending) {
            trainer.promote(&well)?;
            self.well.iter_mut().zip(&well).filter(|(_, w)| **w).for_each(|(at, _)| *at = self.copied);
        }
        bad.into_iter().map(|(lane, cause)| {
            let watch = &mut self.lanes[lane];
            watch.times += 1;
            watch.jumps = 0;
            watch.scale /= 2.0;
            watch.diverged = watch.times >= TIMES;
            trainer.roll_back(lane)?;
            trainer.set_rate(lane, watch.scale, watch.diverged);
            Ok(Stopped { lane, cause, back_to: self.well[lane], diverged: watch.diverged })
        }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(recent: &[f32]) -> Watch {
        Watch { recent: recent.to_vec(), ..Watch::default() }
    }

    #[test]
    fn only_numbers_that_are_not_finite_act_at_once() {
        for (objective, finite) in [(f32::NAN, true), (f32::INFINITY, true), (f32::NEG_INFINITY, true), (0.7, false)] {
            let mut watch = after(&[0.7]);
            assert_eq!(watch.see(objective, finite), Verdict::Bad(Cause::NotFinite));
            assert_eq!(watch.recent, [0.7]);
        }
        let mut watch = after(&[0.7; 5]);
        assert_eq!(watch.see(1e4, true), Verdict::Odd);
        assert_eq!(watch.see(0.7, true), Verdict::Well);
        assert_eq!(watch.see(1e4, true), Verdict::Odd, "the count began anew");
        assert_eq!(watch.see(2e4, true), Verdict::Bad(Cause::Jump(0.7, 2e4)));
    }

    #[test]
    fn a_jump_is_large_by_every_measure() {
        // 10.7 is the bound: 10 nats above the median.
        assert_eq!(after(&[0.7; 5]).see(10.6, true), Verdict::Well);
        assert_eq!(after(&[0.7; 5]).see(10.8, true), Verdict::Odd);
        // Ten times the median: 250.
        assert_eq!(after(&[25.0; 5]).see(249.0, true), Verdict::Well);
        assert_eq!(after(&[25.0; 5]).see(251.0, true), Verdict::Odd);
        // Twenty deviations: the median is 3, deviations are 0, 2, 2: the bound is 43.
        assert_eq!(after(&[1.0, 3.0, 5.0]).see(42.0, true), Verdict::Well);
        assert_eq!(after(&[1.0, 3.0, 5.0]).see(44.0, true), Verdict::Odd);
        // Objectives may be negative, and nothing is known at first.
        assert_eq!(after(&[-5.0; 3]).see(39.0, true), Verdict::Well);
        assert_eq!(after(&[-5.0; 3]).see(41.0, true), Verdict::Odd);
        assert_eq!(after(&[]).see(1e30, true), Verdict::Well);
        assert_eq!(median(vec![5.0, 1.0, 4.0, 2.0, 3.0]), Some(3.0));
    }

    #[test]
    fn any_number_of_a_lane_says_that_it_is_not_well_and_of_no_other_lane() {
        let wide = vec![1.0; 6];
        let m = Measured {
            losses: wide.clone(), chosen: wide.clone(), rejected: wide.clone(), weights: wide.clone(), grad_sq: wide, grad_norm: vec![1.0; 3], ..Measured::default()
        };
        assert!((0..3).all(|lane| finite(&m, lane, 3)));
        for at in 0..6 {
            for column in 0..6 {
                let mut m = m.clone();
                let at = if column == 5 { at / 2 } else { at };
                let lane = if column == 5 { at } else { at / 2 };
                [&mut m.losses, &mut m.chosen, &mut m.rejected, &mut m.weights, &mut m.grad_sq, &mut m.grad_norm][column][at] = f32::NEG_INFINITY;
                assert_eq!([0, 1, 2].map(|l| finite(&m, l, 3)), [0, 1, 2].map(|l| l != lane), "column {column}, {at}");
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_no_measure() {
        let mut guard = Guard { lanes: vec![after(&[0.7; 5])], copied: 0, well: vec![0], pending: false };
        assert_eq!(guard.lanes[0].see(1e4, true), Verdict::Odd);
        guard.forget();
        assert_eq!(guard.lanes[0].see(1e4, true), Verdict::Well);
        assert_eq!(guard.lanes[0].see(2e6, true), Verdict::Odd, "the count began anew");
    }

    #[test]
    fn the_window_moves() {
        let mut watch = Watch::default();
        (0..50).for_each(|i| assert_eq!(watch.see(i as f32 * 0.1, true), Verdict::Well));
        assert_eq!(watch.recent.len(), WINDOW);
        assert!((watch.recent[0] - 3.0).abs() < 1e-5);
    }
}
