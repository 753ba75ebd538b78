// What stands beside the paths of ⑥: the lanes' names at their ends, the start, the marks of equal KL, the diagonal.

import type { Box } from './chart';
import { make, Pool, set, show, write } from './dom';
import { bareNames, fmt, plain, plainNames } from './format';
import { Ground } from './ground';
import { placeLabels, type EndLabel, type Head, type Spot } from './plane-path';
import type { ChartText } from './text';

/** A path at a level of KL. */
export interface Mark {
  kl: number;
  lane: number;
  x: number;
  y: number;
  px: number;
  py: number;
}

/** What is drawn, for the labels to stand beside. */
export interface Drawn {
  /** `[lane]` whole paths, and what of them has been reached at the step on show. */
  pixels: readonly Spot[][];
  reached: readonly Spot[][];
  lanes: readonly { name: string; baseline: boolean }[];
  heads: readonly Head[];
  marks: readonly Mark[];
  start: [number, number] | undefined;
  /** Far end of the diagonal, where there is room to name it. */
  equal: [number, number] | undefined;
  box: Box;
  /** Of the chart, pixels. */
  width: number;
  font: number;
}

/** The marks of each level, from left to right, so that the contour does not cross itself. */
export function contoursOf(marks: readonly Mark[]): Mark[][] {
  return [...new Set(marks.map((mark) => mark.kl))].map((kl) => marks.filter((mark) => mark.kl === kl).sort((p, q) => p.px - q.px));
}

/** Labels of a plane, with the dots they belong to. */
export class PlaneLabels {
  private readonly text: ChartText;
  private readonly leaders: Pool<SVGPathElement>;
  private readonly start: SVGCircleElement;
  private readonly dots: Pool<SVGCircleElement>;
  private readonly names: Pool<SVGTextElement>;
  /** What the labels were last placed for. */
  private seen = '';

  constructor(parent: Element, text: ChartText) {
    this.text = text;
    const leaders = make(parent, 'g');
    this.leaders = new Pool(() => make(leaders, 'path', { class: 'chart-leader' }));
    this.start = make(parent, 'circle', { class: 'chart-start' });
    const front = make(parent, 'g');
    this.dots = new Pool(() => make(front, 'circle', { class: 'chart-dot' }));
    this.names = new Pool(() => make(parent, 'text', { class: 'chart-halo', dy: '0.35em' }));
  }

  draw(drawn: Drawn): void {
    const { font, start } = drawn;
    const ends = drawn.reached.map((path) => path[path.length - 1]);
    // Between two evaluations nothing of it changes.
    const sight = JSON.stringify([drawn.pixels.map((path) => path.map((spot) => [Math.round(spot.px), Math.round(spot.py)])), ends.map((end) => end?.step), drawn.marks.map((mark) => [Math.round(mark.px), Math.round(mark.py)]), drawn.lanes, start, drawn.equal, drawn.box, font, drawn.width]);
    if (sight === this.seen) return;
    this.seen = sight;
    const placed = placeLabels(this.labels(drawn, ends), ground(drawn, ends), font);
    const names = this.names.take(placed.length);
    this.leaders.take(placed.length).forEach((leader, i) => {
      const [place, name] = [placed[i], names[i]];
      if (!name) return;
      show(name, place !== undefined);
      set(leader, { d: place?.leader ?? '' });
      if (!place) return;
      name.classList.toggle('chart-muted', i >= ends.length);
      set(name, { x: place.box.left, y: (place.box.top + place.box.bottom) / 2 });
      write(name, place.text);
    });
    this.dots.take(ends.length).forEach((dot, i) => {
      const end = ends[i];
      show(dot, end !== undefined);
      if (end) set(dot, { cx: end.px, cy: end.py, r: Math.max(3, font * 0.33) });
    });
    show(this.start, start !== undefined);
    if (start) set(this.start, { cx: start[0], cy: start[1], r: Math.max(3.5, font * 0.4) });
  }

  private labels({ lanes, marks, start, equal, width, font }: Drawn, ends: readonly (Spot | undefined)[]): (EndLabel | undefined)[] {
    const all = lanes.map((lane) => lane.name);
    // With many lanes, their names are as much as fits beside the paths.
    const short = all.length > 3 ? [plainNames(all), bareNames(all)] : [all];
    const wide = width >= font * 36 && all.length < 4;
    const labels = ends.map((end, i): EndLabel | undefined => {
      if (!end) return undefined;
      const names = short.map((each) => each[i] ?? '');
      const kl = end.kl !== undefined && Number.isFinite(end.kl) ? ` · ${this.text.kl(fmt(end.kl))}` : '';
      const role = lanes[i]?.baseline ? ` (${this.text.baseline})` : '';
      // From long to short.
      return { at: [[end.px, end.py]], texts: [...(wide ? [`${names[0]}${role}${kl}`, `${names[0]}${kl}`] : []), ...new Set(names)] };
    });
    labels.push(start && { at: [start], texts: this.text.start });
    // The KL that a row of marks has, beside the one of them that leaves room for it, DPO's first.
    const first = (mark: Mark): number => Number(lanes[mark.lane]?.baseline === true);
    for (const level of new Set(marks.map((mark) => mark.kl))) {
      const row = marks.filter((mark) => mark.kl === level).sort((a, b) => first(b) - first(a));
      labels.push({ at: row.map((mark) => [mark.px, mark.py] as const), texts: [this.text.klMark(plain(level))], quiet: true });
    }
    labels.push(equal && { at: [equal], texts: [this.text.equal], quiet: true });
    return labels;
  }
}

/** All that is drawn, for the labels to keep off. */
function ground({ pixels, heads, marks, start, box, width, font }: Drawn, ends: readonly (Spot | undefined)[]): Ground {
  const out = new Ground({ left: box.left, top: box.top - font * 0.5, right: width, bottom: box.bottom });
  for (const path of pixels) out.line(path.map((spot) => [spot.px, spot.py]));
  for (const row of contoursOf(marks)) out.line(row.map((mark) => [mark.px, mark.py]));
  for (const head of heads) out.mark(head.x, head.y, font * 0.4);
  for (const mark of marks) out.mark(mark.px, mark.py, font * 0.3);
  for (const end of ends) if (end) out.mark(end.px, end.py, font * 0.35);
  if (start) out.mark(start[0], start[1], font * 0.45);
  return out;
}
