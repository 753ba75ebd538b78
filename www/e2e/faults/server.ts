// Serves the built page with something wrong: each fault under a path of its own, and only in the tests.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { HEADERS } from '../../csp.ts';
import { prologue, type Rig } from './prologue.ts';

const dist = new URL('../../dist/', import.meta.url);
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.jsonl': 'application/jsonl',
};

export interface Answer {
  status?: number;
  type?: string;
  body: Buffer | string;
}

export interface Fault {
  /** What is rigged in every worker before its own script runs. */
  rig?: Rig;
  /** Another answer to a request for `path`. */
  answer?: (path: string, body: Buffer) => Answer | undefined;
}

export interface FaultServer {
  /** Address of the page with a fault. */
  url(fault: string): string;
  close(): Promise<void>;
}

export async function serve(faults: Record<string, Fault>): Promise<FaultServer> {
  const server = createServer((request, response) => {
    const [, name = '', ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
    const path = rest.join('/') || 'index.html';
    const fault = faults[name];
    void readFile(new URL(path, dist))
      .then((body): Answer => {
        const other = fault?.answer?.(path, body);
        if (other) return other;
        // The page's own addresses lie below the fault's, so the policy's 'self' holds as it would anywhere.
        if (/^assets\/worker.*\.js$/.test(path)) return { body: `(${prologue.toString()})(${JSON.stringify(fault?.rig ?? {})});\n${body.toString()}` };
        return { body };
      })
      .catch((): Answer => ({ status: 404, type: 'text/plain', body: 'not found' }))
      .then(({ status = 200, type = TYPES[extname(path)] ?? 'application/octet-stream', body }) => {
        response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Cache-Control': 'no-store' });
        response.end(body);
      });
  });
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  const { port } = server.address() as AddressInfo;
  return {
    url: (fault) => `http://127.0.0.1:${port}/${fault}/`,
    close: () => new Promise((done) => (server.closeAllConnections(), server.close(() => done()))),
  };
}
