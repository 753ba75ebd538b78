// Trains a league: every method in every scenario, its seeds as lanes of one run, one run after another in a crew of its
// own. One method at a time holds memory to a few lanes and lets the cost of a step be measured.
import type { Crew } from '../engine/crew';
import { asEngineError, type EngineError, type RunRequest } from '../engine/protocol';
import type { Evaluation, Event } from '../engine/types';
import { t } from '../i18n';
import type { Lab } from './lab.svelte';
import { pathOf, tabulate, type Point, type Result } from './league';
import { defaults, KEYS, moved, type Settings } from './settings';

export interface Choice {
  /** As in a link, such as `kldpo:tau=0.1`. */
  lanes: string[];
  scenarios: string[];
  seeds: number;
  steps: number;
  /** Train everything again with a tenth of the labels flipped. */
  noise: boolean;
}

export const FLIPPED = 0.1;
/** Steps between two frames: rarely, for each is a message. */
const FRAME_EVERY = 5;
/** Less than this measured in all says nothing of what a step costs. */
const LEAST_MS = 200;

interface Outcome {
  paths: Point[][];
  mix: number[];
  reward: boolean;
  name: string;
  cost: number | undefined;
  warnings: string[];
}

/** Time of a step, from frames that follow each other without an evaluation between them. */
export class StepTimer {
  private last: { step: number; at: number } | undefined;
  private ms = 0;
  private steps = 0;

  frame(step: number, at: number): void {
    if (this.last && step > this.last.step) {
      this.ms += at - this.last.at;
      this.steps += step - this.last.step;
    }
    this.last = { step, at };
  }

  evaluation(): void {
    this.last = undefined;
  }

  get perStep(): number | undefined {
    return this.ms >= LEAST_MS && this.steps > 0 ? this.ms / this.steps : undefined;
  }
}

/** The settings of one run of a league: the page's, with this scenario, these seeds of one lane, and these labels. */
export function settingsFor(base: Settings, choice: Choice, scenario: string, lane: string, flip: number): Settings {
  return { ...moved(base, scenario), lanes: lane, seeds: choice.seeds, steps: choice.steps, flip };
}

export class League {
  results = $state.raw<Result[]>([]);
  /** Runs done and to do, and steps done of the one under way. */
  progress = $state.raw({ run: 0, runs: 0, step: 0, steps: 0, name: '', scenario: '' });
  running = $state(false);
  error = $state.raw<EngineError | undefined>(undefined);
  warnings = $state.raw<string[]>([]);
  /** Distance from the reference at which paths are compared. */
  at = $state(1);
  /** What the results were made with. */
  made = $state.raw<{ choice: Choice; settings: Settings } | undefined>(undefined);

  readonly rows = $derived(tabulate(this.results, this.at));

  private crew: Crew | undefined;
  private stopped = false;

  constructor(private readonly lab: Lab) {}

  async run(choice: Choice): Promise<void> {
    if (this.running) return;
    const { lab } = this;
    const base = { ...lab.settings, taus: '' };
    this.running = true;
    this.stopped = false;
    this.error = undefined;
    this.results = [];
    this.warnings = [];
    this.made = { choice, settings: base };
    lab.transport.rest();
    const runs = choice.scenarios.flatMap((scenario) => choice.lanes.map((lane) => ({ scenario, lane })));
    const each = choice.noise ? 2 : 1;
    this.progress = { run: 0, runs: runs.length * each, step: 0, steps: choice.steps, name: '', scenario: '' };
    try {
      this.crew = await lab.backstage.another();
      for (const [i, { scenario, lane }] of runs.entries()) {
        const train = async (flip: number, run: number): Promise<Outcome | undefined> => {
          this.progress = { ...this.progress, run, step: 0, name: lane, scenario };
          return this.train(await lab.backstage.request(settingsFor(base, choice, scenario, lane, flip)));
        };
        let clean: Outcome | undefined;
        let noisy: Outcome | undefined;
        try {
          clean = await train(0, i * each);
          noisy = clean && choice.noise ? await train(FLIPPED, i * each + 1) : undefined;
        } catch (thrown) {
          const error = asEngineError(thrown);
          // One method that blows up or cannot train there is no reason for the others to stop.
          if (!['numerics', 'config'].includes(error.code) || !this.crew?.usable) throw thrown;
          this.warnings = [...this.warnings, `${lane}: ${t.told(error).message}`];
          if (!clean) continue;
        }
        if (!clean) break;
        this.warnings = [...new Set([...this.warnings, ...clean.warnings, ...(noisy?.warnings ?? [])])];
        const { name, mix, reward, paths, cost } = clean;
        this.results = [...this.results, { scenario, lane, name, mix, reward, paths, ...(noisy ? { noisy: noisy.paths } : {}), ...(cost === undefined ? {} : { cost }) }];
        if (this.stopped) break;
      }
    } catch (thrown) {
      if (!this.stopped) this.error = asEngineError(thrown);
    } finally {
      this.crew?.dispose();
      this.crew = undefined;
      this.running = false;
    }
  }

  /** What has been trained stays in the table. */
  stop(): void {
    this.stopped = true;
    this.finish?.(undefined);
    this.crew?.dispose();
  }

  private finish: ((outcome: Outcome | undefined) => void) | undefined;

  /** One run to its end; nothing where it was stopped. */
  private train(request: RunRequest): Promise<Outcome | undefined> {
    const { crew } = this;
    if (!crew || this.stopped) return Promise.resolve(undefined);
    const config = { ...request.config, train: { ...request.config.train, frame_every: FRAME_EVERY } };
    crew.cores = this.lab.backstage.cores;
    const looks: Evaluation[] = [];
    const warnings: string[] = [];
    const timer = new StepTimer();
    let started: Extract<Event, { event: 'started' }> | undefined;
    return new Promise<Outcome | undefined>((resolve, reject) => {
      const leave = crew.onEvents({
        events: (batch) => {
          const now = performance.now();
          for (const event of batch) {
            if (event.event === 'started') started = event;
            if (event.event === 'warning' && event.code !== 'data') warnings.push(event.message);
            if (event.event === 'frame') {
              timer.frame(event.step, now);
              this.progress = { ...this.progress, step: event.step };
            }
            if (event.event === 'evaluation') {
              timer.evaluation();
              looks.push(event);
            }
            if (event.event === 'done') this.finish?.(this.outcome(started, looks, timer, warnings));
          }
        },
        activity: () => undefined,
        failed: (error) => reject(error),
      });
      this.finish = (outcome) => {
        leave();
        this.finish = undefined;
        resolve(outcome);
      };
      crew.start({ ...request, config }, true).catch(reject);
    });
  }

  private outcome(started: Extract<Event, { event: 'started' }> | undefined, looks: Evaluation[], timer: StepTimer, warnings: string[]): Outcome | undefined {
    if (!started) return undefined;
    const lanes = started.lanes.length;
    return {
      paths: started.lanes.map((_, lane) => pathOf(looks, lane, lanes)),
      mix: started.groups.map((group) => group.share),
      reward: started.has_reward && (looks.at(-1)?.reward.length ?? 0) > 0,
      name: started.lanes[0] ?? '',
      cost: timer.perStep,
      warnings,
    };
  }
}

/** What a table was made with, to be written beside it: the settings that differ from the scenario's defaults. */
export function changedSettings(settings: Settings): Partial<Settings> {
  const base = defaults(settings.scenario);
  return Object.fromEntries(KEYS.filter((key) => settings[key] !== base[key]).map((key) => [key, settings[key]]));
}
