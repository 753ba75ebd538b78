// Messages to the user: what went wrong and how to mend it, or news that goes away by itself.
export type Tone = 'error' | 'warning' | 'info';

export interface Notice {
  id: number;
  tone: Tone;
  message: string;
  mend: string;
}

/** How long a notice stays that asks for nothing. */
const NEWS_MS = 12_000;
const MOST = 6;

export class Notices {
  list = $state.raw<Notice[]>([]);
  private next = 1;

  say(tone: Tone, message: string, mend: string): void {
    if (this.list.some((notice) => notice.message === message)) return;
    const id = this.next++;
    this.list = [...this.list, { id, tone, message, mend }].slice(-MOST);
    if (tone === 'info') setTimeout(() => this.dismiss(id), NEWS_MS);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** Takes back what holds no longer. */
  unsay(message: string): void {
    this.list = this.list.filter((notice) => notice.message !== message);
  }
}
