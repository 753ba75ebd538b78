// Every word the charts write. Another language is another object of this type, passed as `options.text`.
// Lists are the same label from long to short; a chart takes the first that fits.

/** The words of the charts. */
export interface ChartText {
  waiting: string;
  step: string;
  group: string;
  lane: string;
  training: string;
  /** Shares */
  shareOf: Record<'factor' | 'gradient', string[]>;
  /** What the dashed line in ① is, with two groups and with more. */
  trainingShare: (share: string) => string[];
  trainingEdges: string[];
  sharesSummary: (what: string, step: string, now: string, training: string) => string;
  /** Tilt */
  loss: string[];
  factor: string[];
  sensitivity: string[];
  logScale: string;
  pairColumn: string;
  pair: (id: number) => string;
  pairsByLoss: string;
  meanLoss: (loss: string) => string;
  clamp: (factor: string) => string[];
  sampleSize: (ess: string, n: number, radius: string | null) => string[];
  pairReadout: (loss: string, factor: string) => string;
  /** `n` pairs drawn, of which `batch` are in the batch that the numbers are of. */
  tiltSummary: (n: number, batch: number, mean: string, low: string, high: string, ess: string, extra: string) => string;
  tiltCurve: (tau: string, radius: string) => string;
  noCurve: (radius: string) => string;
  flatCurve: string;
  sensitivityNote: string;
  knobLabel: Record<'tau' | 'radius', string>;
  /** `next` where the batch was weighed with another value. */
  knobText: (kind: 'tau' | 'radius', value: string, next: boolean) => string[];
  ago: (steps: number) => string;
  ageColumn: string;
  /** Bars, shift, plane */
  metric: Record<'accuracy' | 'margin' | 'reward', string[]>;
  worst: string;
  reference: string[];
  barsSummary: (metric: string, values: string, worst: string) => string;
  worstIs: (group: string) => string;
  deployed: (group: string) => string[];
  trainingMix: string[];
  atAlpha: (alpha: string) => string[];
  alphaLabel: (group: string) => string;
  shiftSummary: (metric: string, alpha: string, group: string, values: string, training: string) => string;
  standardError: string;
  /** The mixes in a lane's ambiguity set. */
  ball: (lane: string, low: string, high: string) => string[];
  ballSummary: (lane: string, radius: string, low: string, high: string) => string;
  worstSummary: (values: string) => string;
  atStep: (lane: string, step: number) => string;
  /** Rewards as the words say them, beside the learned ones. */
  byWords: (lane: string) => string;
  nominal: string;
  start: string[];
  equal: string;
  baseline: string;
  kl: (nats: string) => string;
  klMark: (nats: string) => string;
  pathPoints: string;
  klColumn: string;
  planeSummary: (x: string, y: string, start: string, ends: string) => string;
  planeEnd: (lane: string, x: string, y: string, step: string) => string;
}

let spoken: ChartText | undefined;

/** The language of charts that are made from now on, where they are given none of their own. */
export function useText(text: ChartText): void {
  spoken = text;
}

export const spokenText = (): ChartText => spoken ?? english;

