//! Times a training step of the native CPU engine: `bench_step [LANES] [pairs=16] [d_model=64] [heads=4] [context=32]`,
//! with LANES such as `dpo,kldpo,wdpo` or `15*dpo`. Alone it prints a small table; given `serve`, it trains for the
//! milliseconds that each line on stdin says and answers with a line of JSON, so that a driver can take turns.

use prefshift::{config::*, data::*, device::Compute, policy, rng::Streams, train::Trainer};
use std::io::BufRead;
use std::time::Instant;

const WORDS: usize = 96;

struct Bench {
    policy: Box<dyn policy::Policy>,
    trainer: Trainer,
    pairs: Vec<PreferencePair>,
    reference: Vec<[f32; 2]>,
}

impl Bench {
    fn new(config: &RunConfig) -> Self {
        let compute = Compute::cpu();
        let mut rng = Streams::new(1).stream("bench");
        // Sequences fill the context: BOS, prompt, SEP, answer, EOS.
        let prompt = (config.model.context - 3) * 2 / 5;
        let answer = config.model.context - 3 - prompt;
        let mut words = |n: usize| (0..n).map(|_| 5 + rng.below(WORDS - 5) as u32).collect::<Vec<_>>();
        let pair = |i: usize, words: &mut dyn FnMut(usize) -> Vec<u32>| PreferencePair {
            prompt: words(prompt), chosen: words(answer), rejected: words(answer), group: i % 2, flipped: false, confidence: 1.0,
        };
        let pairs: Vec<_> = (0..config.train.batch).map(|i| pair(i, &mut words)).collect();
        let policy = policy::build(&config.model, WORDS, &compute.device);
        let params = policy::Parameters::init(&policy.specs(), &mut Streams::new(1).stream("init"), &compute.device);
        let trainer = Trainer::new(config, policy.as_ref(), &params, 2, &compute.device);
        let reference = vec![[-75.0, -75.0]; pairs.len()];
        Self { policy, trainer, pairs, reference }
    }

    /// Steps for about `ms`, each read back; returns (steps, milliseconds).
    fn turn(&mut self, ms: f64) -> Result<(usize, f64), prefshift::error::Error> {
        let (start, mut steps) = (Instant::now(), 0);
        loop {
            pollster::block_on(self.trainer.step(self.policy.as_ref(), &self.pairs, &self.reference).read())?;
            steps += 1;
            let spent = start.elapsed().as_secs_f64() * 1e3;
            if spent >= ms {
                return Ok((steps, spent));
            }
        }
    }
}

fn lanes_of(text: &str) -> Vec<LaneConfig> {
    let lane = |m: &str| LaneConfig::new(m);
    text.split(',').flat_map(|part| match part.split_once('*') {
        Some((n, method)) => vec![lane(method); n.parse().unwrap_or(1)],
        None => vec![lane(part)],
    }).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = RunConfig { lanes: lanes_of("dpo"), ..RunConfig::default() };
    (config.train.batch, config.train.warmup) = (16, 0);
    let (mut serve, mut lanes) = (false, Vec::new());
    for arg in std::env::args().skip(1) {
        match arg.split_once('=') {
            Some(("pairs", n)) => config.train.batch = n.parse()?,
            Some(("d_model", n)) => config.model.d_model = n.parse()?,
            Some(("heads", n)) => config.model.heads = n.parse()?,
            Some(("context", n)) => config.model.context = n.parse()?,
            Some((name, _)) => return Err(format!("{name} is unknown: pairs, d_model, heads or context").into()),
            None if arg == "serve" => serve = true,
            None => lanes.push(arg),
        }
    }
    if serve {
        config.lanes = lanes_of(lanes.first().map_or("dpo", String::as_str));
        config.validate()?;
        let mut bench = Bench::new(&config);
        bench.turn(0.0)?;
        println!("{{\"name\":\"prefshift\"}}");
        for line in std::io::stdin().lock().lines() {
            let (steps, ms) = bench.turn(line?.trim().parse()?)?;
            println!("{{\"steps\":{steps},\"ms\":{ms}}}");
        }
        return Ok(());
    }
    if lanes.is_empty() {
        lanes = ["dpo", "kldpo", "wdpo", "dpo,kldpo,wdpo", "15*dpo"].map(String::from).to_vec();
    }
    for text in lanes {
        config.lanes = lanes_of(&text);
        config.validate()?;
        let mut bench = Bench::new(&config);
        bench.turn(100.0)?;
        let (steps, ms) = bench.turn(1000.0)?;
        println!("{text}: {:.1} ms a step", ms / steps as f64);
    }
    Ok(())
}
