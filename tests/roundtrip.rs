//! What is written and read again is the same, for every file that the engine writes or that people write for it.
#![cfg(not(target_family = "wasm"))]

#[allow(dead_code)]
#[path = "common/readers.rs"]
mod readers;

use burn::tensor::{Device, Tensor, TensorData};
use prefshift::config::*;
use prefshift::data::Dataset;
use prefshift::data::emotion::{Written, own, prompts};
use prefshift::data::import::{self, Row};
use prefshift::data::vocabulary::{EOS, Vocabulary};
use prefshift::event::*;
use prefshift::fused::layout::Layout;
use prefshift::objective::methods;
use prefshift::policy::{ParamSpec, Parameters};
use prefshift::reward::{RewardModel, RewardQuality, layout_of};
use prefshift::rng::{Stream, Streams};
use prefshift::trace;
use prefshift::train::bundle::{self, Made};
use prefshift::train::checkpoint::{self, Precision};
use prefshift::train::guard::Watch;
use prefshift::train::halfway::Halfway;
use prefshift::train::run_checkpoint::{Header, ImportedPairs, RunCheckpoint};
use prefshift::train::state::{LaneState, OrderState, TrainerState};
use proptest::prelude::*;
use readers::{small, small_emotion};
use std::sync::OnceLock;

/// Text as people and machines write it: quotes, controls, marks of every kind.
const ANY: &str = "\\PC{0,12}|[a-z \"\\\\\n\r\t,;{}\\[\\]\u{feff}\u{2028}\0é🦀]{0,12}";

/// A finite number, of any size.
fn any_float() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>().prop_filter("finite", |v| v.is_finite()), -10.0_f32..10.0, Just(-0.0), Just(f32::MAX), Just(1e-45)]
}

fn floats(n: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(any_float(), n)
}

/// `==` takes −0 for 0.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// A lane of any method at any place of its ranges.
fn lane() -> impl Strategy<Value = LaneConfig> {
    let methods: Vec<_> = methods().into_iter().filter(|m| m.margins_only).collect();
    (prop::sample::select(methods), prop::collection::vec(0.0_f64..=1.0, 24), any::<prop::sample::Index>(), prop::option::of(0.0_f64..10.0), any::<u32>()).prop_map(|(m, at, form, learning_rate, seed)| {
        let mut lane = LaneConfig { learning_rate, seed, ..LaneConfig::new(m.id) };
        for (p, at) in m.params.iter().zip(at).filter(|(_, at)| *at > 0.3) {
            lane = lane.with(p.id, (p.min + (p.max - p.min) * at).clamp(p.min, p.max));
        }
        if m.forms.is_empty() { lane } else { lane.form(m.forms[form.index(m.forms.len())].id) }
    })
}

