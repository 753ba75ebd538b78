// Generated from the Rust types by tests/types.rs; do not edit.

export type ErrorCode = "config" | "data" | "checkpoint" | "trace" | "device" | "device-wrong" | "numerics" | "io";

export type Error = { 
/**
 * Stable code.
 */
code: ErrorCode, 
/**
 * What was wrong, with the field, line or offset named.
 */
message: string, 
/**
 * How to mend it; may be empty where the message already says.
 */
mend: string, };

export type Scenario = "two-populations" | "shortcut" | "regions" | "tabular" | "emotion" | "imported";

export type Mixture = "convex" | "geometric";

export type Tokens = "words" | "bytes";

export type Labels = "bradley-terry" | "arg-max";

export type DataConfig = { 
/**
 * Where pairs come from.
 */
scenario: Scenario, 
/**
 * Training pairs.
 */
pairs: number, 
/**
 * Held-out pairs per group, drawn with the same groups and with clean arg-max labels.
 */
eval_pairs: number, 
/**
 * Share of each group in the training data; sums to 1, majority first.
 */
mix: Array<number>, 
/**
 * How often the prompt tells the group: 0 never, 1 always.
 */
marker: number, 
/**
 * Share of training labels flipped at random.
 */
flip: number, 
/**
 * How labels come from rewards.
 */
labels: Labels, 
/**
 * Multiplies rewards before Bradley–Terry; larger means cleaner labels.
 */
reward_scale: number, 
/**
 * Scenario `emotion`: the two emotions rewarded, the one that training emphasizes first; α₀ is the second's share of the mix.
 */
emotions: Array<string>, 
/**
 * Scenario `emotion`: how their rewards become one.
 */
mixture: Mixture, 
/**
 * Scenario `emotion` with texts of the user's own: what a token is. The built-in texts are known word by word.
 */
tokens: Tokens, };

export type PolicyKind = "gpt" | "log-linear" | "tabular";

export type ModelConfig = { 
/**
 * Kind of policy.
 */
policy: PolicyKind, 
/**
 * Width of the residual stream.
 */
d_model: number, 
/**
 * Transformer blocks.
 */
layers: number, 
/**
 * Attention heads; divides `d_model`.
 */
heads: number, 
/**
 * Longest sequence in tokens (T).
 */
context: number, 
/**
 * The output head shares the token embedding.
 */
tied: boolean, };

export type RewardConfig = { 
/**
 * Training steps.
 */
steps: number, 
/**
 * Texts per step, each one to three joined.
 */
batch: number, 
/**
 * Peak AdamW learning rate.
 */
learning_rate: number, 
/**
 * Width of its residual stream, a multiple of 4 heads.
 */
d_model: number, 
/**
 * Its transformer blocks.
 */
layers: number, };

export type SftConfig = { 
/**
 * Training steps.
 */
steps: number, 
/**
 * Sequences per step.
 */
batch: number, 
/**
 * Peak AdamW learning rate.
 */
learning_rate: number, 
/**
 * Start from the reference policy that ships with the scenario, where it fits the model.
 */
bundled: boolean, };

export type LaneConfig = { 
/**
 * Method id, one of [`objective::methods`].
 */
method: string, 
/**
 * Variant of the method; its first form when absent.
 */
form?: string, 
/**
 * The method's parameters by name; defaults where absent.
 */
params: { [key in string]: number }, 
/**
 * Replaces `train.learning_rate` for this lane.
 */
learning_rate?: number, 
/**
 * Lanes with another seed see other batches (same data set); 0 is the run's own order.
 */
seed: number, };

export type Schedule = "constant" | "cosine";

export type TrainConfig = { 
/**
 * Training steps.
 */
steps: number, 
/**
 * Preference pairs per step.
 */
batch: number, 
/**
 * Peak AdamW learning rate.
 */
learning_rate: number, 
/**
 * Linear warm-up steps.
 */
warmup: number, 
/**
 * What the learning rate does after warm-up.
 */
schedule: Schedule, 
/**
 * Decoupled weight decay, on tensors of two dimensions.
 */
weight_decay: number, 
/**
 * Global gradient-norm clip per lane.
 */
clip: number, 
/**
 * Steps between frames (one read-back each).
 */
frame_every: number, };

