//! What an evaluation asks of the lanes and of their reference: scores, samples, distances.

use super::Trainer;
use super::measured::read_f32;
use super::trainer::Lanes;
use crate::config::EvalConfig;
use crate::data::{PreferencePair, TokenBatch};
use crate::error::Result;
#[cfg(feature = "gpu")]
use crate::eval::groups::by_pair;
use crate::eval::groups::pair_logps;
use crate::fused::{cpu::eval as fused, layout::Layout};
#[cfg(feature = "gpu")]
use crate::fused::gpu::Who;
use crate::policy::{Gpt, Parameters, Perturbation, Policy, TokenTensors, sampling};
use burn::tensor::{Tensor, activation};

/// Sequences per forward pass over tensors: bounds memory.
const CHUNK: usize = 64;

impl Trainer {
    /// The policies in the run's order of lanes.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn policies(&self) -> Result<Parameters> {
        Ok(match &self.policies {
            Lanes::Plain(plain) => plain.policies(),
            Lanes::Cpu(cpu) => cpu.parameters(),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => {
                let flat = gpu.parameters().await?;
                gpu.layout().tensors(&flat.iter().map(Vec::as_slice).collect::<Vec<_>>(), &self.device)
            }
        })
    }

    /// Puts other policies into the lanes, `lanes` in the run's order; their optimizers start afresh only with a new trainer.
    pub fn load(&mut self, lanes: &Parameters) {
        match &mut self.policies {
            Lanes::Plain(plain) => plain.load(lanes),
            Lanes::Cpu(cpu) => cpu.load(lanes),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.layout().flatten(lanes).iter().enumerate().for_each(|(lane, flat)| gpu.load(lane, flat)),
        }
    }

    /// Summed log-probabilities of each pair's two answers (chosen, rejected) under every lane, `[lane][pair]`, nats.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn logps(&mut self, policy: &dyn Policy, pairs: &[PreferencePair]) -> Result<Vec<Vec<[f32; 2]>>> {
        #[cfg(feature = "gpu")]
        if let Lanes::Gpu(gpu) = &mut self.policies {
            return Ok(by_pair(gpu.logps(&TokenBatch::from_pairs(pairs, self.context), Who::Lanes).await?));
        }
        pair_logps(policy, &self.policies().await?, pairs, self.context, &self.device).await
    }

    /// The same under the reference policy, `[pair]`.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn reference_logps(&mut self, policy: &dyn Policy, pairs: &[PreferencePair]) -> Result<Vec<[f32; 2]>> {
        #[cfg(feature = "gpu")]
        if let Lanes::Gpu(gpu) = &mut self.policies {
            return Ok(by_pair(gpu.logps(&TokenBatch::from_pairs(pairs, self.context), Who::Reference).await?).swap_remove(0));
        }
        Ok(pair_logps(policy, &self.reference, pairs, self.context, &self.device).await?.swap_remove(0))
    }

    /// One completion per prompt of every lane, then of the reference; as [`sampling::sample`].
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn sample(&mut self, gpt: &Gpt, prompts: &[Vec<u32>], noise: &[f32], config: &EvalConfig) -> Result<Vec<Vec<Vec<u32>>>> {
        // Top-k and top-p want every logit on the CPU: then the CPU samples, from parameters that were read back.
        #[cfg(feature = "gpu")]
        if let Lanes::Gpu(gpu) = &mut self.policies
            && config.top_k == 0
            && config.top_p >= 1.0
        {
            return gpu.sample(prompts, noise, config.temperature as f32).await;
        }
        let everyone = Parameters::cat(&[self.policies().await?, self.reference.clone()]);
        sampling::sample(gpt, &everyone, prompts, noise, config, &self.device).await
    }

    /// The exact KL(π_lane ‖ π_ref) of each token, summed over the counted positions of each sequence, `[lane][sequence]`;
    /// one batch a lane.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn divergence(&mut self, gpt: &Gpt, batches: &[TokenBatch]) -> Result<Vec<Vec<f32>>> {
        #[cfg(feature = "gpu")]
        if let Lanes::Gpu(gpu) = &mut self.policies {
            return gpu.divergence(batches).await;
        }
        let lanes = self.policies().await?;
        if let Some(layout) = Layout::fused_on(gpt, &self.device) {
            let (flat, reference) = (layout.flatten(&lanes), layout.flatten(&self.reference).swap_remove(0));
            return Ok(fused::divergence(&layout, &flat.iter().map(Vec::as_slice).collect::<Vec<_>>(), &reference, batches));
        }
        let n_lanes = lanes.lanes();
        let reference = self.reference.repeat(n_lanes);
        let (n, t) = (batches.first().map_or(0, |b| b.sequences), self.context);
        let mut out = vec![Vec::with_capacity(n); n_lanes];
        for start in (0..n).step_by(CHUNK) {
            let end = (start + CHUNK).min(n);
            let part: Vec<TokenBatch> = batches.iter().map(|b| TokenBatch {
                tokens: b.tokens[start * t..end * t].to_vec(), loss_mask: b.loss_mask[start * t..end * t].to_vec(), sequences: end - start, context: t,
            }).collect();
            let tokens = TokenTensors::new(&part.iter().collect::<Vec<_>>(), n_lanes, &self.device);
            let now = activation::log_softmax(gpt.logits(&lanes, &tokens, &Perturbation::default()).x, 2);
            let before = activation::log_softmax(gpt.logits(&reference, &tokens, &Perturbation::default()).x, 2);
            let kl: Tensor<2> = (now.clone().exp() * (now - before)).sum_dim(2).reshape([n_lanes, (end - start) * t]);
            let kl = (kl * tokens.mask).reshape([n_lanes, end - start, t]).sum_dim(2);
            let values = read_f32(kl).await?;
            out.iter_mut().zip(values.chunks_exact(end - start)).for_each(|(o, v)| o.extend_from_slice(v));
        }
        Ok(out)
    }

    /// ‖θ − θ_ref‖ of every lane.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn distance(&self) -> Result<Vec<f32>> {
        read_f32(self.policies().await?.distance(&self.reference)).await
    }
}
