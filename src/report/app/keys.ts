/** The keyboard: what each key does, everywhere on the page. */
import { type Store, TABS } from './store.ts';

/** For the help. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['1 … 6', 'the views, in their order'],
  ['Tab', 'to the next control; every control has a visible focus'],
  ['← →', 'space-time: earlier, later · blocks: back, forth in time · tabs: the next view'],
  ['+ −', 'space-time: closer, further away'],
  ['0', 'space-time: the whole run'],
  ['↑ ↓', 'space-time: the step before, the step after, of the same host'],
  [', .', 'space-time: to what caused the step, to the first thing that it caused'],
  ['Esc', 'closes help, drops the selection'],
  ['t', 'light, dark, or as the system has it'],
  ['?', 'this help'],
];

const THEMES = { auto: 'light', light: 'dark', dark: 'auto' } as const;

/** The theme after this one. */
export function nextTheme(store: Store): void {
  store.set({ theme: THEMES[store.state.theme] });
}

function isTyping(event: KeyboardEvent): boolean {
  const { target } = event;
  return target instanceof HTMLInputElement && (target.type === 'search' || target.type === 'text');
}

/** Keys that mean the same everywhere; views have their own. */
export function onKey(event: KeyboardEvent, store: Store): void {
  if (event.ctrlKey || event.metaKey || event.altKey || (isTyping(event) && event.key !== 'Escape')) return;
  const tab = TABS[Number(event.key) - 1];
  if (tab !== undefined) store.set({ tab: tab[0] });
  else if (event.key === '?') store.set({ isHelpOpen: !store.state.isHelpOpen });
  else if (event.key === 't') nextTheme(store);
  else if (event.key === 'Escape') store.set({ isHelpOpen: false, selection: undefined, causes: 'all' });
}
