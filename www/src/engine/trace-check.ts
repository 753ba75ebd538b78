// A recorded run that came from anywhere: everything that the page will draw is of the type and length that it takes it to
// be, and there is no more of it than the page can hold. What it says is shown as text, whatever it is.
import type { EngineError } from './protocol';
import { parseTrace } from './replay';
import type { Event, RunConfig } from './types';

/** Largest recording that is opened. */
export const MOST_TRACE_BYTES = 64 << 20;
const MOST_EVENTS = 100_000;
const MOST = { lanes: 64, groups: 64, pairs: 200_000, words: 20_000, text: 2_000 };

/** What the page reads of a config; what older and newer engines add is left alone. */
const NEEDED = {
  seed: 0,
  data: { scenario: '', mix: [], marker: 0, flip: 0, pairs: 0, eval_pairs: 0 },
  model: { policy: '', d_model: 0, layers: 0, heads: 0, context: 0 },
  sft: { steps: 0 },
  train: { steps: 0, batch: 0, learning_rate: 0 },
  eval: { every: 0, samples: 0 },
  lanes: [],
};

type Shape = Record<string, unknown>;

function refuse(at: number, what: string): never {
  throw { code: 'trace', message: `event ${at + 1}: ${what}`, mend: 'open a recording that this page or `prefshift train --trace` made' } satisfies EngineError;
}

const isShape = (value: unknown): value is Shape => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MOST.text;

/** Whether `value` has every field of `like`, of its type. Lists and options are looked at where they are used. */
function alike(value: unknown, like: unknown): boolean {
  if (like === null || Array.isArray(like)) return Array.isArray(like) === Array.isArray(value);
  if (!isShape(like)) return typeof value === typeof like && (typeof value !== 'number' || Number.isFinite(value));
  return isShape(value) && Object.entries(like).every(([key, part]) => part === null || alike(value[key], part));
}

function checkConfig(config: unknown, at: number): void {
  if (!alike(config, NEEDED)) refuse(at, '`config` is not that of a run');
  const { lanes, data } = config as RunConfig;
  const laneOk = (lane: unknown): boolean =>
    isShape(lane) && isText(lane['method']) && isShape(lane['params']) && Object.values(lane['params']).every((value) => typeof value === 'number') && typeof lane['seed'] === 'number';
  if (lanes.length === 0 || lanes.length > MOST.lanes || !lanes.every(laneOk)) refuse(at, '`config.lanes` is not a list of lanes');
  if (data.mix.length > MOST.groups || !data.mix.every((share) => typeof share === 'number')) refuse(at, '`config.data.mix` is not a list of shares');
}

interface Sizes {
  lanes: number;
  groups: number;
  pairs: number;
}

function checkStarted(event: Shape, at: number): Sizes {
  checkConfig(event['config'], at);
  const list = (key: string, most: number, ok: (item: unknown) => boolean): unknown[] => {
    const value = event[key];
    if (!Array.isArray(value) || value.length > most || !value.every(ok)) refuse(at, `\`${key}\` is missing, too long or not what it should be`);
    return value;
  };
  const groups = list('groups', MOST.groups, (g) => isShape(g) && isText(g['name']) && isText(g['wants']) && typeof g['share'] === 'number').length;
  const lanes = list('lanes', MOST.lanes, isText).length;
  list('vocabulary', MOST.words, isText);
  const pairs = list('pairs', MOST.pairs, (pair) => isPair(pair, groups)).length;
  if (groups === 0 || lanes !== (event['config'] as RunConfig).lanes.length) refuse(at, 'groups or lanes do not fit the config');
  if (!isText(event['version']) || !isText(event['device']) || !isCount(event['parameters']) || typeof event['has_reward'] !== 'boolean') refuse(at, 'not the start of a run');
  return { lanes, groups, pairs };
}

const isPair = (pair: unknown, groups: number): boolean =>
  isShape(pair) && isText(pair['prompt']) && isText(pair['chosen']) && isText(pair['rejected']) && isCount(pair['group']) && pair['group'] < groups && typeof pair['flipped'] === 'boolean' && areNumbers(pair['rewards'] ?? []);