/** English. */
export const english: ChartText = {
  waiting: 'waiting for the first step',
  step: 'step',
  group: 'group',
  lane: 'lane',
  training: 'training data',
  shareOf: {
    factor: ['share of adversary’s weight (%)', 'adversary’s share (%)', 'share (%)'],
    gradient: ['share of the total gradient (%)', 'share of gradient (%)', 'share (%)'],
  },
  trainingShare: (share) => [`training data ${share}`, `training ${share}`, `data ${share}`, share],
  trainingEdges: ['training data', 'training', 'data'],
  sharesSummary: (what, step, now, training) => `${what} at step ${step}: ${now}; in the training data: ${training}.`,
  loss: ['loss ℓ (nats)', 'ℓ (nats)'],
  factor: ['adversary’s factor (×, mean 1)', 'adversary’s factor (×)', 'factor (×)', '(×)'],
  sensitivity: ['share of transport budget (×, mean 1)', 'share of transport budget (×)', 'budget (×)', '(×)'],
  logScale: 'log',
  pairColumn: 'pair',
  pair: (id) => `pair ${id}`,
  pairsByLoss: 'Pairs in order of loss',
  meanLoss: (loss) => `mean ${loss}`,
  clamp: (factor) => [`clamp ×${factor}`, `×${factor}`],
  sampleSize: (ess, n, radius) =>
    radius === null
      ? [`effective sample size ${ess} of ${n}`, `ESS ${ess} of ${n}`, `ESS ${ess}/${n}`, `ESS ${ess}`]
      : [
          `effective sample size ${ess} of ${n} · radius ${radius} nats`,
          `ESS ${ess} of ${n} · radius ${radius} nats`,
          `ESS ${ess}/${n} · ${radius} nats`,
          `ESS ${ess}/${n}`,
          `ESS ${ess}`,
        ],
  pairReadout: (loss, factor) => `ℓ ${loss} nats · ×${factor}`,
  tiltSummary: (n, batch, mean, low, high, ess, extra) =>
    n === batch
      ? `${n} pairs with mean loss ${mean} nats; factors from ×${low} to ×${high}; effective sample size ${ess} of ${n}; ${extra}.`
      : `${n} pairs, each as it was when last in a batch; factors from ×${low} to ×${high}; in the latest batch of ${batch}: mean loss ${mean} nats, effective sample size ${ess}, ${extra}.`,
  tiltCurve: (tau, radius) => `tilt curve at τ = ${tau}, radius ${radius} nats`,
  noCurve: (radius) => `radius ${radius} nats`,
  flatCurve: 'every pair counts the same',
  knobLabel: { tau: 'Temperature τ of the adversary', radius: 'KL radius of the adversary' },
  knobText: (kind, value, next) => {
    const text = kind === 'tau' ? `τ ${value}` : `radius ${value}`;
    const short = kind === 'tau' ? [text] : [text, `ρ ${value}`];
    return next ? [`${text}, from the next step`, `${text} next`, ...short] : short;
  },
  ago: (steps) => `${steps} step${steps === 1 ? '' : 's'} ago`,
  ageColumn: 'steps since',
  sensitivityNote: 'the factor is sensitivity (share of the transport budget), not weight',
  metric: {
    accuracy: ['accuracy (share of held-out pairs)', 'accuracy (share)'],
    margin: ['margin h (nats)'],
    reward: ['reward of fresh samples (points)', 'reward (points)'],
  },
  worst: 'worst',
  reference: ['reference policy', 'reference', 'ref.'],
  barsSummary: (metric, values, worst) => `${metric} by group: ${values}${worst}.`,
  worstIs: (group) => `; worst: ${group}`,
  deployed: (group) => [
    `share of ${group} in the deployed population, α`,
    `deployed share of ${group}, α`,
    `share of ${group}, α`,
    'share α',
  ],
  trainingMix: ['training mix', 'training'],
  atAlpha: (alpha) => [`at α = ${alpha}`, `α ${alpha}`],
  alphaLabel: (group) => `Share of ${group} in the deployed population`,
  shiftSummary: (metric, alpha, group, values, training) =>
    `${metric} when ${alpha} of the deployed population is ${group} (training data: ${training}): ${values}.`,
  standardError: '± 1 s.e.',
  ball: (lane, low, high) => [`mixes in the KL ball of ${lane}: ${low} to ${high}`, `KL ball of ${lane}: ${low} to ${high}`, `KL ball ${low} to ${high}`, 'KL ball'],
  ballSummary: (lane, radius, low, high) => `; the KL ball of ${lane}, radius ${radius} nats, holds shares from ${low} to ${high}`,
  worstSummary: (values) => `; least over all shares: ${values}`,
  atStep: (lane, step) => `${lane}, step ${step}`,
  byWords: (lane) => `${lane}, by its words`,
  nominal: 'nominal',
  start: ['reference policy', 'reference', 'start'],
  equal: 'y = x',
  baseline: 'early-stopping baseline',
  klColumn: 'KL from the reference (nats)',
  kl: (nats) => `KL ${nats} nats`,
  klMark: (nats) => `KL = ${nats}`,
  pathPoints: 'Points of the paths, lane by lane',
  planeSummary: (x, y, start, ends) => `${x} against ${y}: from ${start} at the reference policy, ${ends}.`,
  planeEnd: (lane, x, y, step) => `${lane} is at (${x}, ${y}) after ${step} steps`,
};
