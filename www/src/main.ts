import './styles/page.css';
import './charts/charts.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { startLanguage } from './i18n';
import { Lab } from './state/lab.svelte';

const query = location.hash || location.search;
const words = startLanguage(new URLSearchParams(query.slice(1)).get('lang') ?? new URLSearchParams(location.search).get('lang'));
const base = new URL(import.meta.env.BASE_URL, document.baseURI);
const lab = new Lab(base);
// After one visit the page opens without a network. What is kept is fetched when the page has what it needs.
if (import.meta.env.PROD && 'serviceWorker' in navigator && location.protocol.startsWith('http')) {
  addEventListener('load', () => setTimeout(() => void navigator.serviceWorker.register(new URL('sw.js', base), { updateViaCache: 'none' }).catch(() => undefined), 1500));
}
void words.then(() => {
  // What has to be loaded is asked for before the page is drawn.
  void lab.open(query, matchMedia('(prefers-reduced-motion: reduce)').matches);
  // Drawn in a task of its own, for the script has taken one already.
  setTimeout(() => mount(App, { target: document.getElementById('app')!, props: { lab } }));
});
