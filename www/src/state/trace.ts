// The run on show as a recording that this page and `prefshift replay` can read: JSON Lines, one event each.
import type { Event } from '../engine/types';
import type { RunData } from './run-data';

/** Arrays of numbers as lists; JSON would make objects of typed arrays. */
const plain = (_key: string, value: unknown): unknown => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value);

export function toTrace(data: RunData): string {
  if (!data.started) return '';
  const steps: Event[] = [
    ...data.evaluations.map((evaluation) => ({ ...evaluation, event: 'evaluation' as const })),
    ...data.frames.map((frame) => ({ ...frame, event: 'frame' as const })),
  ];
  // A policy is judged before the step that its number names. The sort is stable.
  const when = (event: Event): number => ('step' in event ? event.step : 0);
  steps.sort((a, b) => when(a) - when(b));
  const events: Event[] = [
    { ...data.started, event: 'started' },
    ...data.warnings.map((warning) => ({ ...warning, event: 'warning' as const })),
    ...steps,
    ...(data.finished ? [{ event: 'done' as const, steps: data.lastStep }] : []),
  ];
  return events.map((event) => `${JSON.stringify(event, plain)}\n`).join('');
}