export type EvalConfig = { 
/**
 * Steps between evaluations.
 */
every: number, 
/**
 * Fresh completions sampled per group and lane at each evaluation; 0 turns sampling off.
 */
samples: number, 
/**
 * Sampling temperature of the completions that are shown and scored.
 */
temperature: number, 
/**
 * Keep the k likeliest tokens; 0 keeps all.
 */
top_k: number, 
/**
 * Keep the likeliest tokens that hold this much probability; 1 keeps all.
 */
top_p: number, };

export type RunConfig = { 
/**
 * Seed of every random stream.
 */
seed: number, 
/**
 * Preference data.
 */
data: DataConfig, 
/**
 * Policy.
 */
model: ModelConfig, 
/**
 * Reward model.
 */
reward: RewardConfig, 
/**
 * Reference policy.
 */
sft: SftConfig, 
/**
 * Policies trained side by side from the one reference.
 */
lanes: Array<LaneConfig>, 
/**
 * Preference training.
 */
train: TrainConfig, 
/**
 * Evaluation.
 */
eval: EvalConfig, };

export type ParamInfo = { 
/**
 * Name in configs and on the command line.
 */
id: string, 
/**
 * How it is written in formulas.
 */
symbol: string, 
/**
 * Value where none is given.
 */
default: number, 
/**
 * Smallest allowed value.
 */
min: number, 
/**
 * Largest allowed value.
 */
max: number, 
/**
 * One sentence.
 */
help: string, 
/**
 * Forms that use it; empty means all.
 */
forms: Array<string>, };

export type FormInfo = { 
/**
 * Name in configs and on the command line.
 */
id: string, 
/**
 * Name for people.
 */
name: string, 
/**
 * What it is, with its source.
 */
help: string, };

export type Family = "paper" | "related" | "peer" | "trl";

export type Need = "groups" | "soft-labels" | "samples" | "references" | "rewards" | "reference-data" | "edits";

export type Confidence = "text" | "code" | "reading";

export type MethodInfo = { 
/**
 * Name in configs and on the command line.
 */
id: string, 
/**
 * Name for people.
 */
name: string, 
/**
 * Where it belongs.
 */
family: Family, 
/**
 * Authors and title or place.
 */
paper: string, 
/**
 * Year of its first publication.
 */
year: number, 
/**
 * Its arXiv identifier; empty where it has none.
 */
arxiv: string, 
/**
 * The objective, as LaTeX.
 */
formula: string, 
/**
 * What the adversary may do, in one sentence; or how the method treats the pairs where it has none.
 */
adversary: string, 
/**
 * What it is robust to, in one sentence.
 */
robust_to: string, 
/**
 * What it is not robust to, in one sentence.
 */
not_robust_to: string, 
/**
 * What it needs beyond pairs and one reference policy.
 */
needs: Array<Need>, 
/**
 * How sure we are of it.
 */
confidence: Confidence, 
/**
 * Where text, code and this version differ, or what is not certain; empty where nothing is to be said.
 */
note: string, 
/**
 * Other methods of the same name; empty where there is none.
 */
name_clash: string, 
/**
 * Variants; the first is the default. Empty where there is only one.
 */
forms: Array<FormInfo>, 
/**
 * Numeric knobs.
 */
params: Array<ParamInfo>, 
/**
 * What a frame's `tau` shows for this method; empty where it is 0.
 */
gauge: string, 
/**
 * The loss depends on log-probabilities only through the margin, so that policies known up to a constant can use it.
 */
margins_only: boolean, 
/**
 * It needs the gradient with respect to token embeddings (and its derivative).
 */
needs_embedding_gradient: boolean, 
/**
 * It has a version for the GPU; without one a run that uses it trains on the CPU.
 */
gpu: boolean, };

export type GroupInfo = { 
/**
 * Short name.
 */
name: string, 
/**
 * One sentence: what the group wants.
 */
wants: string, 
/**
 * Share in the training data as drawn.
 */
share: number, };

export type RewardQuality = { 
/**
 * Share of joined texts of which every emotion is told right (threshold ½).
 */
accuracy: number, 
/**
 * Share of single answers that are right.
 */
answers: number, 
/**
 * Area under the ROC curve, mean over emotions.
 */
auc: number, 
/**
 * Spearman rank correlation with what the words say, on single texts, mean over emotions; absent for own texts.
 */
rank?: number, 
/**
 * Texts that it was tested on.
 */
tested: number, };

