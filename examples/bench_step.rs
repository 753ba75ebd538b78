//! Milliseconds a step of the plain engine on the CPU for one lane of each kind, three and fifteen, at the shape of the benchmarks.
use prefshift::{config::*, data::*, device::Compute, policy, rng::Streams, train::Trainer};
fn main() {
    for lanes in [vec!["dpo"], vec!["kldpo"], vec!["wdpo"], vec!["dpo", "kldpo", "wdpo"], vec!["dpo"; 15]] {
        let config = RunConfig { lanes: lanes.iter().map(|m| LaneConfig::new(m)).collect(), ..RunConfig::default() };
        let compute = Compute::cpu();
        let mut rng = Streams::new(1).stream("bench");
        let pairs: Vec<PreferencePair> = (0..64).map(|i| { let mut w = |n: usize| (0..n).map(|_| 5 + rng.below(91) as u32).collect::<Vec<_>>(); PreferencePair { prompt: w(12), chosen: w(16), rejected: w(16), group: i % 2, flipped: false, confidence: 1.0 } }).collect();
        let p = policy::build(&config.model, 96, &compute.device);
        let params = policy::Parameters::init(&p.specs(), &mut rng, &compute.device);
        let mut t = Trainer::new(&config, p.as_ref(), &params, 2, &compute.device);
        let reference = vec![[-50.0, -50.0]; 64];
        for _ in 0..3 { t.step(p.as_ref(), &pairs, &reference); }
        let start = std::time::Instant::now();
        let n = 20;
        for _ in 0..n { pollster::block_on(t.step(p.as_ref(), &pairs, &reference).read()).unwrap(); }
        println!("{lanes:?}: {:.1} ms a step", start.elapsed().as_secs_f64() * 1e3 / n as f64);
    }
}
