// What came of each fault: said, state and time, as the tests saw it. `npm run faults` makes docs/faults.md of it.
import { appendFileSync } from 'node:fs';

export interface Row {
  fault: string;
  said: string;
  state: string;
  /** Seconds until it was said, and until the run was past where it had been. */
  noticed?: number;
  resumed?: number;
}

export function record(row: Row): void {
  const file = process.env['FAULTS'];
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
