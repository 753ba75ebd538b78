// How far a run is, finer than by its frames: between two of them a step may be evaluated, and steps be taken unseen. What
// the workers of a run do lies at the same places, so that they can be brought to the same one.
import type { Event } from './types';

/** Where a worker was held: frames made, and its place. */
export interface Held {
  frames: number;
  place: number;
}

/** The place after `event`: twice the steps taken, and one more where they have been evaluated. */
export function placeAfter(place: number, event: Event): number {
  if (event.event === 'frame') return Math.max(place, 2 * (event.step + 1));
  if (event.event === 'evaluation') return Math.max(place, 2 * event.step + 1);
  if (event.event === 'progress' && event.stage === 'train') return Math.max(place, 2 * event.done);
  return place;
}
