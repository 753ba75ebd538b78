/// <reference lib="webworker" />
// Watches the worker's GPU from beside the engine: a device that is lost is told at once, and a call of the engine that
// does not come back although the GPU has nothing left to do, or for far longer than any before it, is a hang.
import { isSoftware } from './device';
import { patience } from './pulse';
import type { Fault } from './protocol';

const TICK_MS = 500;
const SILENT_MS = 3_500;
/** A device is known to be lost so soon after what it was asked for has failed. */
const LOSS_MS = 200;
/** No device has been had in this time. */
const OPENING_MS = 20_000;
/** A software adapter computes with the page's own cores and may take long over its first work. */
const SOFTWARE_MS = 60_000;

export class GpuWatch {
  private device: GPUDevice | undefined;
  private software = false;
  private submits = 0;
  /** When the engine's call under way began, or last gave the GPU something to do. */
  private since: number | undefined;
  private counted = 0;
  /** Since when the GPU has been seen with nothing left to do. */
  private emptySince: number | undefined;
  private longest: number | undefined;
  /** A whole step has been made, so the longest call is of some worth. */
  private known = false;
  private told = false;
  /** The run is one on the GPU. */
  private on = false;

  constructor(private readonly fail: (fault: Fault) => void) {
    if (typeof GPUAdapter === 'undefined') return;
    const watch = this;
    const open = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...args: Parameters<typeof open>) {
      const device = await open.apply(this, args);
      watch.follow(device, this.info);
      return device;
    };
    const submit = GPUQueue.prototype.submit;
    GPUQueue.prototype.submit = function (this: GPUQueue, ...args: Parameters<typeof submit>) {
      watch.submits += 1;
      return submit.apply(this, args);
    };
    setInterval(() => this.tick(), TICK_MS);
  }

  /** A call of the engine, watched until it comes back. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    const from = performance.now();
    this.since = from;
    this.emptySince = undefined;
    try {
      return await call();
    } finally {
      this.longest = Math.max(this.longest ?? 0, performance.now() - from);
      this.since = undefined;
    }
  }

  /** A run begins, on the GPU or not. */
  begin(gpu: boolean): void {
    this.on = gpu;
    this.known = false;
    this.longest = undefined;
  }

  /** The run has made a step, so every kernel has run. */
  stepped(): void {
    this.known = true;
  }

  /** Whether an error of the engine's comes from a loss that is told; a read-back that is cut off may be first to say so. */
  async lost(): Promise<boolean> {
    if (this.on && this.device) await Promise.race([this.device.lost, new Promise((go) => setTimeout(go, LOSS_MS))]);
    return this.told;
  }

  private follow(device: GPUDevice, info: GPUAdapterInfo): void {
    this.device = device;
    this.software = isSoftware(info);
    device.lost.then(
      (loss) => {
        if (this.device === device) this.tell({ code: 'device', cause: 'gpu-lost', message: `the GPU was lost (${(loss.message || loss.reason).replace(/\.$/, '')})`, mend: '' });
      },
      () => undefined,
    );
  }

  private tick(): void {
    const { device, since } = this;
    if (!this.on || since === undefined) return;
    const now = performance.now();
    if (!device) {
      if (now - since > OPENING_MS) this.silent(now - since);
      return;
    }
    if (this.submits !== this.counted) {
      // The engine is at work: the wait begins anew.
      this.counted = this.submits;
      this.since = now;
      this.emptySince = undefined;
      return;
    }
    const counted = this.counted;
    device.queue.onSubmittedWorkDone().then(
      () => {
        // Answered while the same call waits and nothing new was asked: the GPU is idle and the answer is lost.
        if (this.since === since && this.submits === counted) this.emptySince ??= now;
      },
      () => undefined,
    );
    const least = this.software ? SOFTWARE_MS : 0;
    const idle = this.emptySince !== undefined && now - this.emptySince > SILENT_MS;
    if (idle || now - since > Math.max(least, patience(this.known ? this.longest : undefined))) this.silent(now - since);
  }

  private silent(ms: number): void {
    this.tell({ code: 'device', cause: 'gpu-silent', message: `the GPU has not answered for ${(ms / 1000).toFixed(0)} s`, mend: '' });
  }

  private tell(fault: Fault): void {
    if (this.told) return;
    this.told = true;
    this.fail(fault);
  }
}
