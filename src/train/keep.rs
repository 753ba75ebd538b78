//! Copies of lanes to go back to: one that is known to be well, and a newer one that is not judged yet.

use super::plain::{PlainLanes, Stack};
use super::trainer::{Lanes, Trainer};
use crate::error::Result;
use crate::policy::Parameters;
use burn::tensor::{Bool, Device, Tensor, TensorData};

impl Trainer {
    /// Copies every lane; the copy is used once [`Trainer::promote`] says that it is well.
    ///
    /// # Errors
    /// Where the device has no room.
    pub fn keep(&mut self) -> Result<()> {
        match &mut self.policies {
            Lanes::Plain(plain) => plain.keep(),
            Lanes::Cpu(cpu) => cpu.keep(),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.keep()?,
        }
        Ok(())
    }

    /// Lanes that were `well` (`[lane]`) when they were last copied.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn promote(&mut self, well: &[bool]) -> Result<()> {
        match &mut self.policies {
            Lanes::Plain(plain) => plain.promote(well),
            Lanes::Cpu(cpu) => cpu.promote(well),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.promote(well)?,
        }
        Ok(())
    }

    /// Takes lane `lane` back to its last copy that was well. Batches go on.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn roll_back(&mut self, lane: usize) -> Result<()> {
        match &mut self.policies {
            Lanes::Plain(plain) => plain.roll_back(lane),
            Lanes::Cpu(cpu) => cpu.roll_back(lane),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.roll_back(lane)?,
        }
        Ok(())
    }

    /// Multiplies a lane's learning rate from now on, or freezes it: it is measured and no longer updated.
    pub fn set_rate(&mut self, lane: usize, scale: f64, frozen: bool) {
        self.scale[lane] = if frozen { 0.0 } else { scale };
        match &mut self.policies {
            Lanes::Plain(plain) => plain.freeze(lane, frozen),
            Lanes::Cpu(cpu) => cpu.freeze(lane, frozen),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.freeze(lane, frozen),
        }
    }
}

/// A copy of a stack. Tensors are shared with the original until that moves on, so that copying costs nothing.
#[derive(Clone)]
pub(super) struct Copied {
    params: Parameters,
    first: Vec<Tensor<3>>,
    second: Vec<Tensor<3>>,
    steps: Vec<i32>,
    methods: Vec<Option<Tensor<2>>>,
}

/// A stack's copies.
#[derive(Default)]
pub(super) struct Copies {
    well: Option<Copied>,
    newer: Option<Copied>,
}

impl Copied {
    fn of(stack: &Stack) -> Self {
        Self {
            params: stack.params.clone(), first: stack.optimizer.first.clone(), second: stack.optimizer.second.clone(),
            steps: stack.optimizer.steps.clone(), methods: stack.segments.iter().map(|s| s.state.clone()).collect(),
        }
    }

    /// `self`, with the rows that are marked taken from `other`. `starts` are the segments' first rows.
    fn with_rows(self, other: &Self, marked: &[bool], starts: &[usize], device: &Device) -> Self {
        let wide = mask(marked, device).reshape([marked.len(), 1, 1]);
        let mix = |a: Tensor<3>, b: &Tensor<3>| a.clone().mask_where(wide.clone().expand(a.dims()), b.clone());
        let all = |a: Vec<Tensor<3>>, b: &[Tensor<3>]| a.into_iter().zip(b).map(|(a, b)| mix(a, b)).collect();
        let methods = self.methods.into_iter().zip(&other.methods).zip(starts).map(|((a, b), start)| match (a, b) {
            (None, None) => None,
            // What is not there yet is zero, as on the GPU.
            (a, b) => {
                let zeros = a.as_ref().or(b.as_ref()).map(Tensor::zeros_like)?;
                let (a, b) = (a.unwrap_or_else(|| zeros.clone()), b.clone().unwrap_or(zeros));
                let rows = a.dims()[0];
                Some(a.clone().mask_where(mask(&marked[*start..start + rows], device).reshape([rows, 1]).expand(a.dims()), b))
            }
        }).collect();
        Self {
            params: Parameters(all(self.params.0, &other.params.0)), first: all(self.first, &other.first), second: all(self.second, &other.second),
            steps: self.steps.iter().zip(&other.steps).zip(marked).map(|((a, b), m)| if *m { *b } else { *a }).collect(),
            methods,
        }
    }
}

/// Rows as a tensor of truths.
pub(super) fn mask(rows: &[bool], device: &Device) -> Tensor<1, Bool> {
    let ones: Vec<f32> = rows.iter().map(|m| f32::from(*m)).collect();
    Tensor::<1>::from_data(TensorData::new(ones, [rows.len()]), device).greater_elem(0.5)
}

impl PlainLanes {
    fn keep(&mut self) {
        self.stacks.iter_mut().for_each(|s| s.copies.newer = Some(Copied::of(s)));
    }

    fn promote(&mut self, well: &[bool]) {
        for stack in &mut self.stacks {
            let Some(newer) = stack.copies.newer.take() else { continue };
            let marked: Vec<bool> = stack.lanes.iter().map(|l| well[*l]).collect();
            stack.copies.well = Some(match stack.copies.well.take() {
                Some(old) if marked.contains(&false) => old.with_rows(&newer, &marked, &starts(stack), &self.device),
                _ => newer,
            });
        }
    }

