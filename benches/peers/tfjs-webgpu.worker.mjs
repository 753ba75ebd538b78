import { serve } from '../lib/worker.mjs';
import { create } from './tfjs-webgpu.mjs';

serve(async () => ({ start: (work) => create(work) }));
