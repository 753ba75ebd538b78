// Small SVG helpers. Elements are made once and written to only where something changed.

const NS = 'http://www.w3.org/2000/svg';

/** A new SVG element with attributes, appended to a parent. */
export function make<K extends keyof SVGElementTagNameMap>(
  parent: Element,
  tag: K,
  attributes: Record<string, string | number> = {},
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  parent.append(element);
  return element;
}

/** Sets attributes that differ; numbers are rounded to a hundredth of a pixel. */
export function set(element: Element, attributes: Record<string, string | number | null>): void {
  for (const name in attributes) {
    const value = attributes[name];
    if (value === null || value === undefined) {
      element.removeAttribute(name);
      continue;
    }
    const text = typeof value === 'number' ? round(value) : value;
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Pixel coordinate as text. */
export function round(x: number): string {
  return String(Math.round(x * 100) / 100);
}

/** Writes a text node in place. */
export function write(element: Element, text: string): void {
  const node = element.firstChild;
  if (node instanceof Text) {
    if (node.data !== text) node.data = text;
  } else {
    element.append(text);
  }
}

/** Shows or hides an element. */
export function show(element: SVGElement, on: boolean): void {
  const value = on ? '' : 'none';
  if (element.style.display !== value) element.style.display = value;
}

/** Sets a paint through the CSSOM, so that theme variables resolve. */
export function paint(element: SVGElement, property: 'fill' | 'stroke', color: string): void {
  const value = color.startsWith('--') ? `var(${color})` : color;
  if (element.style.getPropertyValue(property) !== value) element.style.setProperty(property, value);
}

/** Children joined to data by index: the first n are kept, more are made, the rest removed. */
export class Pool<E extends Element> {
  private readonly items: E[] = [];
  private readonly create: () => E;

  constructor(create: () => E) {
    this.create = create;
  }

  take(n: number): readonly E[] {
    while (this.items.length < n) this.items.push(this.create());
    while (this.items.length > n) this.items.pop()?.remove();
    return this.items;
  }
}

let serial = 0;

/** An id no other chart has. */
export function uid(prefix: string): string {
  serial += 1;
  return `${prefix}-${serial}`;
}