fn any_config() -> impl Strategy<Value = RunConfig> {
    let data = (1_usize..=65_536, 1_usize..=4_096, 1e-9_f64..1.0, 0.0_f64..=1.0, 0.0_f64..=0.5, 0.0_f64..=100.0, ANY, any::<[bool; 3]>());
    let model = (1_usize..=8, 1_usize..=12, 1_usize..=16, 4_usize..=256, any::<[bool; 3]>());
    let steps = (0_usize..=1_000_000, 1_usize..=1_024, 0.0_f64..=10.0, 0_usize..=100_000, 0.0_f64..=1.0, 1e-6_f64..=1e6, 1_usize..=10_000);
    let eval = (1_usize..=1_000_000, 0_usize..=1_024, 0.0_f64..=10.0, 0_usize..=100_000, 1e-6_f64..=1.0);
    (any::<u32>(), data, model, steps, eval, prop::collection::vec(lane(), 1..6)).prop_map(|(seed, d, m, t, e, lanes)| {
        let [emotion, arg_max, bytes] = d.7;
        let [log_linear, tied, cosine] = m.4;
        RunConfig {
            seed,
            data: DataConfig {
                scenario: if log_linear { Scenario::Shortcut } else if emotion { Scenario::Emotion } else { Scenario::TwoPopulations }, pairs: d.0, eval_pairs: d.1,
                mix: vec![d.2, 1.0 - d.2], marker: d.3, flip: d.4, labels: if arg_max { Labels::ArgMax } else { Labels::BradleyTerry }, reward_scale: d.5,
                emotions: vec![format!("{}!", d.6), d.6], mixture: if arg_max { Mixture::Geometric } else { Mixture::Convex },
                tokens: if bytes { Tokens::Bytes } else { Tokens::Words },
            },
            model: ModelConfig { policy: if log_linear { PolicyKind::LogLinear } else { PolicyKind::Gpt }, d_model: 4 * m.0 * m.2, layers: m.1, heads: m.2, context: m.3, tied },
            reward: RewardConfig { steps: 1 + t.3 / 2, batch: t.1, learning_rate: t.4, d_model: 4 * m.0, layers: m.1 },
            sft: SftConfig { steps: t.3, batch: t.1, learning_rate: t.4, bundled: tied },
            lanes,
            train: TrainConfig {
                steps: t.0, batch: t.1, learning_rate: t.2, warmup: t.3, schedule: if cosine { Schedule::Cosine } else { Schedule::Constant }, weight_decay: t.4,
                clip: t.5, frame_every: t.6,
            },
            eval: EvalConfig { every: e.0, samples: e.1, temperature: e.2, top_k: e.3, top_p: e.4 },
        }
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let text = || prop::string::string_regex(ANY).expect("a pattern");
    let v = || prop::collection::vec(any_float(), 0..6);
    let stage = || prop::sample::select(vec![Stage::Data, Stage::Kernels, Stage::RewardModel, Stage::Sft, Stage::Pairs, Stage::Reference, Stage::Train]);
    let frame = (0_usize..1 << 40, prop::collection::vec(any::<u32>(), 0..6), v(), v(), v(), v(), v(), v()).prop_map(|(step, pairs, a, b, c, d, e, f)| Event::Frame(Frame {
        step, pairs, losses: a.clone(), chosen: b.clone(), rejected: c.clone(), factor: d.clone(), gradient: e.clone(), objective: f, grad_norm: a, learning_rate: b,
        radius: c, tau: [d, e].concat(),
    }));
    let curve = (v(), v(), v()).prop_map(|(a, b, c)| Curve { alphas: a.clone(), reward: b.clone(), reward_se: c.clone(), words: a, reference: b, reference_words: c });
    let sample = (text(), 0_usize..9, text(), prop::collection::vec(text(), 0..3)).prop_map(|(prompt, group, reference, lanes)| Sample { prompt, group, reference, lanes });
    let evaluation = (0_usize..1 << 40, v(), v(), v(), prop::option::of(curve), prop::collection::vec(sample, 0..3)).prop_map(|(step, a, b, c, curve, samples)| Event::Evaluation(Evaluation {
        step, accuracy: a.clone(), margin: b.clone(), reward: c.clone(), reward_se: a, kl: b, distance: c, reference_reward: vec![], curve, samples,
    }));
    let progress = (stage(), 0_usize..999, 0_usize..999, prop::option::of(any_float())).prop_map(|(stage, done, total, loss)| Event::Progress(Progress { stage, done, total, loss }));
    let warning = (text(), text()).prop_map(|(code, message)| Event::Warning(Warning { code, message }));
    let started = (any_config(), text(), text(), v(), any::<bool>()).prop_map(|(config, a, b, rewards, yes)| Event::Started(Box::new(Started {
        version: a.clone(), config, device: b.clone(), groups: vec![GroupInfo { name: b.clone(), wants: a.clone(), share: 1.0 / 3.0 }], lanes: vec![a.clone(), b.clone()],
        vocabulary: vec![b.clone()], parameters: 7, has_reward: yes, resumed: yes.then_some(3),
        pairs: vec![PairText { prompt: a.clone(), chosen: b.clone(), rejected: a, group: 1, flipped: yes, rewards }],
    })));
    let rest = prop::collection::vec(prop_oneof![frame, evaluation, progress, warning, (0_usize..99).prop_map(|steps| Event::Done(Done { steps }))], 0..8);
    (started, rest).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}

/// A lane's numbers, of sizes far apart.
fn state(rng: &mut Stream, len: usize, method: bool) -> LaneState {
    let mut vector = |n: usize| (0..n).map(|_| (rng.normal() * 10_f64.powf((9.0 * rng.normal()).clamp(-40.0, 35.0))) as f32).collect::<Vec<f32>>();
    LaneState { params: vector(len), first: vector(len), second: vector(len), steps: 41, method: method.then(|| vector(3)) }
}

fn same_state(a: &LaneState, b: &LaneState) -> bool {
    let method = |s: &LaneState| s.method.as_deref().map(bits);
    [(&a.params, &b.params), (&a.first, &b.first), (&a.second, &b.second)].iter().all(|(a, b)| bits(a) == bits(b)) && a.steps == b.steps && method(a) == method(b)
}

fn spec(name: &str, shape: [usize; 2]) -> ParamSpec {
    ParamSpec { name: name.into(), shape, init: prefshift::policy::Init::Zero, decay: false }
}

fn quality() -> impl Strategy<Value = RewardQuality> {
    (any_float(), any_float(), prop::option::of(any_float()), 0_usize..9_999).prop_map(|(a, b, rank, tested)| RewardQuality { accuracy: a, answers: b, auc: a, rank, tested })
}

/// A field of a CSV file, in quotes, as RFC 4180 has it.
fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn configs(config in any_config()) {
        config.validate().expect("it was made to be allowed");
        for text in [serde_json::to_string(&config), serde_json::to_string_pretty(&config)] {
            prop_assert_eq!(RunConfig::from_json(&text.expect("JSON")).expect("a config"), config.clone());
        }
    }

    #[test]
    fn traces(events in events()) {
        let lines: String = events.iter().map(|e| trace::line(e).expect("a line")).collect();
        prop_assert_eq!(lines.lines().count(), events.len(), "an event a line");
        let read = trace::read(&lines).expect("a trace");
        prop_assert_eq!(&read, &events);
        // −0 and the last bit too.
        prop_assert_eq!(read.iter().map(|e| trace::line(e).expect("a line")).collect::<String>(), lines);
    }

    #[test]
    fn policies(rows in 1_usize..5, columns in 1_usize..5, values in floats(3 * 16), half in any::<bool>(), lane in 0_usize..3, words in prop::collection::vec(ANY, 0..6), note in ANY) {
        let (model, device) = (ModelConfig::default(), Device::flex());
        let specs = [spec("one", [1, columns]), spec("two", [rows, columns])];
        let values: Vec<f32> = values.iter().map(|v| if half { half::f16::from_f32(v.clamp(-60_000.0, 60_000.0)).to_f32() } else { *v }).collect();
        let tensor = |shape: [usize; 2]| Tensor::from_data(TensorData::new(values[..3 * shape[0] * shape[1]].to_vec(), [3, shape[0], shape[1]]), &device);
        let params = Parameters(specs.iter().map(|s| tensor(s.shape)).collect());
        let header = checkpoint::Header { model: model.clone(), vocabulary: words.clone(), note };
        let bytes = pollster::block_on(checkpoint::save(&header, &specs, &params, lane, if half { Precision::F16 } else { Precision::F32 })).expect("a file");
        prop_assert_eq!(checkpoint::header(&bytes).expect("a header"), header);
        let read = checkpoint::load(&bytes, &model, &words, &specs, &device).expect("a policy");
        for (read, spec) in read.0.into_iter().zip(&specs) {
            let n = spec.shape[0] * spec.shape[1];
            prop_assert_eq!(read.dims(), [1, spec.shape[0], spec.shape[1]]);
            prop_assert_eq!(bits(&read.into_data().try_to_vec::<f32>().expect("f32")), bits(&values[lane * n..(lane + 1) * n]));
        }
    }

    #[test]
    fn checkpoints(
        config in any_config(), seed in any::<u64>(), step in 0_usize..1 << 40, shapes in prop::collection::vec((1_usize..4, 1_usize..5), 1..4), evaluated in prop::option::of(0_usize..99),
        words in prop::collection::vec(ANY, 0..4), position in any::<u64>(), own in prop::option::of((ANY, any::<bool>())), recent in floats(4),
    ) {
        let mut rng = Streams::new(seed).stream("checkpoints");
        let specs: Vec<ParamSpec> = shapes.iter().enumerate().map(|(i, (r, c))| spec(&format!("p{i}"), [*r, *c])).collect();
        let (len, n) = (specs.iter().map(|s| s.shape[0] * s.shape[1]).sum(), config.lanes.len());
        let mut seeds: Vec<u32> = config.lanes.iter().map(|l| l.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let orders: Vec<OrderState> = seeds.iter().map(|seed| OrderState { seed: *seed, position, left: (0..rng.below(9)).map(|_| rng.below(1 << 30) as u32).collect() }).collect();
        let lanes: Vec<LaneState> = (0..n).map(|i| LaneState { steps: i as i32, ..state(&mut rng, len, i % 2 == 0) }).collect();
        let mut places: Vec<usize> = (0..n).map(|i| 2 * i + 1).collect();
        rng.shuffle(&mut places);
        let header = Header {
            places, step, evaluated, samples: position, orders: orders.iter().map(|o| (o.seed, o.position)).collect(), updates: lanes.iter().map(|l| l.steps).collect(),
            health: (0..n).map(|i| Watch { recent: recent.clone(), jumps: i as u32, times: 2, scale: 0.25, diverged: i == 1 }).collect(), pairs: seed as u32,
            imported: own.as_ref().map(|(text, stored)| ImportedPairs { bytes: text.len(), crc32: seed as u32, stored: *stored }),
            ..Header::new(&config, &specs, &words)
        };
        let imported = own.filter(|(_, stored)| *stored).map(|(text, _)| text);
        let whole = RunCheckpoint { header, reference: state(&mut rng, len, false).params, state: TrainerState { step, orders, lanes }, imported };
        let bytes = whole.to_bytes().expect("a file");
        let read = RunCheckpoint::from_bytes(&bytes).expect("a checkpoint");
        prop_assert_eq!(&read, &whole);
        prop_assert!(read.state.lanes.iter().zip(&whole.state.lanes).all(|(a, b)| same_state(a, b)) && bits(&read.reference) == bits(&whole.reference));
        prop_assert_eq!(read.to_bytes().expect("a file"), bytes);
    }

    #[test]
    fn half_made_stages(seed in any::<u64>(), sft in any::<bool>(), step in 0_usize..2, position in any::<u64>(), len in 0_usize..40, quality in prop::option::of(quality())) {
        static KNOWN: OnceLock<(RunConfig, Dataset)> = OnceLock::new();
        let (config, data) = KNOWN.get_or_init(|| (small_emotion(), prefshift::data::build(&small_emotion(), None).expect("data")));
        let mut rng = Streams::new(seed).stream("half-made");
        let at = Halfway {
            stage: if sft { Stage::Sft } else { Stage::RewardModel }, step, position, state: LaneState { steps: step as i32, ..state(&mut rng, len, false) },
            reward: quality.map(|quality| (state(&mut rng, 5, false).params, quality)),
        };
        let bytes = at.to_bytes(config, data).expect("a file");
        let read = Halfway::from_bytes(&bytes, config, data).expect("a stage");
        prop_assert!(same_state(&read.state, &at.state));
        prop_assert_eq!(read, at);
    }

    #[test]
    fn pairs(rows in prop::collection::vec((ANY, ANY, ANY, ANY, 0.5_f32..=1.0), 1..9)) {
        let rows: Vec<Row> = rows.into_iter().enumerate().map(|(i, (prompt, chosen, rejected, group, confidence))| Row {
            prompt: format!("p{i} {prompt}"), chosen: format!("{chosen} yes"), rejected: format!("{rejected} no"), group: format!("g{}", group.trim_end()), confidence,
        }).collect();
        prop_assume!(rows.iter().all(|r| Vocabulary::split(&r.chosen) != Vocabulary::split(&r.rejected) && r.group.trim() == r.group));
        let lines: String = rows.iter().map(|r| serde_json::to_string(r).expect("JSON") + "\n").collect();
        let read = import::read(&lines).expect("pairs");
        prop_assert_eq!((&read.rows, read.bad_lines), (&rows, 0));
        prop_assert_eq!(import::read(&format!("\u{feff}{}", lines.replace('\n', "\r\n"))).expect("pairs").rows, rows);
    }

    #[test]
    fn texts(rows in prop::collection::vec((ANY, "[a-z]{1,6}"), 1..9), turned in any::<bool>(), ending in prop::sample::select(vec!["\n", "\r\n"])) {
        // Blanks at the ends are no part of a text.
        let rows: Vec<(String, String)> = rows.into_iter().map(|(text, label)| (format!("i am, so they say, {text} here"), label)).collect();
        let csv: String = std::iter::once((String::from("text"), String::from("label"))).chain(rows.iter().cloned()).map(|(text, label)| {
            let fields = if turned { [quoted(&label), quoted(&text)] } else { [quoted(&text), label] };
            fields.join(",") + ending
        }).collect();
        prop_assert!(own::looks_like_texts(&csv));
        let read = own::read(&csv).expect("texts");
        prop_assert_eq!((&read.rows, read.bad_lines), (&rows, 0));
        let lines: String = rows.iter().map(|(text, label)| serde_json::json!({ "label": label, "text": text }).to_string() + ending).collect();
        prop_assert!(own::looks_like_texts(&lines));
        prop_assert_eq!(own::read(&lines).expect("texts").rows, rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// The reward model and the policy in it are files of their own.
    #[test]
    fn bundles(seed in any::<u64>(), quality in quality(), policy in prop::collection::vec(any::<u8>(), 0..200), written in any::<bool>()) {
        static KNOWN: OnceLock<(RunConfig, Dataset)> = OnceLock::new();
        let (config, data) = KNOWN.get_or_init(|| (small_emotion(), prefshift::data::build(&small_emotion(), None).expect("data")));
        let (words, corpus) = (data.vocabulary.words(), data.emotion.as_deref().expect("texts"));
        let mut rng = Streams::new(seed).stream("bundles");
        let layout = layout_of(&config.reward, words.len(), corpus.classes.len());
        let params = state(&mut rng, layout.len, false).params;
        let (train, eval) = prompts(config, corpus);
        let mut answer = |prompts: Vec<Vec<u32>>| -> Vec<Written> {
            let mut text = || (0..rng.below(9)).map(|_| rng.below(words.len()) as u32).filter(|t| *t != EOS).collect::<Vec<u32>>();
            prompts.into_iter().map(|prompt| Written { prompt, completions: [text(), text()] }).collect()
        };
        let written = if written { [answer(train), answer(eval)] } else { [vec![], vec![]] };
        let made = Made { model: RewardModel::new(layout, corpus.classes.len(), params), quality, written };
        let bytes = pollster::block_on(bundle::save(config, words, corpus, &policy, &made, Precision::F32)).expect("a file");
        prop_assert!(bundle::is_bundle(&bytes));
        let read = bundle::load(&bytes, config, words, corpus).expect("a file");
        prop_assert_eq!(read.policy, policy);
        prop_assert_eq!(bits(read.reward.0.params()), bits(made.model.params()));
        prop_assert_eq!(&read.reward, &(made.model, made.quality));
        prop_assert_eq!(read.written, (!made.written[0].is_empty()).then_some(made.written));
    }
}

#[test]
fn a_half_made_stage_is_for_the_settings_and_texts_that_it_was_made_with() {
    let config = small_emotion();
    let data = prefshift::data::build(&config, None).expect("data");
    let stage = |stage: Stage, step: usize| {
        let at = Halfway { stage, step, position: 3, state: LaneState { params: vec![1.0], first: vec![2.0], second: vec![3.0], steps: step as i32, method: None }, reward: None };
        at.to_bytes(&config, &data).expect("a file")
    };
    let bytes = stage(Stage::Sft, 1);
    let read = |config: &RunConfig| Halfway::from_bytes(&bytes, config, &data).map(|_| ()).map_err(|e| e.message);
    let change = |change: fn(&mut RunConfig)| {
        let mut changed = config.clone();
        change(&mut changed);
        changed
    };
    let refused: [fn(&mut RunConfig); 7] = [
        |c| c.seed += 1, |c| c.model.tied = !c.model.tied, |c| c.model.d_model = 16, |c| c.sft.batch += 1, |c| c.sft.learning_rate *= 2.0, |c| c.reward.batch += 1, |c| c.reward.layers += 1,
    ];
    for (i, c) in refused.into_iter().enumerate() {
        assert!(read(&change(c)).is_err_and(|e| e.contains("made for other settings or texts")), "change {i}");
    }
    let allowed: [fn(&mut RunConfig); 4] = [|c| c.lanes.truncate(0), |c| c.train.steps = 9, |c| c.eval.every = 3, |c| c.data.mix = vec![0.5, 0.5]];
    for (i, c) in allowed.into_iter().enumerate() {
        assert_eq!(read(&change(c)), Ok(()), "change {i}");
    }
    // The same settings with one word more, or one text less.
    let refused = |change: fn(&mut Dataset)| {
        let mut other = data.clone();
        change(&mut other);
        Halfway::from_bytes(&bytes, &config, &other).is_err()
    };
    assert!(!refused(|_| ()));
    assert!(refused(|d| d.vocabulary = Vocabulary::new(d.vocabulary.words()[5..].iter().cloned().chain(["one-more".into()]))));
    assert!(refused(|d| drop(d.corpus.pop())) && refused(|d| d.corpus[3].completion.push(9)) && refused(|d| d.corpus[3].prompt[0] += 1));
    assert!(refused(|d| drop(d.emotion.as_mut().expect("texts").test.pop())) && refused(|d| d.emotion.as_mut().expect("texts").train[5].labels.push(2)));
    // Where it can be: up to the end of one of two stages.
    let of = |bytes: Vec<u8>| Halfway::from_bytes(&bytes, &config, &data).map(|_| ()).map_err(|e| e.message);
    assert!(of(stage(Stage::RewardModel, 1)).is_ok() && of(stage(Stage::Sft, 0)).is_ok());
    assert!(of(stage(Stage::Sft, 2)).is_err_and(|e| e.contains("2 of 1 steps")) && of(stage(Stage::RewardModel, 2)).is_err());
    assert!(of(stage(Stage::Train, 0)).is_err_and(|e| e.contains("no such stage")));
}

#[test]
fn what_was_written_is_for_the_run_that_asks_the_same_prompts() {
    let config = small_emotion();
    let data = prefshift::data::build(&config, None).expect("data");
    let (words, corpus) = (data.vocabulary.words(), data.emotion.as_deref().expect("texts"));
    let layout = layout_of(&config.reward, words.len(), corpus.classes.len());
    let answer = |prompts: Vec<Vec<u32>>| prompts.into_iter().map(|prompt| Written { prompt, completions: [vec![7], vec![]] }).collect::<Vec<_>>();
    let (train, eval) = prompts(&config, corpus);
    let (n, all) = (train.len(), train.len() + eval.len());
    let made = |written| Made {
        model: RewardModel::new(layout.clone(), corpus.classes.len(), vec![0.5; layout.len]), quality: RewardQuality { accuracy: 0.5, answers: 0.5, auc: 0.5, rank: None, tested: 1 }, written,
    };
    let file = |written| pollster::block_on(bundle::save(&config, words, corpus, &[1, 2, 3], &made(written), Precision::F32)).expect("a file");
    let whole = file([answer(train.clone()), answer(eval.clone())]);
    let written = |config: &RunConfig| bundle::load(&whole, config, words, corpus).expect("a file").written.is_some();
    assert!(written(&config) && written(&RunConfig { lanes: vec![LaneConfig::new("kldpo")], ..config.clone() }));
    let changes: [fn(&mut RunConfig); 3] = [|c| c.seed += 1, |c| c.data.pairs += 1, |c| c.data.eval_pairs += 1];
    for change in changes {
        let mut other = config.clone();
        change(&mut other);
        assert!(!written(&other));
    }
    let part = |written| bundle::load(&file(written), &config, words, corpus).map(|_| ()).map_err(|e| e.message);
    assert!(part([answer(train), vec![]]).is_err_and(|e| e.contains(&format!("{} completions for {all} prompts", 2 * n))));
    let mut strange = answer(eval);
    strange[0].completions[1] = vec![words.len() as u32 - 1];
    assert!(part([answer(vec![vec![]; n]), strange.clone()]).is_ok(), "the last word is one");
    strange[0].completions[1] = vec![words.len() as u32];
    assert!(part([answer(vec![vec![]; n]), strange]).is_err_and(|e| e.contains(&format!("token {} is not in the vocabulary", words.len()))));
}

/// A policy's file is for its own shape and words.
#[test]
fn a_policy_of_another_shape_or_of_other_words_is_not_read() {
    let (config, device) = (small(PolicyKind::Gpt), Device::flex());
    let words: Vec<String> = Vocabulary::new(["a", "b"]).words().to_vec();
    let specs = Layout::new(&config.model, words.len()).specs;
    let params = Parameters::init(&specs, &mut Streams::new(1).stream("policy"), &device);
    let header = checkpoint::Header { model: config.model.clone(), vocabulary: words.clone(), note: String::new() };
    let bytes = pollster::block_on(checkpoint::save(&header, &specs, &params, 0, Precision::F32)).expect("a file");
    assert!(checkpoint::load(&bytes, &config.model, &words, &specs, &device).is_ok());
    let refused = |model: &ModelConfig, words: &[String], specs: &[ParamSpec]| checkpoint::load(&bytes, model, words, specs, &device).map(|_| ()).expect_err("another").message;
    assert!(refused(&ModelConfig { tied: !config.model.tied, ..config.model.clone() }, &words, &specs).contains("made for"));
    assert!(refused(&config.model, &words[1..], &specs).contains(&format!("{} words, this run has {}", words.len(), words.len() - 1)));
    let mut other = specs.clone();
    other[0].shape.swap(0, 1);
    assert!(refused(&config.model, &words, &other).contains("expected F32 or F16"));
    other[0].name.push('x');
    assert!(refused(&config.model, &words, &other).contains("is missing"));
}
