import { ready, setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { create as make } from './tfjs.mjs';

export async function create(work) {
  setWasmPaths('/tfjs-wasm/');
  if (!(await setBackend('wasm'))) throw new Error('TensorFlow.js: its wasm backend did not start');
  await ready();
  return make(work);
}