export type PairText = { 
/**
 * The prompt.
 */
prompt: string, 
/**
 * The preferred answer.
 */
chosen: string, 
/**
 * The other answer.
 */
rejected: string, 
/**
 * Index into the groups.
 */
group: number, 
/**
 * The label was flipped at random.
 */
flipped: boolean, 
/**
 * Scenario `emotion`: learned rewards of the chosen, then of the rejected text, `[2, group]`.
 */
rewards?: Array<number>, };

export type ReadText = { 
/**
 * The text.
 */
text: string, 
/**
 * Emotions that it was written for, or labeled with (indices into [`Product::emotions`]).
 */
labels: Array<number>, 
/**
 * What its words express, `[emotion]`; empty for own texts.
 */
words: Array<number>, 
/**
 * What the reward model says it expresses, `[emotion]`; empty before there is one.
 */
learned: Array<number>, };

export type Product = { 
/**
 * Which stage: `data`, `reward-model` or `pairs`.
 */
stage: Stage, 
/**
 * Emotions, in the order of labels and rewards.
 */
emotions: Array<string>, 
/**
 * Some texts: of the corpus, or held out and judged.
 */
texts: Array<ReadText>, 
/**
 * How good the reward model is.
 */
quality?: RewardQuality, 
/**
 * Every training pair (stage `pairs`), to which frames refer by index; what [`Started::pairs`] is elsewhere.
 */
pairs: Array<PairText>, };

export type Started = { 
/**
 * Version of the engine that made this run.
 */
version: string, 
/**
 * The validated config.
 */
config: RunConfig, 
/**
 * Compute device, in words.
 */
device: string, 
/**
 * Preference subgroups.
 */
groups: Array<GroupInfo>, 
/**
 * Display name of each lane, such as "KLDPO τ=0.5".
 */
lanes: Array<string>, 
/**
 * Words of the vocabulary by token id.
 */
vocabulary: Array<string>, 
/**
 * Trained parameters per lane.
 */
parameters: number, 
/**
 * Every training pair, as text. Frames refer to them by index.
 */
pairs: Array<PairText>, 
/**
 * Whether the scenario defines a reward for any text (own pairs have none).
 */
has_reward: boolean, 
/**
 * Steps done before, where the run goes on from a checkpoint.
 */
resumed?: number, };

export type Stage = "data" | "kernels" | "reward-model" | "sft" | "pairs" | "reference" | "train";

export type Progress = { 
/**
 * Which stage.
 */
stage: Stage, 
/**
 * Units done.
 */
done: number, 
/**
 * Units in all.
 */
total: number, 
/**
 * Training loss of the stage where it has one (nats per token for SFT).
 */
loss: number | null, };

export type Frame = { 
/**
 * Step, from 0.
 */
step: number, 
/**
 * Index of each pair in the data set, `[lane, pair]` (lanes with one seed share their batches).
 */
pairs: ArrayLike<number>, 
/**
 * DPO loss of each pair ℓ = −log σ(βh), `[lane, pair]`, nats.
 */
losses: ArrayLike<number>, 
/**
 * Log-ratio of the chosen answer log π/π_ref, `[lane, pair]`, nats.
 */
chosen: ArrayLike<number>, 
/**
 * Log-ratio of the rejected answer, `[lane, pair]`, nats.
 */
rejected: ArrayLike<number>, 
/**
 * Adversary's factor, `[lane, pair]`, mean 1: weight × n (KLDPO, GR-DPO, Dr. DPO), 1 (DPO), or
 * share × n of Σ‖∇_e ℓ‖² (WDPO: sensitivity, not weight).
 */
factor: ArrayLike<number>, 
/**
 * Share of each pair in the total gradient through its margin, `[lane, pair]`, sums to 1 per lane.
 */
gradient: ArrayLike<number>, 
/**
 * Value of the objective being descended, `[lane]`, nats.
 */
objective: ArrayLike<number>, 
/**
 * Gradient norm before the clip, `[lane]`.
 */
grad_norm: ArrayLike<number>, 
/**
 * Learning rate used, `[lane]`.
 */
learning_rate: ArrayLike<number>, 
/**
 * KL(weights ‖ uniform) of the batch, `[lane]`, nats: the radius that τ amounts to here.
 */
radius: ArrayLike<number>, 
/**
 * Tilt temperature in use, `[lane]` (solved for in the radius form; 0 where there is none).
 */
tau: ArrayLike<number>, };

