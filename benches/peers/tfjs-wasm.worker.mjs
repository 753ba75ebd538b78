import { serve } from '../lib/worker.mjs';
import { create } from './tfjs-wasm.mjs';

serve(async () => ({ start: (work) => create(work) }));
