// The one store: settings being edited, the run on show, the engine behind it, and what the user may do next.
import { asset } from '../engine/assets';
import type { Engine, EngineListener } from '../engine/engine';
import { asEngineError, type Activity, type EngineError, type RunRequest } from '../engine/protocol';
import { parseTrace, ReplayEngine } from '../engine/replay';
import type { Event } from '../engine/types';
import { t } from '../i18n';
import { LESSONS, settingsOf } from '../lessons';
import { Backstage } from './backstage.svelte';
import { Care } from './care.svelte';
import type { Layer, Metric } from './derive';
import type { LaneSpec } from './lanes';
import { League } from './league.svelte';
import { Panels } from './panels.svelte';
import { RunData } from './run-data';
import { BARE, readLink, readSettings, writeLink, type Hideable, type PageLink } from './link';
import { Kept } from './kept.svelte';
import { Notices, type Tone } from './notices.svelte';
import { Own } from './own.svelte';
import { fromConfig, fromQuery, laneSpecs, laneText, liveKeys, moved, restartKeys, toConfig, toQuery, type SettingKey, type Settings } from './settings';
import { Pace } from './pace.svelte';
import { Slow } from './slow.svelte';
import { REPLAY_SECONDS, Transport } from './transport.svelte';

/** A run that was kept or opened, to be gone on with. */
export interface TakenUp {
  run: RunRequest;
  /** What it had said, to be shown again. */
  events: Event[];
}

const RESTART_AFTER_MS = 700;
const UPDATE_AFTER_MS = 60;

export class Lab {
  settings = $state<Settings>(fromQuery('').settings);
  /** What the link says of the page: hidden and locked controls, a lesson, a language. */
  link = $state.raw<PageLink>(BARE);
  /** Settings of the run on show. */
  running = $state.raw<Settings | undefined>(undefined);
  source = $state<'none' | 'replay' | 'live'>('none');

  metric = $state<Metric>('accuracy');
  layer = $state<Layer>('factor');
  /** Deployed share of the target group; half and half until it is dragged. */
  alphaSet = $state<number | undefined>(undefined);
  target = $state(1);
  against = $state<'worst' | 'alpha'>('worst');
  selectedPair = $state<number | undefined>(undefined);

  /** The run on show. Not deeply reactive: `pace` says that it has grown. */
  readonly data = new RunData();
  readonly pace = new Pace();
  /** The run is about to restart by itself, with the settings on the controls. */
  restartsSoon = $state(false);

  private readonly base: URL;
  private replay: ReplayEngine | undefined;
  private recording: Event[] | undefined;
  private seenWarnings = new Set<string>();
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private updateTimer: ReturnType<typeof setTimeout> | undefined;
  private startToken = 0;

  readonly transport: Transport;
  readonly slow: Slow;
  readonly kept: Kept;
  readonly own = new Own(this);
  readonly notices = new Notices();
  readonly backstage: Backstage;
  readonly panels = new Panels(this);
  readonly league = new League(this);
  readonly care = new Care(this);

  constructor(base: URL) {
    this.base = base;
    this.transport = new Transport(this);
    this.slow = new Slow(this);
    this.kept = new Kept(this);
    this.backstage = new Backstage(this, base);
  }

  // -------------------------------------------------------------- derived

  readonly pendingRestart = $derived<SettingKey[]>(
    this.source === 'live' && this.running ? restartKeys(this.running, this.settings) : [],
  );

  /** The recorded run was made with other settings than those on the controls. */
  readonly differsFromReplay = $derived(
    this.source === 'replay' &&
      this.running !== undefined &&
      (['scenario', 'minority', 'marker', 'flip', 'labels', 'major', 'minor', 'mixture', 'methods', 'lanes', 'beta', 'tau', 'taus', 'radius', 'rho', 'klform', 'wform', 'lr', 'seed', 'seeds', 'batch'] as SettingKey[]).some(
        (key) => this.running?.[key] !== this.settings[key],
      ),
  );

  // -------------------------------------------------------------- opening

  async open(query: string, reducedMotion: boolean): Promise<void> {
    const page = readLink(query, LESSONS.map((lesson) => lesson.id));
    const { settings, notices } = readSettings(query, settingsOf(page.link.lesson));
    this.link = page.link;
    for (const notice of [...notices, ...page.notices]) this.say('warning', t.urlNotice(notice), '');
    if (settings.scenario === 'imported') {
      settings.scenario = 'two-populations';
      this.say('info', t.importAgain, '');
    }
    this.settings = settings;
    // A lesson is about its own run; the recording is of another.
    void this.care.open();
    const onShow = this.link.lesson === '' ? this.openRecording(toQuery(settings) === '', reducedMotion) : this.start(false);
    await Promise.all([onShow, this.backstage.open()]);
  }

