// Where the page's files come from: the server, or the page itself where everything was put into one file
// (scripts/single.mjs): gzip in base64, in a script element that no browser runs.

const held = (path: string): string | undefined =>
  typeof document === 'undefined' ? undefined : (document.querySelector(`script[data-path="${path}"]`)?.textContent ?? undefined);

const pathOf = (url: URL): string => url.href.slice(new URL('.', document.baseURI).href.length);

async function unpacked(text: string): Promise<ArrayBuffer> {
  const packed = Uint8Array.from(atob(text.trim()), (char) => char.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

/** A file of the page. */
export async function asset(url: URL): Promise<Response> {
  const text = held(pathOf(url));
  if (text === undefined) return fetch(url);
  const type = url.pathname.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream';
  return new Response(await unpacked(text), { headers: { 'content-type': type } });
}

/** An address that a worker can import a script of the page from. */
export async function scriptAddress(url: URL): Promise<string> {
  const text = held(pathOf(url));
  if (text === undefined) return url.href;
  // A page opened from disk has no origin that a worker could share; a data address needs none.
  return `data:text/javascript;charset=utf-8,${encodeURIComponent(new TextDecoder().decode(await unpacked(text)))}`;
}

/** The engine's worker, where it is held in the page. */
export function heldWorker(name: string): Worker | undefined {
  const text = held('worker.js');
  if (text === undefined) return undefined;
  // A classic one: from a page on disk, browsers refuse a module worker, whose script is fetched across origins.
  const url = URL.createObjectURL(new Blob([decodeURIComponent(text)], { type: 'text/javascript' }));
  try {
    return new Worker(url, { name });
  } finally {
    // The worker has taken the address before this runs out.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}
