// Every word of the page in English (the charts have their own table in src/charts/text.ts).
import { METHOD_INFOS, SCENARIOS as CATALOG } from '../engine/catalog';
import { care } from './care';
import type { RewardQuality, Stage, Summary } from '../engine/types';
import type { Notice } from '../state/settings';
import { english } from '../charts/text';
import { LESSONS_EN } from './lessons-en';

const STAGES: Record<Stage, string> = {
  data: 'writing the preference pairs',
  kernels: 'compiling for the GPU',
  'reward-model': 'training the reward model',
  sft: 'training the reference policy',
  pairs: 'writing texts to compare',
  reference: 'scoring the pairs with the reference',
  train: 'warming up',
};

const SCENARIOS: Record<string, { name: string; line: string; lead: string; lesson: string }> = {
  'two-populations': {
    name: 'Two populations',
    line: 'People ask for advice. Most want it practical, some want it warm. Everyone wants it good.',
    lead: 'Robust, or only cautious?',
    lesson:
      'Most people here want practical advice, a few want warmth, and the model never sees who asks. Each column trains it by another method on the same votes. Does a robust one serve the few better, or has it only learned less? ⑥ tells.',
  },
  shortcut: {
    name: 'Shortcut',
    line: 'For most people the flattering answer is also the better one. For some it misleads. Real quality is there to be learned.',
    lead: 'A shortcut works for most and fails the rest.',
    lesson:
      'One policy could serve everybody here, so robustness can pay: does the adversary in ① find the people whom flattery misleads, and does its path in ⑥ rise above DPO’s? Then flip some labels.',
  },
  noise: {
    name: '',
    line: '',
    lead: 'A rare taste and a wrong label look the same from the loss.',
    lesson:
      'Some training labels are flipped. The adversary sees only losses: watch under each lane’s name how much of its weight lands on wrong labels instead of on the minority.',
  },
  regions: {
    name: 'Four regions',
    line: 'Four groups with partly shared tastes, one of them rare.',
    lead: 'Which group pays, and does the adversary know it?',
    lesson: 'Tastes overlap, so helping the rare group need not hurt the others. Compare the worst group in ③ with the group that gets the weight in ①.',
  },
  tabular: {
    name: 'One prompt, two answers',
    line: 'One free number, solvable on paper: a share p of people always prefer the second answer.',
    lead: 'Small enough to check by hand.',
    lesson:
      'DPO settles at βh = log((1−p)/p). KLDPO settles at that over (1 + 1/τ): a smaller margin in the same direction, which is caution. At p = 0.1 and τ = 0.25 its weight on the minority ends at 0.392.',
  },
  emotion: {
    name: 'Emotion',
    line: 'Short texts about how someone feels. Fear is rewarded, a little anger too; then the taste moves to anger.',
    lead: 'The paper’s own experiment, small.',
    lesson:
      'A reward model learns to tell emotions; texts that the reference policy writes are labeled by a mix of two of them, α₀ of the second; then the taste moves. The paper found, at GPT-2’s size, DPO best near α₀ and falling as α moves away, WDPO and KLDPO flatter. Does ④ show that here, at equal distance from the reference?',
  },
  imported: {
    name: 'Your own pairs',
    line: 'A JSON Lines file with prompt, chosen, rejected and, if you like, group. It never leaves this machine.',
    lead: 'Your own preferences.',
    lesson: 'A reference policy is first trained on your texts, then each method starts from it. Groups come from the field “group”; without it there is one group and nothing to be unfair to.',
  },
};

const METHODS: Record<string, { name: string; help: string }> = {
  dpo: { name: 'DPO', help: 'Fits the mix it is given; every pair has the same weight.' },
  kldpo: { name: 'KLDPO', help: 'An adversary reweights pairs toward those with a high loss; τ is its temperature.' },
  wdpo: { name: 'WDPO', help: 'An adversary nudges the words of each pair; ρ is how far.' },
  gr_dpo: { name: 'GR-DPO', help: 'Is told the groups and plays against the worst one: the yardstick.' },
  dr_dpo: { name: 'Dr. DPO', help: 'Tilts the other way, away from high losses: made for wrong labels.' },
};

export interface Card {
  adversary: string;
  robust: string;
  not: string;
  note: string;
  clash: string;
  gauge: string;
}

