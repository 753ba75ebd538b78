import { serve } from '../lib/worker.mjs';
import { create } from './jax-js.mjs';

serve(async ({ backend }) => ({ start: (work) => create(backend === 'cpu' ? 'wasm' : 'webgpu', work) }));
