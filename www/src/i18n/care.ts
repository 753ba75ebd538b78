// What the page says when a worker or a GPU is lost and when a run is kept, in English; the Japanese is in care-ja.ts.
import type { Cause } from '../engine/protocol';

const CAUSES: Record<Cause | 'other', string> = {
  'gpu-lost': 'The GPU was lost',
  'gpu-silent': 'The GPU stopped answering',
  'worker-lost': 'The engine’s worker was lost',
  'worker-silent': 'The engine’s worker stopped answering',
  other: 'The engine failed',
};

export const care = {
  trouble: (cause: Cause | undefined, step: number, detail: string) => `${CAUSES[cause ?? 'other']} after step ${step}: ${detail}.`,
  then: {
    again: 'Training goes on from the last checkpoint.',
    stopped: 'The stage stays stopped, and goes on from there when you let it.',
    cpu: 'That was the third time within a minute; training goes on on the CPU from the last checkpoint.',
    refused: 'Training goes on on the CPU.',
    end: 'That was the third time within a minute. Press play to start again.',
  },
  recovered: (device: 'cpu' | 'webgpu', step: number, seconds: string) =>
    `Training goes on at step ${step} on ${device === 'cpu' ? 'the CPU' : 'WebGPU'} after ${seconds} s; no step is missing or doubled.`,

  // A run that is kept
  offer: (scenario: string, step: number, total: number, saved: Date) => `A run of “${scenario}” was kept at step ${step} of ${total} (${saved.toLocaleString('en')}).`,
  goOn: 'Go on with it',
  forget: 'Forget it',
  otherTab: 'Another tab of this page is storing its run, so this tab’s run is not stored. It trains all the same and can be saved as a file.',
  noRoom: 'The browser has no room left to store this run. Training goes on; save it as a file to keep it.',
  notKept: (why: string) => `This run could not be stored (${why}). Training goes on; save it as a file to keep it.`,
  menu: 'run file',
  save: 'save checkpoint',
  saveHelp: 'Save all that this run needs to go on, to the last bit, as a file; `prefshift train --resume` reads it, too.',
  open: 'open a checkpoint or recording…',
  openHelp: 'Go on with a saved checkpoint, or show a recorded run (JSON Lines). Either can also be dropped on the page.',
  tooLarge: (mib: number, most: number) => `${mib} MiB is more than the ${most} MiB that this page opens`,
  pairsFirst: 'this run was made from a file of own pairs; choose that file first, then open the checkpoint',
  pauseHidden: 'pause while the tab is hidden',
};

export type Care = typeof care;