  private async openRecording(adopt: boolean, reducedMotion: boolean): Promise<void> {
    if (!__SHIPPED__.demo) {
      if (this.transport.status.kind === 'opening') this.transport.status = { kind: 'empty' };
      return;
    }
    try {
      const answer = await asset(new URL('demo.trace.jsonl', this.base));
      if (!answer.ok) throw { code: 'io', message: t.noRecording(answer.status), mend: '' };
      this.recording = parseTrace(await answer.text());
      if (this.source === 'live' || this.transport.status.kind !== 'opening') return;
      await this.startReplay(reducedMotion ? 0 : REPLAY_SECONDS, adopt);
    } catch (thrown) {
      this.fail(asEngineError(thrown), 'warning');
      if (this.transport.status.kind === 'opening') this.transport.status = { kind: 'empty' };
    }
  }

  /** A recording that the user opened takes the place of the one that came with the page. */
  async showRecording(events: Event[]): Promise<void> {
    this.recording = events;
    this.startToken += 1;
    this.backstage.crew?.pause();
    await this.startReplay(REPLAY_SECONDS, false);
  }

  async startReplay(seconds: number, adopt: boolean): Promise<void> {
    if (!this.recording) return;
    this.replay?.dispose();
    const replay = new ReplayEngine(this.recording, seconds);
    this.replay = replay;
    this.source = 'replay';
    this.listen(replay, (activity) => {
      this.transport.status = { kind: activity === 'done' ? 'replayed' : 'replaying' };
    });
    const first = this.recording[0];
    if (first?.event === 'started') {
      this.running = fromConfig(first.config);
      if (adopt) Object.assign(this.settings, { ...this.running, steps: this.settings.steps });
    }
    await replay.start(undefined, true);
  }

  /** Stops the recording where it is. */
  holdReplay(): void {
    this.replay?.pause();
  }

  // -------------------------------------------------------------- the engine

  listen(engine: Engine, activity: (activity: Activity) => void): void {
    const listener: EngineListener = {
      events: (batch) => this.onShow(engine) && this.receive(batch),
      activity: (now) => this.onShow(engine) && activity(now),
      failed: (error) => {
        if (!this.onShow(engine)) return;
        this.fail(error, 'error');
        this.transport.status = { kind: 'failed', error };
      },
    };
    engine.onEvents(listener);
  }

  private onShow(engine: Engine): boolean {
    // The crew's run is on show only when it has been asked for: it may be preparing one behind the recording.
    return this.source === 'replay' ? engine === this.replay : this.source === 'live' && engine === this.backstage.crew;
  }

  private receive(batch: Event[]): void {
    /** What the engine made of the user's file: news, not trouble. */
    const made: string[] = [];
    for (const event of batch) {
      if (event.event === 'started') this.begin(event.groups.length, event.has_reward, event.config.data.scenario);
      this.data.add(event);
      if (event.event === 'progress' && (this.transport.status.kind === 'preparing' || this.transport.status.kind === 'held')) {
        this.transport.status = { kind: this.transport.status.kind, stage: event.stage, done: event.done, total: event.total };
      }
      if (event.event === 'warning' && !this.seenWarnings.has(event.code + event.message)) {
        this.seenWarnings.add(event.code + event.message);
        if (event.code === 'data') made.push(t.remark(event.message));
        else this.say('warning', t.remark(event.message), '');
      }
    }
    // Several are listed beside the file's name; as many notices would lie over half the page.
    const listed = made.length > 1 && this.data.started?.config.data.scenario === 'imported';
    for (const remark of listed ? [t.importNews(made.length, t.importRemarks)] : made) this.say('info', remark, '');
    this.pace.said(batch);
  }

  /** A new run takes the stage. */
  private begin(groups: number, reward: boolean, scenario: string): void {
    this.transport.cursor = undefined;
    this.selectedPair = undefined;
    this.panels.hover(null);
    this.seenWarnings.clear();
    this.target = Math.max(0, groups - 1);
    this.alphaSet = undefined;
    // The emotion experiment is about the reward, which is what its ④ measures over α.
    if (scenario === 'emotion' && this.data.started?.config.data.scenario !== 'emotion') this.metric = 'reward';
    if (!reward && this.metric === 'reward') this.metric = 'accuracy';
  }

  // -------------------------------------------------------------- what the user does