    fn roll_back(&mut self, lane: usize) {
        for stack in self.stacks.iter_mut().filter(|s| s.lanes.contains(&lane)) {
            let Some(well) = stack.copies.well.clone() else { continue };
            let marked: Vec<bool> = stack.lanes.iter().map(|l| *l == lane).collect();
            let Copied { params, first, second, steps, methods } = Copied::of(stack).with_rows(&well, &marked, &starts(stack), &self.device);
            stack.params = params;
            (stack.optimizer.first, stack.optimizer.second, stack.optimizer.steps) = (first, second, steps);
            stack.segments.iter_mut().zip(methods).for_each(|(s, m)| s.state = m);
        }
    }

    fn freeze(&mut self, lane: usize, frozen: bool) {
        for stack in &mut self.stacks {
            if let Some(row) = stack.lanes.iter().position(|l| *l == lane) {
                stack.optimizer.frozen[row] = frozen;
            }
        }
    }
}

fn starts(stack: &Stack) -> Vec<usize> {
    stack.segments.iter().map(|s| s.rows.start).collect()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::config::{DataConfig, LaneConfig, ModelConfig, PolicyKind, RunConfig, Scenario, Schedule, TrainConfig};
    use crate::policy;
    use crate::rng::Streams;
    use crate::train::state::TrainerState;

    #[test]
    fn lanes_go_back_one_by_one_to_where_each_was_last_well() {
        for policy in [PolicyKind::LogLinear, PolicyKind::Gpt] {
            let config = RunConfig {
                data: DataConfig { scenario: Scenario::Shortcut, pairs: 12, eval_pairs: 1, ..DataConfig::default() },
                model: ModelConfig { policy, d_model: 8, layers: 1, heads: 2, ..ModelConfig::default() },
                // Two stacks, one with a method that keeps something; neighbors of one method, and not in the order of their stacks.
                lanes: vec![
                    LaneConfig::new("gr_dpo").with("eta", 2.0), LaneConfig::new("wdpo"), LaneConfig::new("gr_dpo"), LaneConfig::new("dpo"), LaneConfig::new("wdpo").with("rho", 3.0),
                ],
                train: TrainConfig { batch: 4, learning_rate: 0.02, warmup: 0, schedule: Schedule::Constant, ..TrainConfig::default() },
                ..RunConfig::default()
            };
            let (device, data) = (Device::flex(), crate::data::build(&config, None).expect("data"));
            let model = policy::build(&config.model, data.vocabulary.len(), &device);
            let reference = Parameters::init(&model.specs(), &mut Streams::new(1).stream("keep"), &device);
            let mut trainer = Trainer::new(&config, model.as_ref(), &reference, 2, &device);
            let logps = vec![[-9.0, -9.5]; data.train.len()];
            let rates = |trainer: &mut Trainer, n: usize| (0..n).map(|_| trainer.step(model.as_ref(), &data.train, &logps).learning_rate).last();
            let state = |trainer: &Trainer| -> TrainerState { pollster::block_on(trainer.state()).expect("a state") };
            rates(&mut trainer, 2);
            trainer.keep().expect("a copy");
            trainer.promote(&[true; 5]).expect("a copy");
            let early = state(&trainer);
            rates(&mut trainer, 2);
            trainer.keep().expect("a copy");
            trainer.promote(&[true, false, false, true, true]).expect("a copy");
            let late = state(&trainer);
            rates(&mut trainer, 3);
            let now = state(&trainer);
            for lane in [0, 1, 2, 4] {
                trainer.roll_back(lane).expect("a copy");
            }
            let wanted = [&late, &early, &early, &now, &late];
            let check = |trainer: &Trainer| {
                let found = state(trainer);
                for (lane, wanted) in wanted.iter().enumerate() {
                    assert!(found.lanes[lane] == wanted.lanes[lane], "{policy:?}: lane {lane}");
                }
                assert_eq!((found.step, &found.orders), (now.step, &now.orders), "batches go on");
            };
            check(&trainer);
            assert!(early.lanes[0].method.is_some() && early.lanes[0] != late.lanes[0] && late.lanes[0] != now.lanes[0]);
            // A copy can be gone back to more than once; one that was not found well is forgotten.
            let [before, after] = [(); 2].map(|()| {
                for lane in [0, 1, 2, 4] {
                    trainer.roll_back(lane).expect("a copy");
                }
                state(&trainer)
            });
            assert!(before == after);
            check(&trainer);
            // A frozen lane stays, and its neighbors do not.
            trainer.set_rate(1, 0.5, true);
            trainer.set_rate(2, 0.25, false);
            assert_eq!(rates(&mut trainer, 1), Some(vec![0.02, 0.0, 0.005, 0.02, 0.02]), "{policy:?}");
            let moved = state(&trainer);
            assert_eq!([0, 1, 2, 3, 4].map(|lane| moved.lanes[lane].params == after.lanes[lane].params), [false, true, false, false, false], "{policy:?}");
            assert_eq!((&moved.lanes[1].first, &moved.lanes[1].second), (&after.lanes[1].first, &after.lanes[1].second));
            trainer.set_rate(1, 0.5, false);
            assert_eq!(rates(&mut trainer, 1), Some(vec![0.02, 0.01, 0.005, 0.02, 0.02]));
            assert!(state(&trainer).lanes[1].params != after.lanes[1].params);
        }
    }
}
