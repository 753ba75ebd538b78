// The service worker: after one visit the page opens without a network. One cache per build; a new build's worker fills
// its own and takes over when the last tab of the old one is closed, so that no page meets files of two builds.
const NAME = 'prefshift-__VERSION__';
const FILES = __FILES__;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES.map((path) => new Request(path, { cache: 'reload' })))));
});

self.addEventListener('activate', (event) => {
  const scope = self.registration.scope;
  event.waitUntil(
    (async () => {
      // Other pages of this origin may have caches of their own, and so may another copy of this one.
      for (const name of await caches.keys()) {
        if (name === NAME || !name.startsWith('prefshift-')) continue;
        const [first] = await (await caches.open(name)).keys();
        if (!first || first.url.startsWith(scope)) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request, url));
});

async function answer(request, url) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request.mode === 'navigate' ? './' : request, { ignoreSearch: true });
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok && url.pathname.includes('/engine/gpu/')) await cache.put(request, fresh.clone());
  return fresh;
}
