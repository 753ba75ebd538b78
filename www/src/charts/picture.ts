// A chart that is on the page as a file of its own: SVG with its styles written into it, and PNG drawn from that.

/** Properties that a chart's look rests on. */
const STYLES = [
  'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-linejoin', 'stroke-linecap',
  'opacity', 'display', 'visibility', 'paint-order', 'font-family', 'font-size', 'font-weight', 'font-style', 'text-anchor',
  'dominant-baseline', 'letter-spacing',
] as const;

/** The chart as an SVG document on the page's background, in the theme that is on. */
export function toSvg(chart: SVGSVGElement): string {
  const { width, height } = chart.getBoundingClientRect();
  const copy = chart.cloneNode(true) as SVGSVGElement;
  const [from, to] = [[chart, ...chart.querySelectorAll<SVGElement>('*')], [copy, ...copy.querySelectorAll<SVGElement>('*')]];
  for (const [i, node] of from.entries()) {
    const style = getComputedStyle(node);
    const target = to[i];
    if (!target) continue;
    // As attributes: a style written into markup is what a strict page forbids its pictures.
    target.removeAttribute('style');
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value !== '' && value !== 'normal' && value !== 'auto') target.setAttribute(name, value);
    }
    target.removeAttribute('tabindex');
    target.removeAttribute('class');
  }
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(Math.ceil(width)));
  copy.setAttribute('height', String(Math.ceil(height)));
  if (!copy.hasAttribute('viewBox')) copy.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of [['width', '100%'], ['height', '100%']] as const) paper.setAttribute(name, value);
  paper.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(paper);
  const title = chart.getAttribute('aria-label');
  if (title) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', 'title');
    node.textContent = title;
    copy.prepend(node);
  }
  return new XMLSerializer().serializeToString(copy);
}

/** The same as PNG, `scale` pixels to one of the page's. */
export async function toPng(chart: SVGSVGElement, scale = 3): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(toSvg(chart))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser draws no canvas');
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be made'))), 'image/png'));
}