/** A scenario that has no words of its own here, in the engine's words. */
function fromCatalog(id: string): { name: string; line: string; lead: string; lesson: string } {
  const known = CATALOG.find((each) => each.id === id);
  return { name: known?.title ?? id, line: known?.description ?? '', lead: known?.title ?? id, lesson: known?.description ?? '' };
}

function methodFromCatalog(id: string): { name: string; help: string } {
  const known = METHOD_INFOS.find((each) => each.id === id);
  return { name: known?.name ?? id, help: known ? `${known.adversary} ${known.robust_to}` : '' };
}

export function cardFromCatalog(id: string): Card {
  const known = METHOD_INFOS.find((each) => each.id === id);
  return { adversary: known?.adversary ?? '', robust: known?.robust_to ?? '', not: known?.not_robust_to ?? '', note: known?.note ?? '', clash: known?.name_clash ?? '', gauge: known?.gauge ?? '' };
}

export function formFromCatalog(method: string, id: string): { name: string; help: string } {
  const known = METHOD_INFOS.find((each) => each.id === method)?.forms.find((form) => form.id === id);
  return { name: known?.name ?? id, help: known?.help ?? '' };
}

export const en = {
  language: 'en',
  title: 'prefshift',
  pageTitle: 'prefshift: who is left behind when preferences shift?',
  languageLabel: 'Language',
  charts: english,
  tagline: 'Several policies learn from the same preferences. Who is left behind when the people change?',
  skip: 'Skip to the charts',

  /** What the emotion experiment rewards. */
  emotionLine: (major: string, minor: string) => `Short texts about how someone feels. ${major} is rewarded, a little ${minor.toLowerCase()} too; then the taste moves to ${minor.toLowerCase()}.`,
  scenario: (id: string) => SCENARIOS[id] ?? fromCatalog(id),
  /** Name of a group as the engine gives it; own pairs' groups are left as they are. */
  group: (_scenario: string, name: string) => name,
  /** What a group wants, as the engine gives it. */
  wants: (_scenario: string, _name: string, wants: string) => wants,
  /** A group before anything is known of it. */
  groupName: (g: number) => `group ${g + 1}`,
  method: (id: string) => METHODS[id] ?? methodFromCatalog(id),
  form: (method: string, id: string) => formFromCatalog(method, id),
  /** A lane's name, as the engine gives it: its method, form and parameters. */
  lane: (name: string) => name,
  /** A method's card, where it says more than its name and formula. */
  card: (id: string) => cardFromCatalog(id),
  /** What a parameter of a method does. */
  param: (method: string, id: string) => METHOD_INFOS.find((each) => each.id === method)?.params.find((param) => param.id === id)?.help ?? '',
  /** An error of the engine's, in words; its code is stable. */
  told: (error: { code: string; message: string; mend: string }) => ({ message: error.message, mend: error.mend }),
  /** A remark of the engine's, such as a warning or why a device was chosen. */
  remark: (text: string) => text,
  number: (n: number) => n.toLocaleString('en'),
  metricName: { accuracy: 'accuracy', margin: 'margin', reward: 'reward' },
  metricHelp: {
    accuracy: 'How often the policy sides with the group.',
    margin: 'Mean log-ratio, chosen − rejected (nats).',
    reward: 'Mean reward of fresh answers.',
  },
  metricAxis: { accuracy: 'accuracy', margin: 'margin (nats)', reward: 'reward' },

  // Transport
  transport: 'Run',
  train: 'Train live',
  play: 'Play',
  pause: 'Pause',
  stepOne: 'Step',
  reset: 'Reset',
  replayAgain: 'Replay',
  goOn: (steps: number) => `${steps} more`,
  speed: 'Speed',
  speeds: { 0: 'full speed', 10: '10 steps/s', 2: '2 steps/s', 1: '1 step/s' } as Record<number, string>,
  stepCount: (step: number, total: number) => `step ${step} / ${total}`,
  status: {
    opening: 'opening',
    empty: 'press play to train',
    replaying: 'playing a recorded run',
    replayed: 'recorded run',
    loading: 'loading the engine',
    preparing: (stage: Stage, n: number, done: number, total: number) =>
      `preparing ${n} of 3: ${STAGES[stage]}${total > 1 ? ` ${Math.round((100 * done) / total)} %` : ''}`,
    held: (stage: Stage, n: number, done: number, total: number) =>
      `stopped at ${n} of 3: ${STAGES[stage]}${total > 1 ? ` ${Math.round((100 * done) / total)} %` : ''}`,
    training: 'training on this machine',
    paused: 'paused',
    done: 'done',
    failed: 'stopped by an error',
  },

  // Device
  device: 'Device',
  devices: { auto: 'auto', webgpu: 'WebGPU', cpu: 'CPU' } as Record<string, string>,
  engine: { none: '', loading: 'engine loading', ready: '', failed: 'engine not available' },
  kernels: (done: number, total: number) => (done < total ? `compiling for the GPU, ${done} of ${total}` : 'compiled and ready'),
  probing: 'looking for a device',
  deviceLine: (backend: 'cpu' | 'webgpu', cores: number, reason: string) =>
    `${backend === 'webgpu' ? 'WebGPU' : cores > 1 ? `CPU, ${cores} cores` : 'CPU'}${/^as /.test(reason) ? ',' : ':'} ${reason}`,

  // Themes and help
  theme: (dark: boolean): string => (dark ? 'Switch to the light theme' : 'Switch to the dark theme'),
  present: 'Present on a projector',
  help: 'Help',
  helpTitle: 'How to read this page',
  close: 'Close',
  keys: [
    ['space', 'play or pause'],
    ['→', 'one step'],
    ['R', 'reset'],
    ['S', 'slow motion; space moves on'],
    ['P', 'projector: large type'],
    ['L', 'lessons'],
    ['1 2 3', 'answer the lesson’s question'],
    ['?', 'this help'],
  ] as [string, string][],
  helpText: [
    'A small language model is trained from one reference policy by several preference-optimization methods at once, on the same batches. Each column is one method. Everything runs in this tab; nothing is sent anywhere.',
    'Color and shape say which group of people a pair comes from, and nothing else. Line style says which method.',
    '① shows which group the worst-case adversary weights, against the group’s share of the data (dashed). ② shows why: each pair of the current batch, its loss, and the weight the adversary gives it. ③ is what each group gets. ④ asks what happens when the deployed people differ from those in the data: drag α. ⑤ is what the policies now write. ⑥ puts the value on the training mix against the value for the worst-off: a robust method that stays on DPO’s path is only cautious, one that leaves it upward is robust.',
    'The models are far smaller than those of the paper and the built-in texts are synthetic; conclusions are about mechanisms, not about products.',
  ],

  // Lesson
  lesson: 'What to look for',
  findingRare: (group: string, share: string, weights: string) =>
    weights === '' ? `${group}, the rarest group, is ${share} of the pairs.` : `${group}, the rarest group: ${share} of the pairs; of the weight: ${weights}.`,
  soFar: 'So far',
  recordedPrefix: 'Recorded run',
  findingWeight: (lane: string, share: string) => `${lane} ${share}`,
  findingWorst: (metric: string, kl: boolean, lanes: string) => `Worst group’s ${metric}${kl ? ' (KL)' : ''}: ${lanes}.`,
  findingLane: (lane: string, value: string, kl: string | undefined) => (kl === undefined ? `${lane} ${value}` : `${lane} ${value} (${kl})`).replaceAll(' ', '\u00a0'),

  lessons: 'Lessons',
  lessonsHelp: 'Each sets the stage for one run and asks what will happen. Answer, press play, and the run’s own numbers reply.',
  lessonWords: (id: string) => LESSONS_EN[id],
  leaveLesson: 'leave the lesson',
  guessFirst: 'Pick an answer (keys 1, 2, 3), then press play.',
  guessed: 'Press play. When the run has ended, its numbers answer.',
  runSays: (answer: string) => `This run says: ${answer}.`,
  asGuessed: 'As you thought.',
  notAsGuessed: (guess: string) => `You thought: ${guess}.`,

  // Population
  population: 'Population',
  scenarioLabel: 'Scenario',
  nextStep: 'from the next step',
  restarts: 'restarts the run',
  dataKnobs: 'The data',
  methodKnobs: 'The methods',
  knobs: {
    minority: { label: 'rare group', help: 'Share of the rarest group in the training data.' },
    marker: { label: 'marker', help: 'How often the prompt tells the group: 0 never, 1 always.' },
    flip: { label: 'flipped', help: 'Share of training labels that are flipped at random.' },
    labels: { label: 'labels', help: 'How a pair is labeled from its rewards: sampled by Bradley–Terry, or the higher reward wins. The paper is ambiguous.' },
    major: { label: 'mostly', help: 'The emotion that training rewards most.' },
    minor: { label: 'a little', help: 'The emotion that training rewards with share α₀, and to which the taste moves.' },
    tokens: { label: 'tokens', help: 'What the models read and write of your texts: the 2,000 most frequent words, or byte pairs learned from the texts, in which nothing is unknown.' },
    mixture: { label: 'mixture', help: 'Convex: (1−α) r₀ + α r₁. Geometric: r₀^(1−α) r₁^α, which asks for both at once.' },
    beta: { label: 'β', help: 'Strength of the pull toward the reference policy: larger keeps it closer.' },
    tau: { label: 'τ', help: 'KLDPO: temperature of the adversary. Smaller lets it concentrate on fewer pairs; very large is DPO.' },
    radius: { label: 'KL radius ρ', help: 'KLDPO, exact radius: how far the adversary’s weights may be from uniform (KL, nats). 0 is DPO.' },
    rho: { label: 'ρ', help: 'WDPO: radius of the Wasserstein ball. 0 is DPO.' },
    lr: { label: 'learn rate', help: 'Learning rate of every lane.' },
    seed: { label: 'seed', help: 'Seed of the data, the batches and the samples.' },
    seeds: { label: 'seeds', help: 'Lanes of each method that see the batches in different orders: ④ then shows their mean and its error band.' },
    steps: { label: 'steps', help: 'Training steps of a run.' },
    batch: { label: 'batch', help: 'Preference pairs per step.' },
    cores: { label: 'cores', help: 'CPU cores to train on; 0 takes all that the lanes can use.' },
    pairs: { label: 'pairs', help: 'Training pairs in the data set.' },
    scenario: { label: 'scenario', help: 'Who the people are and what they want.' },
    methods: { label: 'methods', help: 'Methods that train side by side.' },
    lanes: { label: 'lanes', help: 'Each lane with its method, form and parameters.' },
    taus: { label: 'more KLDPO at τ', help: 'Further KLDPO lanes at these values of τ, such as 1, 0.25.' },
    klform: { label: 'KLDPO form', help: 'Which of KLDPO’s forms is trained.' },
    wform: { label: 'WDPO form', help: 'Which of WDPO’s forms is trained.' },
    device: { label: 'device', help: 'Where the run trains.' },
  } as Record<string, { label: string; help: string }>,
  stages: {
    open: 'Read every stage…',
    title: 'From sentences to pairs',
    intro: 'A grammar writes sentences; a reward model learns to tell their emotions; the reference policy continues first words twice; the learned reward, mixed at α₀, labels the two.',
    corpus: '1 · Sentences that the models learn from',
    reward: '2 · Held-out sentences, judged by the learned reward (below it: what their words say)',
    pairs: (n: number) => `3 · ${n} pairs that the reference policy wrote, with their learned rewards`,
    steps: 'Stages',
    names: { 'reward-model': 'Reward model', sft: 'Reference policy', pairs: 'Two texts a prompt', reference: 'Rewards and labels', train: 'Alignment' } as Partial<Record<Stage, string>>,
    made: 'made',
    waits: 'to come',
    share: (share: number, loss: number | null) => `${Math.round(100 * share)} %${loss === null ? '' : `, loss ${loss.toFixed(3)}`}`,
    learned: (q: RewardQuality) => `made: ${(100 * q.accuracy).toFixed(0)} % right, ROC-AUC ${q.auc.toFixed(3)}`,
    stop: 'Stop here',
    goOn: 'Go on',
    kept: 'What is stopped, also by closing the page, goes on where it was. What is made is kept and not made twice.',
    text: 'sentence',
    labels: 'written for',
    quality: (q: RewardQuality) =>
      `On ${q.tested} held-out texts: every emotion right in ${(100 * q.accuracy).toFixed(0)} %, ROC-AUC ${q.auc.toFixed(3)}${q.rank === undefined ? '' : `, rank correlation with the words ${q.rank.toFixed(2)}`}. The paper’s GPT-2: 84 % and 0.99.`,
    options: { convex: 'convex', geometric: 'geometric', 'bradley-terry': 'Bradley–Terry', 'arg-max': 'higher reward', words: 'words', bytes: 'byte pairs' } as Record<string, string>,
    /** The axis of ④, from long to short. */
    alpha: (emotion: string) => [`α: how much ${emotion} counts in the reward`, `α: weight of ${emotion}`, 'α'],
    own: (name: string, rows: number) => `${name}: ${rows} texts with labels.`,
    builtIn: 'use the built-in texts',
    caption: 'Mean mixed reward of fresh texts. The paper, at GPT-2’s size: DPO falls away from α₀, WDPO and KLDPO less.',
    thin: 'Thick: learned reward. Thin: what the words say.',
    thinHelp: 'Where the learned reward rises and the thin line does not, the policy games the reward model.',
  },
  valueOf: (label: string) => `${label}, value`,
  more: 'Methods, sizes, forms',
  lanesLegend: 'Lanes',
  lanesRestart: 'adding one restarts',
  laneUp: (lane: string) => `Move ${lane} up`,
  laneDown: (lane: string) => `Move ${lane} down`,
  laneRemove: (lane: string) => `Remove ${lane}`,
  laneCard: (lane: string) => `About ${lane}`,
  laneValue: (lane: string, label: string) => `${lane}: ${label}`,
  laneShare: (lane: string, label: string) => `${lane}: share ${label} again`,
  addLane: 'Add a lane',
  // Method cards
  methodsOpen: 'All methods…',
  methodsTitle: 'Methods',
  methodsSearch: 'Search by name, paper, year or what it is robust to',
  methodsNone: 'No method has all of these words.',
  allMethods: 'All methods',
  addThis: 'Add as a lane (restarts)',
  families: { paper: 'The paper’s own', related: 'Related systems', peer: 'Other robust methods', trl: 'TRL’s loss types' },
  needs: {
    groups: 'each pair’s group',
    'soft-labels': 'how sure each label is',
    samples: 'texts that the reference policy writes',
    references: 'further reference policies',
    rewards: 'a reward for any text',
    'reference-data': 'text that the reference policy was trained on',
    edits: 'the losing answer edited toward the winning one',
  } as Record<string, string>,
  confidence: { text: 'from the paper’s text', code: 'from the authors’ (or TRL’s) code', reading: 'our reading of summaries: a proposal' },
  cardFormula: 'Formula',
  cardSymbols: 'h = a − b: log-ratios log(π/π_ref) of the preferred answer (a) and the other (b); ℓ = −log σ(βh).',
  cardTreats: 'Adversary, weights',
  cardRobust: 'Robust to',
  cardNot: 'Not robust to',
  cardNeeds: 'Needs',
  cardNeedsNothing: 'pairs and a reference policy',
  cardNoGpu: 'CPU only',
  cardSure: 'How sure we are',
  cardNote: 'Note',
  cardClash: 'Same name elsewhere',
  cardGauge: 'Its own gauge',
  cardForms: 'Forms',
  cardKnobs: 'Knobs',
  cardKnob: 'knob',
  cardDefault: 'published default',
  cardLimits: 'limits',
  // League
  league: 'League table',
  leagueOpen: 'League table…',
  leagueHelp: 'Every method that you choose is trained here, its seeds as lanes that see one data set in other orders; the run on show pauses. Other settings are those on the controls.',
  leagueMethods: 'Methods',
  leagueScenarios: 'Scenarios',
  leagueSeeds: 'seeds',
  leagueSteps: 'steps',
  leagueNoise: 'again with 10 % of labels flipped (twice the work)',
  leagueStart: (runs: number) => `Train ${runs} run${runs === 1 ? '' : 's'}`,
  leagueStop: 'Stop',
  leagueProgress: (run: number, runs: number, lane: string, scenario: string) => `run ${run} of ${runs}: ${lane}, ${scenario}`,
  leagueAt: 'Compare paths at KL =',
  leagueNote: 'Mean ± standard error over seeds; * not every seed had a value; – none had. Means over the training mix of groups, and over the mix reversed.',
  leagueColumns: {
    scenario: { label: 'scenario', help: 'And what the values are: rewards of fresh samples, or accuracy where there is no reward.' },
    name: { label: 'method', help: '' },
    worst: { label: 'worst group', help: 'Value of the group that is worst off, at the end.' },
    nominal: { label: 'training mix', help: 'Mean value over the groups as in training, at the end.' },
    shifted: { label: 'reversed mix', help: 'Mean value with the shares of the groups reversed, at the end.' },
    distance: { label: 'KL', help: 'KL from the reference per answer (nats) at the end; ‖θ − θ_ref‖ where no samples are drawn.' },
    equalWorst: { label: 'worst, at equal KL', help: 'Value of the worst group where the path first reaches the KL above the table.' },
    equalNominal: { label: 'training mix, at equal KL', help: 'The same for the training mix.' },
    equalShifted: { label: 'reversed mix, at equal KL', help: 'The same for the reversed mix.' },
    noise: { label: 'lost to 10 % flips', help: 'Value at the training mix with clean labels less that with flipped ones, seed by seed.' },
    cost: { label: 'cost of a step', help: 'Time of a step over DPO’s, measured here; needs a DPO lane and enough steps to time.' },
  },
  tausNone: 'none',
  lanesFull: (most: number) => `${most} lanes are as many as fit on the screen.`,
  unmet: {
    margins: 'needs a transformer',
    rewards: 'needs rewards, which own pairs lack',
    gpu: 'CPU only: choose it as the device',
  },
  formOf: (method: string) => `${method} form`,
  shape: (parameters: string) => `Each policy: ${parameters} parameters.`,

  // Pairs
  pairs: 'Training pairs',
  pinned: 'pinned: see ② and ⑤',
  unpin: 'unpin',
  pin: 'pin',
  pinPair: (id: number) => `Pin pair ${id}`,
  chosen: 'preferred',
  rejected: 'rejected',
  flippedPair: 'label flipped',
  noPairs: 'none yet',
  chooseFile: 'Your own data…',
  dropHere: 'Drop a .jsonl file of preference pairs',
  importSummary: (name: string, s: Summary) =>
    `${name}: ${s.rows} pairs; ${s.groups.map(([group, rows]) => `${group} ${rows}`).join(', ')}. ${s.lengths.p99} tokens keep 99 % of them whole.`,
  importSkipped: (n: number) => `${n} line${n === 1 ? '' : 's'} not used`,
  importLine: (line: number, what: string) => `line ${line}: ${what}`,
  importRemarks: 'What was made of it',
  importNews: (n: number, list: string) => `Your file was read, with ${n} remarks: “${list}”, under its name, lists them.`,

  // Panels
  rows: {
    shares: { title: '① Whom the adversary weights', help: '10-batch means; dashed: the data.' },
    tilt: { title: '② Loss → weight', help: '' },
    bars: { title: '③ What each group gets', help: 'On held-out pairs or fresh samples; the worst group is marked.' },
    shift: { title: '④ If the people change', help: 'Drag α.' },
    words: { title: '⑤ What they write now', help: '' },
    plane: { title: '⑥ Robust or cautious?', help: 'Value on the training mix against value for others; DPO’s path is early stopping.' },
  },
  firstSeed: (seeds: number) => `The first of ${seeds} seeds; dashed: the data.`,
  scope: 'Pairs on show',
  scopes: { batch: 'batch', all: 'all pairs' },
  scopeHelp: {
    batch: 'Every pair of the current batch; drag τ on the curve.',
    all: 'Every pair as it was when last in a batch: the fainter, the longer ago.',
  },
  layer: 'Layer',
  layers: { factor: 'adversary', gradient: 'gradient' },
  layerHelp: { factor: 'The adversary’s factor (for WDPO: sensitivity).', gradient: 'Share of the total gradient, which every method has.' },
  sensitivityShare: ['share of sensitivity (%)', 'sensitivity (%)', 'share (%)'],
  metric: 'Value',
  against: 'Against',
  againsts: { worst: 'worst', alpha: 'at α' },
  planeX: (metric: string) => `${metric} on the training mix`,
  planeXShort: (metric: string) => `${metric}, training mix`,
  planeYWorst: (metric: string) => `worst group’s ${metric}`,
  planeYAlpha: (metric: string, alpha: string, group: string) => `${metric} at ${alpha} ${group}`,
  verdictAt: { kl: (at: string, by: string) => `${by} at KL ${at}`, x: (at: string, by: string) => `${by} at nominal value ${at}` },
  /** Of one lane or several, with as many differences. */
  verdict: {
    left: (lanes: string, by: string) => `${lanes} left DPO’s path upward (${by}).`,
    back: (lanes: string, by: string) => `${lanes} cannot be told from DPO stopped early (${by}).`,
    below: (lanes: string, by: string) => `${lanes} left DPO’s path downward (${by}).`,
    open: (lanes: string, by: string) => `${lanes} against DPO: ${by}; no error with one seed.`,
  },
  /** The same of many lanes: a line each, after these signs. */
  verdictLead: 'Beside DPO stopped early:',
  verdictSigns: { left: 'above', back: 'not told apart', below: 'below', open: 'error unknown' },
  noBand: 'No band for WDPO: its adversary moves words, not shares.',
  noBandHelp: 'WDPO’s Wasserstein ball holds what is reached by moving probability a little way between texts. As it is trained, by a penalty on a gradient, its adversary moves word embeddings and leaves the shares of people as they are: that is no interval of α.',
  shiftKept: 'Light: kept run.',
  verdictHelp:
    'The vertical distance from DPO’s path where both have come equally far from the reference (the largest KL that both have reached), ± 1 standard error: over seeds where there are several, else of the held-out pairs or samples, which both lanes share, so that it is rather too large. Up or down means more than two standard errors.',
  lanes: 'Lanes',
  laneTabs: 'Lane on show',
  kl: (nats: string) => `KL ${nats}`,
  klHelp: 'KL divergence from the reference policy per answer, in nats: how far this lane has moved.',
  flippedWeight: (share: string, data: string) => `${share} of weight on flips (${data} of pairs)`,
  data: 'data',
  showData: (what: string) => `Show the numbers of: ${what}`,
  promptOf: 'Prompt by',
  reference: 'reference',
  flippedHelp: 'Share of this lane’s weight in the batch that lies on pairs whose label was flipped, against their share of the data.',
  noSamples: 'No samples in this run.',
  waitingSamples: 'after the first evaluation',
  unchanged: 'as the reference',
  wordsTitle: '⑤ Word by word',
  backToSamples: 'close pair',
  atStep: (step: number) => `at step ${step}`,
  wordsRegion: 'The pinned pair word by word',
  wordsLive: 'Train live to see every word’s probability.',
  wordsGpt: 'This policy is a table; it has no probability for each word.',
  wordsSoon: 'Word by word after the next evaluation.',
  wordsLater: (step: number) => `Looked at from step ${step} on.`,
  tokenHelp: (before: string, now: string, delta: string, pull: string) =>
    `log-probability ${before} (reference) → ${now}: ${delta} nats${pull === '' ? '' : `; ${pull} of the adversary’s pull on this pair`}`,
  sumHelp: 'Log-ratio of the whole answer against the reference, nats.',
  writes: 'what it now writes for this prompt, with the same random numbers for every policy',
  pulled: (words: string[]) => `pulled: ${words.join(', ')}`,
  pulledWord: (word: string, share: string, to: string, reach: string) => `${word} → ${to} (${share}, ×${reach})`,
  pulledHelp:
    'Where WDPO’s adversary pulls hardest: the token, the word whose embedding it becomes the nearest to first when it moves along the gradient, its share of the pair’s ‖∇ℓ‖², and how much of the way there the adversary goes (from ×1 on it has become that word).',
  legendUp: 'likelier than under the reference',
  legendDown: 'less likely',
  legendMark: 'not the reference’s word',
  wordsTable: {
    answer: 'answer',
    token: 'token',
    before: 'reference, log π (nats)',
    delta: (lane: string) => `Δ ${lane} (nats)`,
    pull: (lane: string) => `pull ${lane} (share)`,
    becomes: (lane: string) => `becomes, ${lane}`,
    reach: (lane: string) => `way gone, ${lane} (×)`,
  },
  scrub: 'Step on show',
  follow: 'follow the run',
  following: 'latest',
  save: 'save run',
  saveHelp: 'Save what is on show as a recording (JSON Lines), for `prefshift replay`.',
  phone: { population: 'Population and settings', effect: 'Effect' },

  // Slow motion
  slowMotion: 'Slow motion',
  slowHelp: 'One training step, stage by stage (S; space moves on).',
  slowNext: 'Next (space)',
  slowStop: 'Leave',
  slowWaiting: 'The step is being computed.',
  slowStages: { batch: 'draw a batch', losses: 'losses', tilt: 'tilt', shares: 'group shares', update: 'update', evaluate: 'evaluate' },
  list: (parts: string[]) => parts.join(', '),
  slowLane: (lane: string, value: string) => `${lane} ${value}`,
  slowTilt: (largest: string, ess: string) => `×${largest} (${ess} pairs)`,
  slow: {
    batch: (step: number, pairs: number, groups: string) => `Step ${step} draws ${pairs} pairs, the same for every lane: ${groups}.`,
    losses: (lanes: string) => `Each lane scores them: mean loss in nats: ${lanes}.`,
    tilt: (lanes: string) => `The adversary weighs them: largest weight against the mean, and how many pairs that leaves in effect: ${lanes}.`,
    shares: (group: string, batch: string, lanes: string) => `So ${group}, ${batch} of this batch, gets this share of the weight: ${lanes}.`,
    update: (lanes: string, rate: string) => `The weighted gradient moves the policy: its norm: ${lanes}; learning rate ${rate}.`,
    evaluate: (step: number, lanes: string) => `Judged on held-out pairs, last at step ${step}: worst group’s accuracy: ${lanes}.`,
    notEvaluated: 'Nothing has been evaluated yet.',
  },

  // Kept run, export
  keep: 'keep to compare',
  keepHelp: 'Keep this run: its lines stay in ④ and ⑥ beside the next run’s.',
  dropKept: 'drop the kept run',
  keptName: (lane: string) => `${lane} (kept)`,
  keptSame: 'Kept. Change a setting and train again: ④ and ⑥ will show both runs.',
  keptNothing: 'nothing',
  keptChange: (what: string, from: string, to: string) => `${what} ${from} → ${to}`,
  keptLine: (changed: string, lanes: string) => `Changed since the kept run: ${changed}.${lanes === '' ? '' : ` Worst group’s accuracy at the end: ${lanes}.`}`,
  export: 'Export',
  exportRun: 'The run',
  exportJson: 'Everything (JSON)',
  exportCsv: 'Metrics (CSV)',
  exportTrace: 'Recording (JSON Lines)',
  exportCommand: 'The same run from the command line',
  exportCommandHelp: 'At the root of the repository, after `make cli`. CPUs differ in the last digits; the conclusions are the same.',
  exportChanged: 'Settings were changed while this run was under way; the command runs it with those that it began with.',
  exportPolicies: 'Policies (safetensors)',
  exportCharts: 'Charts',
  exportNothing: 'There is no run to export yet.',

  // Share
  share: 'Share',
  shareHelp: 'This link opens the page with the settings that are on the controls now. For a class, controls can be hidden and values locked.',
  shareLink: 'Link',
  shareLanguage: 'Language',
  shareAnyLanguage: 'the visitor’s own',
  shareGroups: { data: 'The data', methods: 'The methods', run: 'The run', panels: 'Panels' },
  shareHere: 'Apply to this page',
  hide: 'hide',
  lock: 'lock',
  lockedHelp: 'Locked by the link that this page was opened with.',
  copy: 'Copy',
  copied: 'copied',
  copyByHand: 'selected: copy it with the keyboard',

  care,

  // Restart
  restartNeeded: (keys: string[]) => `Changed: ${keys.join(', ')}. This needs a restart.`,
  restartNow: 'Restart with these settings',
  restartSoon: 'restarting with these settings',
  replayDiffers: 'The recorded run has other settings than the controls.',
  trainThese: 'Train with these settings',

  // Notices
  notices: 'Messages',
  dismiss: 'Dismiss',
  urlNotice: (n: Notice) =>
    n.why === 'unknown'
      ? `The link sets “${n.key}”, which this page does not know; it was left out.`
      : `The link sets ${n.key} to “${n.given}”, which is not allowed; ${n.used} is used.`,
  importAgain: 'This link was made with somebody’s own pairs, which are not in it. Choose the file to train on it.',
  chooseFileFirst: 'Choose or drop a .jsonl file with prompt, chosen and rejected.',
  noRecording: (status: number) => `The recorded run could not be loaded (${status}).`,
  noPart: 'This part of the page could not be loaded.',
  noPartMend: 'Check the connection, or reload the page.',
  noEngine: 'This build of the page contains no engine, so nothing can be trained here.',
  noEngineMend: 'The recorded run still plays. `make demo` builds the page with its engine.',
  needsRestart: (fields: string[]) => `Applied only after a restart: ${fields.join(', ')}.`,
  fileUnreadable: (name: string) => `${name} could not be read.`,
  fileRefused: (name: string, why: string) => `${name}: ${why}.`,
};