export type Sample = { 
/**
 * The prompt.
 */
prompt: string, 
/**
 * Index into the groups.
 */
group: number, 
/**
 * What the reference policy writes.
 */
reference: string, 
/**
 * What each lane writes, `[lane]`.
 */
lanes: Array<string>, };

export type Curve = { 
/**
 * α: how much the second emotion counts.
 */
alphas: ArrayLike<number>, 
/**
 * Mean learned reward r_α, `[lane, α]`.
 */
reward: ArrayLike<number>, 
/**
 * Its standard error over samples, `[lane, α]`.
 */
reward_se: ArrayLike<number>, 
/**
 * Mean reward as the words say it, `[lane, α]`; empty for own texts.
 */
words: ArrayLike<number>, 
/**
 * The reference policy's learned reward, `[α]`.
 */
reference: ArrayLike<number>, 
/**
 * The reference policy's reward as the words say it, `[α]`.
 */
reference_words: ArrayLike<number>, };

export type Evaluation = { 
/**
 * Training steps done before it.
 */
step: number, 
/**
 * Share of held-out pairs with a positive margin, `[lane, group]`.
 */
accuracy: ArrayLike<number>, 
/**
 * Mean margin h (log-ratio chosen − rejected), `[lane, group]`, nats.
 */
margin: ArrayLike<number>, 
/**
 * Mean reward of fresh samples under that group's reward function, `[lane, group]`; empty without a reward.
 */
reward: ArrayLike<number>, 
/**
 * Standard error of `reward` over prompts, `[lane, group]`.
 */
reward_se: ArrayLike<number>, 
/**
 * KL(π ‖ π_ref) per completion on fresh samples, `[lane]`, nats; empty when sampling is off.
 */
kl: ArrayLike<number>, 
/**
 * Distance of the parameters from the reference's, ‖θ − θ_ref‖, `[lane]`.
 */
distance: ArrayLike<number>, 
/**
 * Mean reward of the reference policy's samples, `[group]`; empty without a reward.
 */
reference_reward: ArrayLike<number>, 
/**
 * Scenario `emotion`: where on α the curves are.
 */
curve?: Curve, 
/**
 * One prompt per group and what each lane writes for it under the same random numbers.
 */
samples: Array<Sample>, };

export type Warning = { 
/**
 * Stable name, kebab-case.
 */
code: string, 
/**
 * What it is about.
 */
message: string, };

export type Done = { 
/**
 * Steps trained.
 */
steps: number, };

export type Event = { "event": "started" } & Started | { "event": "progress" } & Progress | { "event": "product" } & Product | { "event": "frame" } & Frame | { "event": "evaluation" } & Evaluation | { "event": "warning" } & Warning | { "event": "done" } & Done;

export type Update = { 
/**
 * Fields that take effect on the next step.
 */
applied: Array<string>, 
/**
 * Fields that need a new run.
 */
restart: Array<string>, };

export type CheckpointHeader = { 
/**
 * Version of the format.
 */
version: number, 
/**
 * Version of the engine that wrote it.
 */
engine: string, 
/**
 * The run's config with the lanes that are here.
 */
config: RunConfig, 
/**
 * Place of each lane in the whole run; all of them in order, unless this is a part.
 */
places: Array<number>, 
/**
 * Steps done.
 */
step: number, 
/**
 * Step of the last evaluation.
 */
evaluated: number | null, 
/**
 * Position of the random stream of evaluations.
 */
samples: number, 
/**
 * Seed of each batch order and the position of its random stream.
 */
orders: [number, number][], 
/**
 * Updates that each lane's moments have seen, `[lane]`.
 */
updates: Array<number>, 
/**
 * What is known of each lane's health, `[lane]`.
 */
health: Array<Watch>, 
/**
 * Words by token id.
 */
vocabulary: Array<string>, 
/**
 * Checksum of the training pairs.
 */
pairs: number, 
/**
 * The user's own pairs, where the run has them.
 */
imported: ImportedPairs | null, 
/**
 * Name and shape of each parameter, in order.
 */
parameters: Array<[string, [number, number]]>, };

export type ImportedPairs = { 
/**
 * Its length.
 */
bytes: number, 
/**
 * Its checksum.
 */
crc32: number, 
/**
 * It is in the checkpoint.
 */
stored: boolean, };

