import { ready, setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';
import { create as make } from './tfjs.mjs';

export async function create(work) {
  if (!(await setBackend('webgpu'))) throw new Error('TensorFlow.js: its WebGPU backend did not start');
  await ready();
  return make(work);
}
