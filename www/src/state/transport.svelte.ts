// What moves the run on show: play, pause, step, pace, and the step that is looked at.
import { asEngineError, type Activity, type EngineError } from '../engine/protocol';
import type { Stage } from '../engine/types';
import type { Lab } from './lab.svelte';

export type Status =
  | { kind: 'opening' }
  | { kind: 'empty' }
  | { kind: 'replaying' }
  | { kind: 'replayed' }
  | { kind: 'loading' }
  | { kind: 'preparing'; stage: Stage; done: number; total: number }
  /** A preparation that was stopped where it was. */
  | { kind: 'held'; stage: Stage; done: number; total: number }
  | { kind: 'training' }
  | { kind: 'paused' }
  | { kind: 'done' }
  | { kind: 'failed'; error: EngineError };

export const REPLAY_SECONDS = 12;

export class Transport {
  status = $state.raw<Status>({ kind: 'opening' });
  /** Step that every panel shows; undefined follows the run. */
  cursor = $state<number | undefined>(undefined);
  /** Training steps a second at most; 0 is as fast as it goes. */
  pace = $state(0);
  /** Whether the run under way is to train as soon as it is prepared. */
  playingWanted = $state(false);
  /** Steps that the run under way goes to, with what was added after its end. */
  totalSteps = 0;

  readonly busy = $derived(this.status.kind === 'training' || this.status.kind === 'preparing' || this.status.kind === 'loading');

  /** Whether there is something to stop: training, or a preparation that training is to follow. */
  readonly going = $derived(this.status.kind === 'training' || (this.status.kind === 'preparing' && this.playingWanted));

  constructor(private readonly lab: Lab) {}

  /** What the engine says that it is doing. */
  heard(activity: Activity): void {
    if (this.status.kind === 'failed' && activity !== 'preparing') return;
    if (activity === 'preparing' || activity === 'held') {
      const { status } = this;
      const at = status.kind === 'preparing' || status.kind === 'held' ? status : { stage: 'data' as const, done: 0, total: 1 };
      if (status.kind !== activity) this.status = { ...at, kind: activity };
    } else if (activity === 'training' || activity === 'paused' || activity === 'done') this.status = { kind: activity };
  }

  toggle(): void {
    const { lab, status } = this;
    const kind = status.kind;
    if (this.going) {
      this.playingWanted = false;
      lab.backstage.crew?.pause();
      return;
    }
    this.cursor = undefined;
    if (lab.source !== 'live' || kind === 'failed' || lab.pendingRestart.length > 0) {
      void lab.start(true);
      return;
    }
    this.playingWanted = true;
    if (kind === 'done') void this.goOn();
    else lab.backstage.crew?.play();
  }

  /** Pauses whatever is on show, recorded or live. */
  rest(): void {
    if (this.lab.source === 'replay') this.lab.holdReplay();
    else if (this.going) this.toggle();
  }

  step(): void {
    this.cursor = undefined;
    if (this.lab.source !== 'live' || this.status.kind === 'failed') {
      void this.lab.start(false);
      return;
    }
    this.playingWanted = false;
    this.lab.backstage.crew?.step();
  }

  /** Back to step 0 of the run on show, with the settings on the controls. */
  reset(): void {
    if (this.lab.source === 'live') void this.lab.start(false);
    else void this.lab.startReplay(REPLAY_SECONDS, false);
  }

  restart(): void {
    void this.lab.start(this.playingWanted || this.status.kind === 'training');
  }

  private async goOn(): Promise<void> {
    const { lab } = this;
    try {
      this.totalSteps = lab.data.lastStep + lab.settings.steps;
      await lab.backstage.crew?.extend(this.totalSteps);
      lab.backstage.crew?.play();
    } catch (thrown) {
      lab.fail(asEngineError(thrown), 'error');
    }
  }

  /** Steps that the run on show goes to. */
  totalOf(): number {
    const { data, settings, source } = this.lab;
    const planned = source === 'live' && this.totalSteps > 0 ? this.totalSteps : (data.started?.config.train.steps ?? settings.steps);
    return Math.max(planned, data.lastStep);
  }

  setPace(stepsPerSecond: number): void {
    this.pace = stepsPerSecond;
    if (this.lab.backstage.engineState === 'ready') this.lab.backstage.crew?.pace(stepsPerSecond);
  }
}