/** What a stage of the emotion experiment made; where these are pairs, frames name them from here on. */
function checkProduct(event: Shape, { groups, pairs }: Sizes, at: number): number {
  const emotions = event['emotions'];
  if (!isText(event['stage']) || !Array.isArray(emotions) || emotions.length > MOST.groups || !emotions.every(isText)) refuse(at, 'not what a stage made');
  const textOk = (text: unknown): boolean =>
    isShape(text) && isText(text['text']) && [text['labels'], text['words'], text['learned']].every((values) => areNumbers(values) && values.length <= MOST.groups);
  if (!Array.isArray(event['texts']) || event['texts'].length > 1_000 || !event['texts'].every(textOk)) refuse(at, '`texts` is not a list of texts');
  const quality = event['quality'];
  if (quality !== undefined && !alike(quality, { accuracy: 0, answers: 0, auc: 0, tested: 0, ...(isShape(quality) && 'rank' in quality ? { rank: 0 } : {}) })) refuse(at, '`quality` is not that of a reward model');
  const made = event['pairs'];
  if (!Array.isArray(made) || made.length > MOST.pairs || !made.every((pair) => isPair(pair, groups))) refuse(at, '`pairs` is not a list of pairs');
  return event['stage'] === 'pairs' ? made.length : pairs;
}

/** Mixed reward over α. */
function checkCurve(curve: unknown, lanes: number, at: number): void {
  if (curve === undefined) return;
  const n = isShape(curve) && Array.isArray(curve['alphas']) ? curve['alphas'].length : 0;
  if (!isShape(curve) || n < 2 || n > 1_000) refuse(at, '`curve` is not that of an evaluation');
  checkNumbers(curve, ['alphas', 'reference'], n, at);
  checkNumbers(curve, ['reward', 'reward_se'], lanes * n, at);
  for (const [key, length] of [['words', lanes * n], ['reference_words', n]] as const) if (!Array.isArray(curve[key]) || curve[key].length > 0) checkNumbers(curve, [key], length, at);
}

const areNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((each) => typeof each === 'number' && Number.isFinite(each));

function checkNumbers(event: Shape, keys: readonly string[], length: number, at: number): void {
  for (const key of keys) {
    const value = event[key];
    if (!areNumbers(value) || value.length !== length) refuse(at, `\`${key}\` is not a list of ${length} numbers`);
  }
}

/** The events of a recording, once they are known to be what they say they are. */
export function openTrace(text: string): Event[] {
  const events = parseTrace(text);
  if (events.length > MOST_EVENTS) refuse(MOST_EVENTS, `there are more than ${MOST_EVENTS} events`);
  let sizes: Sizes = { lanes: 0, groups: 0, pairs: 0 };
  events.forEach((typed, at) => {
    const event = typed as unknown as Shape;
    const { lanes, groups, pairs } = sizes;
    if (typed.event === 'started') {
      if (at > 0) refuse(at, 'a second run begins');
      sizes = checkStarted(event, at);
    } else if (typed.event === 'frame') {
      const n = Array.isArray(event['pairs']) ? event['pairs'].length / lanes : 0;
      if (!isCount(event['step']) || !Number.isInteger(n) || n < 1 || n > pairs) refuse(at, 'not the frame of a step');
      if (!(event['pairs'] as unknown[]).every((pair) => isCount(pair) && pair < pairs)) refuse(at, '`pairs` names one that is not there');
      checkNumbers(event, ['losses', 'chosen', 'rejected', 'factor', 'gradient'], lanes * n, at);
      checkNumbers(event, ['objective', 'grad_norm', 'learning_rate', 'radius', 'tau'], lanes, at);
    } else if (typed.event === 'evaluation') {
      if (!isCount(event['step'])) refuse(at, 'not the evaluation of a step');
      checkNumbers(event, ['accuracy', 'margin', 'reward', 'reward_se'], lanes * groups, at);
      checkNumbers(event, ['kl', 'distance'], lanes, at);
      checkNumbers(event, ['reference_reward'], groups, at);
      checkCurve(event['curve'], lanes, at);
      const sampleOk = (s: unknown): boolean =>
        isShape(s) && isText(s['prompt']) && isText(s['reference']) && isCount(s['group']) && s['group'] < groups && Array.isArray(s['lanes']) && s['lanes'].length === lanes && s['lanes'].every(isText);
      if (!Array.isArray(event['samples']) || event['samples'].length > 1_000 || !event['samples'].every(sampleOk)) refuse(at, '`samples` is not a list of samples');
    } else if (typed.event === 'product') {
      sizes.pairs = checkProduct(event, sizes, at);
    } else if (typed.event === 'warning') {
      if (!isText(event['code']) || !isText(event['message'])) refuse(at, 'not a warning');
    } else if (typed.event === 'progress') {
      if (!isText(event['stage']) || !isCount(event['done']) || !isCount(event['total'])) refuse(at, 'not a progress');
    } else if (!isCount(event['steps'])) refuse(at, 'not the end of a run');
  });
  return events;
}

/** The events of a run that this page exported as one JSON object. */
export function openExport(text: string): Event[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(0, 'the file is not JSON');
  }
  const trace = isShape(value) ? value['trace'] : undefined;
  if (!Array.isArray(trace)) refuse(0, '`trace` is not a list of events');
  return openTrace(trace.map((event) => JSON.stringify(event)).join('\n'));
}