export type Watch = { 
/**
 * Its last objectives while it was well, nats.
 */
recent: Array<number>, 
/**
 * Jumps in a row.
 */
jumps: number, 
/**
 * Times that it blew up.
 */
times: number, 
/**
 * Multiplies its learning rate.
 */
scale: number, 
/**
 * It is frozen.
 */
diverged: boolean, };

export type ProbeSide = { 
/**
 * Token ids, `[token]`.
 */
tokens: Array<number>, 
/**
 * First token of the answer; it and those after it have log-probabilities.
 */
answer: number, 
/**
 * log π_ref of each token of the answer, `[answer token]`, nats.
 */
reference: Array<number>, 
/**
 * log π of the same under every lane, `[lane, answer token]`, nats.
 */
logps: Array<number>, 
/**
 * Share of each token in the pair's ‖∇_e ℓ‖² (both answers' shares add to 1), `[lane, token]`; 0 in lanes whose
 * adversary does not move words, and for the last token, which is only predicted.
 */
pull: Array<number>, 
/**
 * The word that each token becomes first along the worst-case move, `[lane, token]`: see [`crossing`]. The token
 * itself where there is none.
 */
becomes: Array<number>, 
/**
 * How far the adversary moves the token over how far that word is off, `[lane, token]`: from 1 on it has become it.
 */
reach: Array<number>, };

export type Probe = { 
/**
 * Training steps done.
 */
step: number, 
/**
 * Index of the pair among the training pairs.
 */
pair: number, 
/**
 * The preferred answer.
 */
chosen: ProbeSide, 
/**
 * The other answer.
 */
rejected: ProbeSide, 
/**
 * What the reference writes for the prompt, token ids; random numbers are the same for all, and at every probe of this pair.
 */
reference_writes: Array<number>, 
/**
 * What each lane writes, `[lane]`.
 */
writes: Array<Array<number>>, };

export type GroupAbout = { 
/**
 * Short name.
 */
name: string, 
/**
 * One sentence: what the group wants.
 */
wants: string, 
/**
 * Weight of each feature in the group's reward, in the order of the scenario's features.
 */
weights: Array<number>, };

export type ScenarioInfo = { 
/**
 * Name in configs and on the command line.
 */
id: Scenario, 
/**
 * Name for people.
 */
title: string, 
/**
 * One sentence.
 */
description: string, 
/**
 * Groups, majority first; empty where the user's file says.
 */
groups: Array<GroupAbout>, 
/**
 * Share of each group where none is given.
 */
mix: Array<number>, 
/**
 * Knobs of the data config that do something here.
 */
knobs: Array<string>, };

export type ScenarioStart = { 
/**
 * Its defaults.
 */
config: RunConfig, 
/**
 * Name in configs and on the command line.
 */
id: Scenario, 
/**
 * Name for people.
 */
title: string, 
/**
 * One sentence.
 */
description: string, 
/**
 * Groups, majority first; empty where the user's file says.
 */
groups: Array<GroupAbout>, 
/**
 * Share of each group where none is given.
 */
mix: Array<number>, 
/**
 * Knobs of the data config that do something here.
 */
knobs: Array<string>, };

export type LineProblem = { 
/**
 * Line, from 1.
 */
line: number, 
/**
 * What was wrong with it.
 */
what: string, };

export type Lengths = { 
/**
 * Context that keeps half of the rows whole.
 */
median: number, 
/**
 * Context that keeps 99 % of the rows whole.
 */
p99: number, 
/**
 * Context that keeps every row whole.
 */
longest: number, };

export type Summary = { 
/**
 * Usable rows.
 */
rows: number, 
/**
 * Lines that could not be used.
 */
bad_lines: number, 
/**
 * The first of them, and why.
 */
problems: Array<LineProblem>, 
/**
 * Groups with their rows, most frequent first, ties by name: the order of `data.mix`.
 */
groups: Array<[string, number]>, 
/**
 * Share of each group in the file.
 */
mix: Array<number>, 
/**
 * Lengths, which say what context the model needs.
 */
lengths: Lengths, };

export type TextsSummary = { 
/**
 * Usable rows.
 */
rows: number, 
/**
 * Lines that could not be used.
 */
bad_lines: number, 
/**
 * The first of them, and why.
 */
problems: Array<LineProblem>, 
/**
 * Classes with their rows, most frequent first, ties by name.
 */
classes: Array<[string, number]>, };
