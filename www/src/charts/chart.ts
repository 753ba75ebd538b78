// What every chart is: the interface the page uses, and the frame the charts share.

import { inFrame, inNext } from './frames';
import { make, set, show, write } from './dom';
import { useFont } from './format';
import { spokenText, type ChartText } from './text';

/** A chart as the page sees it. */
export interface Chart<View> {
  /** Draws a view; cheap, called at most once per animation frame. */
  update(view: View): void;
  /** One sentence with the numbers. */
  describe(): string;
  /** Exactly the drawn numbers. */
  table(): Table;
  destroy(): void;
}

/** A data table. */
export interface Table {
  columns: string[];
  rows: (string | number)[][];
}

/** Shapes of the groups. */
export type Shape = 'circle' | 'triangle' | 'square' | 'diamond';

/** How a group looks, everywhere. */
export interface GroupStyle {
  name: string;
  /** A CSS color: `var(--group-0)` or `--group-0`. */
  color: string;
  shape: Shape;
}

/** Options of every chart. */
export interface ChartOptions {
  /** Size to draw at where the host has none (tests, export). */
  width?: number;
  height?: number;
  /** Words; those of the page's language by default. */
  text?: ChartText;
  /** Replaces "waiting for the first step". */
  waiting?: string;
}

/** A rectangle of pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The n-th number, NaN where there is none. */
export function at(values: ArrayLike<number> | undefined, i: number): number {
  return values?.[i] ?? NaN;
}

/** The n-th group's style, a neutral one where there is none. */
export function groupAt(groups: readonly GroupStyle[], i: number): GroupStyle {
  return groups[i] ?? { name: `group ${i + 1}`, color: 'var(--muted, currentColor)', shape: 'circle' };
}

const FALLBACK = { width: 320, height: 180, em: 16 };

/** Sizes an SVG to its host, follows resizes and font changes, and redraws the last view. */
export abstract class Figure<View> implements Chart<View> {
  protected view: View | undefined;
  protected width = FALLBACK.width;
  protected height = FALLBACK.height;
  /** Font size in pixels. */
  protected font = 11;
  protected readonly text: ChartText;
  protected readonly svg: SVGSVGElement;
  protected readonly host: HTMLElement;
  private readonly options: ChartOptions;
  private readonly root: HTMLDivElement;
  private readonly probe: HTMLSpanElement;
  private readonly quiet: SVGTextElement;
  private observer: ResizeObserver | undefined;
  private alive = true;

  constructor(host: HTMLElement, options: ChartOptions, kind: string, role: 'img' | 'group') {
    this.host = host;
    this.options = options;
    this.text = options.text ?? spokenText();
    host.classList.add('chart-host');
    this.root = document.createElement('div');
    this.root.className = `chart chart-${kind}`;
    // Ten em wide and unseen: its size says when the font changes (projector mode), with no polling.
    this.probe = document.createElement('span');
    this.probe.className = 'chart-probe';
    this.probe.setAttribute('aria-hidden', 'true');
    this.root.append(this.probe);
    host.append(this.root);
    this.svg = make(this.root, 'svg', { role, focusable: 'false' });
    this.quiet = make(this.svg, 'text', { class: 'chart-quiet chart-halo', 'text-anchor': 'middle' });
  }

  update(view: View): void {
    this.view = view;
    this.draw();
  }

  destroy(): void {
    this.alive = false;
    this.observer?.disconnect();
    this.root.remove();
    if (!this.host.querySelector(':scope > .chart')) this.host.classList.remove('chart-host');
  }

  abstract describe(): string;
  abstract table(): Table;
  protected abstract render(): void;

  /** To be called once, at the end of the subclass's constructor. */
  protected start(): void {
    this.svg.append(this.quiet);
    this.measure();
    this.draw();
    if (typeof ResizeObserver === 'undefined') return;
    this.observer = new ResizeObserver(() => {
      // In its turn: where a line of text is added beside them, all charts change their size at once.
      if (this.measure()) inFrame(this.again);
    });
    this.observer.observe(this.root);
    this.observer.observe(this.probe);
  }

  private readonly again = (): void => this.draw();

  /** What of a chart that takes long is drawn in a turn of its own. */
  protected finish?(): void;

  private readonly finishing = (): void => {
    if (this.alive) this.finish?.();
  };

  protected draw(): void {
    if (!this.alive) return;
    set(this.svg, { width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}` });
    const size = `${this.font}px`;
    if (this.svg.style.fontSize !== size) this.svg.style.fontSize = size;
    this.render();
    if (this.finish) inNext(this.finishing);
    set(this.svg, { 'aria-label': this.describe() });
  }

  /** The empty state: a quiet line in the middle of the plot. */
  protected waiting(on: boolean, box: Box): void {
    show(this.quiet, on);
    if (!on) return;
    set(this.quiet, { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, dy: '0.35em' });
    write(this.quiet, this.waitingText());
  }

  protected waitingText(): string {
    return this.options.waiting ?? this.text.waiting;
  }

  /** Pointer position in the chart's own pixels. */
  protected pointer(event: PointerEvent | MouseEvent): [number, number] {
    const rect = this.svg.getBoundingClientRect();
    const scaleX = rect.width > 0 ? this.width / rect.width : 1;
    const scaleY = rect.height > 0 ? this.height / rect.height : 1;
    return [(event.clientX - rect.left) * scaleX, (event.clientY - rect.top) * scaleY];
  }

  /** Reads the size; true where it changed. */
  private measure(): boolean {
    const width = this.root.clientWidth || this.options.width || FALLBACK.width;
    const height = this.root.clientHeight || this.options.height || FALLBACK.height;
    const em = this.probe.offsetWidth / 10 || FALLBACK.em;
    useFont(getComputedStyle(this.root).fontFamily);
    const part = width < 300 ? 0.66 : width < 480 ? 0.72 : 0.8;
    const cap = Math.max(10, Math.min(width / 16, height / 8));
    const font = Math.round(Math.max(10, Math.min(em * part, cap)) * 2) / 2;
    const same = width === this.width && height === this.height && font === this.font;
    this.width = width;
    this.height = height;
    this.font = font;
    return !same;
  }
}
