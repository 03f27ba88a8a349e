/** The page of a report: reads the runs that stand in it, and shows them. */
import { render } from 'preact';
import { App } from './app.tsx';
import { onKey } from './keys.ts';
import { readPageData } from './read-data.ts';
import { Store } from './store.ts';

function rootOf(): HTMLElement {
  const root = document.getElementById('app');
  if (root === null) throw new Error('the page has a place for the app');
  return root;
}

async function start(): Promise<void> {
  const root = rootOf();
  const data = await readPageData();
  let isDue = false;
  const draw = (): void => {
    isDue = false;
    document.documentElement.dataset['theme'] = store.state.theme;
    render(<App store={store} />, root);
  };
  const store = new Store(data, () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(draw);
  });
  root.replaceChildren();
  document.title = `${data.runs.map(({ recording }) => `${recording.scenario}, seed ${recording.seed}`).join(' | ')} – Aureon`;
  draw();
  document.addEventListener('keydown', (event) => onKey(event, store));
  const onPrint = (isPrinting: boolean): void => {
    if (store.state.isPrinting === isPrinting) return;
    store.set({ isPrinting });
    // Paper waits for no frame.
    draw();
  };
  matchMedia('print').addEventListener('change', ({ matches }) => onPrint(matches));
  addEventListener('beforeprint', () => onPrint(true));
  addEventListener('afterprint', () => onPrint(false));
  addEventListener('resize', () => store.set({}));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => store.set({}));
}

start().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  rootOf().replaceChildren(text);
});
