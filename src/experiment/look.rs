//! A look at a run between two units of its work.

use super::{Experiment, Phase};
use crate::error::{Error, ErrorCode, Result};
use crate::eval::words::{self, Look, Probe};
use crate::fused::layout::Layout;
use crate::policy::sampling;
use crate::rng::Streams;

impl Experiment {
    /// Training pair `pair` word by word under every lane as it is now. On a GPU the policies are read back for it.
    ///
    /// # Errors
    /// Where the policy does not read words one by one, there is no such pair, nothing is trained yet or the device fails.
    pub async fn probe(&self, pair: usize) -> Result<Probe> {
        let missing = || Error::new(ErrorCode::Checkpoint, "there is no policy to look at yet", "wait until it is trained");
        let (Phase::Train(t), Some(reference)) = (&self.phase, &self.reference) else { return Err(missing()) };
        let Some(gpt) = self.policy.gpt() else {
            return Err(Error::config("model.policy", "only a transformer reads words one by one", "gpt"));
        };
        let Some(of) = self.data.train.get(pair) else {
            return Err(Error::config("pair", format!("there is no training pair {pair}"), format!("0 to {}", self.data.train.len() - 1)));
        };
        let layout = Layout::of(gpt.shape());
        let lanes = layout.flatten(&t.trainer.policies().await?);
        let mut rng = Streams::new(u64::from(self.config.seed)).stream(&format!("probe/{pair}"));
        let noise = sampling::gumbel(&mut rng, gpt.context(), 1, gpt.vocabulary());
        let look = Look {
            layout: &layout, reference: &layout.flatten(reference).swap_remove(0), lanes: &lanes, configs: &self.config.lanes, pair: of,
            mean_sq: &t.mean_sq, noise: &noise, eval: &self.config.eval,
        };
        Ok(Probe { step: t.trainer.steps(), pair, ..words::probe(&look) })
    }
}
