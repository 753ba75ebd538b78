import formulas from 'virtual:formulas';
import { describe, expect, it } from 'vitest';
import { METHOD_INFOS } from '../engine/catalog';

describe('formulas', () => {
  it.each(METHOD_INFOS.map((info) => info.id))('%s is MathML that the page’s policy lets pass', (id) => {
    const text = formulas[id] ?? '';
    const { documentElement: math } = new DOMParser().parseFromString(text.replaceAll('&nbsp;', '\u00a0'), 'text/xml');
    expect(math.localName).toBe('math');
    expect(math.querySelectorAll('[style], merror, script, [onclick]')).toHaveLength(0);
    expect(math.textContent!.length).toBeGreaterThan(4);
    // Nothing of LaTeX is left over.
    expect(math.textContent).not.toMatch(/[\\{}$]/);
  });
});
