//! The GPU's kernels in a browser: against the plain version on the CPU at a tiny shape, with what a step costs.
//! `scripts/test-wasm.sh fused` runs this in headless Chromium. Without an adapter it fails; it is never skipped.
#![cfg(all(feature = "gpu", target_family = "wasm"))]

use burn::tensor::Device;
use prefshift::config::*;
use prefshift::data::{PreferencePair, TokenBatch};
use prefshift::fused::gpu::{Gpu, GpuLanes, PairTable};
use prefshift::fused::layout::Layout;
use prefshift::policy::{Gpt, Parameters, Policy};
use prefshift::rng::Streams;
use prefshift::train::{Rates, Trainer};
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

struct World {
    gpt: Gpt,
    layout: Layout,
    model: ModelConfig,
    pairs: Vec<PreferencePair>,
    start: Parameters,
    flat: Vec<f32>,
}

impl World {
    /// Sequences fill the context.
    fn new(d_model: usize, heads: usize, context: usize, vocabulary: usize, n: usize) -> Self {
        let device = Device::flex();
        let model = ModelConfig { policy: PolicyKind::Gpt, d_model, layers: 2, heads, context, tied: false };
        let gpt = Gpt::new(&model, vocabulary, &device);
        let mut rng = Streams::new(1).stream("web");
        let start = Parameters::init(&gpt.specs(), &mut rng, &device);
        let flat = start.0.iter().flat_map(|t| t.clone().into_data().try_to_vec::<f32>().expect("f32")).collect();
        let mut words = |n: usize| (0..n).map(|_| (5 + rng.below(vocabulary - 5)) as u32).collect::<Vec<_>>();
        let prompt = context / 2 - 2;
        let pairs = (0..n).map(|i| PreferencePair {
            prompt: words(prompt), chosen: words(context - prompt - 3), rejected: words(context - prompt - 3), group: i % 2, flipped: false, confidence: 1.0,
        }).collect();
        Self { layout: Layout::new(&model, vocabulary), gpt, model, pairs, start, flat }
    }

    fn reference(&self) -> Vec<[f32; 2]> {
        self.pairs.iter().map(|_| [-30.0, -30.5]).collect()
    }

    async fn open(&self, lanes: &[LaneConfig]) -> GpuLanes {
        let gpu = Gpu::open().await.unwrap_or_else(|e| panic!("{e}"));
        let mut table = PairTable { tokens: vec![], mask: vec![], reference: self.reference().concat(), group: vec![], groups: 2, soft: vec![] };
        for pair in &self.pairs {
            let batch = TokenBatch::from_pairs([pair], self.model.context);
            table.tokens.extend(batch.tokens);
            table.mask.extend(batch.loss_mask);
            table.group.push(pair.group as u32);
            table.soft.push(pair.confidence);
        }
        GpuLanes::new(gpu, &self.layout, lanes, &self.flat, &table, self.pairs.len()).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn three() -> Vec<LaneConfig> {
    vec![LaneConfig::new("dpo"), LaneConfig::new("kldpo"), LaneConfig::new("wdpo")]
}

#[wasm_bindgen_test]
async fn agrees_with_the_cpu_and_costs_few_launches() {
    let world = World::new(16, 2, 8, 24, 2);
    let lanes = three();
    let mut on = world.open(&lanes).await;
    let train = TrainConfig { batch: 2, learning_rate: 1e-3, ..TrainConfig::default() };
    let config = RunConfig { model: world.model.clone(), lanes: lanes.clone(), train: train.clone(), ..RunConfig::default() };
    let mut plain = Trainer::plain(&config, &world.gpt, &world.start, 2, &Device::flex());
    let ids = vec![0, 1];
    for step in 0..20 {
        let metrics = plain.step_on(vec![(0, ids.clone())], &world.gpt, &world.pairs, &world.reference());
        let rate = f64::from(metrics.learning_rate[0]);
        let expected = metrics.read().await.expect("the CPU");
        let update = Rates { learning_rate: &[rate; 3], weight_decay: train.weight_decay, clip: train.clip };
        on.step(&vec![ids.clone(); 3], &update).unwrap_or_else(|e| panic!("{e}"));
        let found = on.measured().await.unwrap_or_else(|e| panic!("{e}"));
        for (what, a, b) in [("losses", &found.losses, &expected.losses), ("weights", &found.weights, &expected.weights), ("norms", &found.grad_norm, &expected.grad_norm), ("squares", &found.grad_sq, &expected.grad_sq)] {
            let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
            assert!(worst < 1e-4, "step {step}: {what} differ by {worst:.1e}");
        }
    }
    let counts = on.counts();
    console_log!("{counts:?}; {}", on.describe());
    assert!(counts.launches <= 150 && counts.submits == 1 && counts.pipelines <= 40, "{counts:?}");
}