  /** Starts the run on the controls; `from` is one that is gone on with. */
  async start(play: boolean, from?: TakenUp): Promise<void> {
    clearTimeout(this.restartTimer);
    this.restartsSoon = false;
    clearTimeout(this.updateTimer);
    const mine = ++this.startToken;
    this.transport.playingWanted = play;
    const before = this.transport.status;
    this.transport.status = { kind: 'loading' };
    try {
      const settings = { ...this.settings };
      const crew = await this.backstage.ready();
      const run = from?.run ?? (await this.backstage.request(settings));
      if (mine !== this.startToken) return;
      const waiting = this.backstage.take(crew, run);
      const ahead = from ? undefined : waiting;
      this.replay?.dispose();
      this.source = 'live';
      this.running = settings;
      this.transport.totalSteps = from?.run.config.train.steps ?? settings.steps;
      if (from) this.receive(from.events);
      this.transport.status = { kind: 'preparing', stage: 'data', done: 0, total: 1 };
      crew.cores = this.backstage.cores;
      crew.pace(this.transport.pace);
      if (ahead) {
        this.receive(ahead.events);
        this.transport.heard(ahead.activity);
        if (this.transport.playingWanted) crew.play();
        else crew.prepare();
      }
      await (ahead?.begun ?? crew.start(run, this.transport.playingWanted));
    } catch (thrown) {
      if (mine !== this.startToken) return;
      const error = asEngineError(thrown);
      this.fail(error, 'error');
      // A recorded run stays on show where no live one could be started.
      this.transport.status = this.source === 'live' ? { kind: 'failed', error } : before.kind === 'loading' ? { kind: 'empty' } : before;
      if (this.source !== 'live') this.replay?.play();
    }
  }

  /** One setting was changed by the user. */
  change<K extends SettingKey>(key: K, value: Settings[K]): void {
    if (this.settings[key] === value || this.locked(key)) return;
    if (key === 'scenario') this.adopt(moved($state.snapshot(this.settings), String(value)));
    else this.settings[key] = value;
    this.changed();
    if (key === 'device') this.backstage.redeviced();
    if (key === 'scenario' && value === 'imported' && this.own.pairsText === undefined) this.say('info', t.chooseFileFirst, '');
  }

  /** The list of lanes was changed by the user. */
  editLanes(edit: (lanes: LaneSpec[]) => LaneSpec[]): void {
    if (this.locked('methods')) return;
    const settings = $state.snapshot(this.settings);
    this.change('lanes', laneText(edit(laneSpecs(settings)), settings));
  }

  locked(key: SettingKey): boolean {
    return this.link.lock.includes(key);
  }

  hidden(id: Hideable): boolean {
    return this.link.hide.includes(id);
  }

  /** New settings for all that is not locked. */
  private adopt(next: Settings): void {
    const kept = Object.fromEntries(this.link.lock.map((key) => [key, this.settings[key]]));
    this.settings = { ...next, ...kept };
  }

  /** Sets the stage for a lesson; an empty id leaves it, with the settings as they are. */
  takeLesson(id: string): void {
    const settings = settingsOf(id);
    this.link = { ...this.link, lesson: settings ? id : '' };
    if (!settings) return this.remember();
    this.adopt(settings);
    this.backstage.redecide();
    void this.start(false);
    this.remember();
  }

  /** What the link hides and locks from now on. */
  setLink(link: PageLink): void {
    this.link = link;
    this.remember();
  }

  private changed(): void {
    this.remember();
    if (this.source !== 'live' || !this.running) return;
    if (liveKeys(this.running, this.settings).length > 0) {
      clearTimeout(this.updateTimer);
      this.updateTimer = setTimeout(() => void this.applyLive(), UPDATE_AFTER_MS);
    }
    clearTimeout(this.restartTimer);
    this.restartsSoon = this.pendingRestart.length > 0 && ['paused', 'held', 'done'].includes(this.transport.status.kind);
    if (this.restartsSoon) {
      this.restartTimer = setTimeout(() => {
        this.restartsSoon = false;
        if (this.pendingRestart.length > 0 && !this.transport.busy) void this.start(false);
      }, RESTART_AFTER_MS);
    }
  }

  private async applyLive(): Promise<void> {
    if (!this.running || !this.backstage.crew || this.transport.status.kind === 'failed') return;
    const mine = this.startToken;
    const next = { ...this.running };
    for (const key of liveKeys(this.running, this.settings)) (next as Record<string, unknown>)[key] = this.settings[key];
    if (next.steps !== this.running.steps) this.transport.totalSteps = next.steps;
    const config = toConfig(next, this.own.pairs?.config);
    config.train.steps = Math.max(this.transport.totalSteps, this.data.lastStep);
    try {
      const result = await this.backstage.crew.update(config);
      if (mine !== this.startToken) return;
      this.running = next;
      this.data.renamed(config.lanes);
      this.pace.anew();
      if (result.restart.length > 0) this.say('warning', t.needsRestart(result.restart), '');
    } catch (thrown) {
      // A run that was started meanwhile has the change from its beginning.
      if (mine !== this.startToken) return;
      this.fail(asEngineError(thrown), 'error');
    }
  }

  private remember(): void {
    const query = writeLink(this.settings, this.link, settingsOf(this.link.lesson));
    try {
      history.replaceState(null, '', query === '' ? location.pathname : `${location.pathname}#${query}`);
    } catch {
      // A page opened from disk may not change its address; the settings still hold.
    }
  }

  // -------------------------------------------------------------- telling

  say(tone: Tone, message: string, mend: string): void {
    this.notices.say(tone, message, mend);
  }

  fail(error: EngineError, tone: Tone): void {
    const { message, mend } = t.told(error);
    this.say(tone, message, mend);
  }
}
