// Numbers as the charts write them, and how wide a text will be.

/** Two to three significant digits, a true minus sign, an en dash where there is no number. */
export function fmt(x: number): string {
  if (!Number.isFinite(x)) return '–';
  if (x === 0) return '0';
  const size = Math.abs(x);
  let out: string;
  if (size >= 99.95) out = x.toFixed(0);
  else if (size >= 9.995) out = x.toFixed(1);
  else if (size >= 0.0995) out = x.toFixed(2);
  else if (size >= 0.00995) out = x.toFixed(3);
  else if (size >= 0.0001) out = x.toPrecision(2);
  else out = x.toExponential(1);
  return out.replace(/-/g, '−');
}

/** A value with its error, both to the error's first digit, or its second where the first is a 1. */
export function plusMinus(x: number, error: number): string {
  if (!Number.isFinite(error) || error <= 0) return fmt(x);
  const power = Math.floor(Math.log10(error));
  const digits = Math.max(0, Math.min(6, -power + (error / 10 ** power < 1.95 ? 1 : 0)));
  return `${x.toFixed(digits)} ± ${error.toFixed(digits)}`.replace(/-/g, '−');
}

/** A setting: the same without trailing zeros. */
export function plain(x: number): string {
  const text = fmt(x);
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}

/** A share as a percentage. */
export function pct(x: number): string {
  if (!Number.isFinite(x)) return '–';
  const hundred = x * 100;
  const size = Math.abs(hundred);
  if (hundred > 0 && hundred < 0.05) return '<0.1%';
  return `${hundred.toFixed(size > 0 && size < 0.95 ? 1 : 0).replace('-', '−')}%`;
}

/** Tick text for a value on an axis whose ticks are `step` apart. */
export function tickText(x: number, step: number): string {
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9)));
  const out = (Math.abs(x) < 1e-12 ? 0 : x).toFixed(digits);
  return out.replace('-', '−');
}

const NARROW = /[ijltfrI.,:;'|!()[\]·/ ]/;
const WIDE = /[mwMW%@×]/;

/** Width of a character in em where no font can be measured. */
function guess(char: string): number {
  if ((char.codePointAt(0) ?? 0) >= 0x2e80) return 1;
  if (NARROW.test(char)) return 0.36;
  if (WIDE.test(char)) return 0.9;
  return char >= 'A' && char <= 'Z' ? 0.68 : 0.6;
}

let family = '';
let ruler: OffscreenCanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();

/** Names the font that texts are drawn in; every character is then measured once. */
export function useFont(name: string): void {
  if (name === family || name === '' || typeof OffscreenCanvas === 'undefined') return;
  family = name;
  widths.clear();
  ruler ??= new OffscreenCanvas(1, 1).getContext('2d');
  if (ruler) ruler.font = `100px ${name}`;
}

/** Width in pixels, a sum over characters: no layout, whatever the text. */
export function textWidth(text: string, font: number): number {
  let em = 0;
  for (const char of text) {
    let width = widths.get(char);
    if (width === undefined) {
      width = ruler ? ruler.measureText(char).width / 100 : guess(char);
      widths.set(char, width);
    }
    em += width;
  }
  return em * font * 1.02;
}

/** The same for semibold text. */
export function strongWidth(text: string, font: number): number {
  return textWidth(text, font) * 1.1;
}

/** The first variant that fits, else the last one cut with an ellipsis. */
export function fitText(variants: readonly string[], width: number, font: number): string {
  for (const text of variants) if (textWidth(text, font) <= width) return text;
  return cut(variants[variants.length - 1] ?? '', width, font);
}

/** A text cut with an ellipsis to a width. */
export function cut(text: string, width: number, font: number): string {
  if (textWidth(text, font) <= width) return text;
  const chars = [...text];
  while (chars.length > 0 && textWidth(`${chars.join('')}…`, font) > width) chars.pop();
  return chars.length > 0 ? `${chars.join('').trimEnd()}…` : '';
}

/** Each lane's name without its form; without its parameters, too. */
const formless = (name: string): string => name.replace(/^([^(（=]*?) ?[(（][^)）]*[)）]/, '$1');
const bare = (name: string): string => formless(name).replace(/ \S+=.*$/, '');

/** Each lane's shortest name that no other lane has: the method alone, or with its parameters, or all that it is called. */
export function bareNames(names: readonly string[]): string[] {
  const alone = (of: (name: string) => string, name: string): boolean => names.filter((other) => of(other) === of(name)).length === 1;
  return names.map((name) => (alone(bare, name) ? bare(name) : alone(formless, name) ? formless(name) : name));
}

/** Lane names without their forms, where that still tells them apart. */
export function plainNames(names: readonly string[]): string[] {
  const plain = names.map(formless);
  return names.map((name, i) => (plain.filter((other) => other === plain[i]).length === 1 ? (plain[i] ?? name) : name));
}

/** Lane names that fit: as they are, else without forms, else as short as tells them apart, and cut. */
export function shortNames(names: readonly string[], width: number, font: number): string[] {
  const fit = (list: readonly string[]): boolean => list.every((name) => textWidth(name, font) <= width);
  if (fit(names)) return [...names];
  if (fit(plainNames(names))) return plainNames(names);
  return bareNames(names).map((name) => cut(name, width, font));
}
