/** The frame of the page: what ran, what came of it, the views, and who is shown. */
import type { JSX } from 'preact';
import type { ReportedRun } from '../page-data.ts';
import { BlocksView } from './blocks-view.tsx';
import { CompareView } from './compare-view.tsx';
import { EventsView } from './events-view.tsx';
import { FaultsView } from './faults-view.tsx';
import { KEYS, nextTheme } from './keys.ts';
import { PlotsView } from './plots-view.tsx';
import { Badge, runLetter, type ViewProps } from './run-view.tsx';
import { SpaceTimeView } from './space-time-view.tsx';
import { type Store, TABS, type Tab } from './store.ts';
import { VerdictView } from './verdict-view.tsx';

const VIEWS: Readonly<Record<Tab, (props: ViewProps) => JSX.Element>> = {
  verdict: VerdictView,
  messages: SpaceTimeView,
  blocks: BlocksView,
  plots: PlotsView,
  faults: FaultsView,
  events: EventsView,
};

export function App({ store }: { readonly store: Store }): JSX.Element {
  const { state } = store;
  const tabs = state.isPrinting ? TABS.map(([tab]) => tab) : [state.tab];
  return (
    <>
      <Header store={store} />
      <Tabs store={store} />
      <main>
        <div id="view" role="tabpanel" aria-labelledby={`tab-${state.tab}`}>
          {tabs.map((tab) => (
            <Panel key={tab} store={store} tab={tab} />
          ))}
        </div>
      </main>
      {state.isHelpOpen && <Help store={store} />}
    </>
  );
}

function Panel({ store, tab }: { readonly store: Store; readonly tab: Tab }): JSX.Element {
  const View = VIEWS[tab];
  const { runs } = store;
  return (
    <>
      {store.state.isPrinting && <h2 class="print-title">{TABS.find(([name]) => name === tab)?.[1]}</h2>}
      {tab === 'verdict' && runs.length > 1 && <CompareView store={store} />}
      <div class={`runs runs-${runs.length} of-${tab}`}>
        {runs.map(([number, run]) => (
          <section key={number} class="run" aria-label={`run ${runLetter(number)}`}>
            {store.data.runs.length > 1 && <RunTitle number={number} run={run} />}
            <View store={store} number={number} run={run} />
          </section>
        ))}
      </div>
    </>
  );
}

function RunTitle({ number, run }: { readonly number: number; readonly run: ReportedRun }): JSX.Element {
  const { recording } = run;
  return (
    <h2 class="run-title">
      <span class="letter">{runLetter(number)}</span> {recording.scenario}, seed {recording.seed}{' '}
      <Badge run={run} />
    </h2>
  );
}

function Header({ store }: { readonly store: Store }): JSX.Element {
  const first = store.data.runs[0];
  const { theme, shown } = store.state;
  return (
    <header class="top">
      <div class="brand">
        <strong>Aureon</strong>
        {first !== undefined && store.data.runs.length === 1 && (
          <>
            <span class="what">
              {first.recording.scenario} <span class="dim">seed</span> {first.recording.seed}
            </span>
            <Badge run={first} />
          </>
        )}
        {store.data.runs.length > 1 && <span class="what">two runs</span>}
      </div>
      <div class="tools">
        {store.data.runs.length > 1 && (
          <div class="segments" role="group" aria-label="which runs are shown">
            {([0, 1, 'both'] as const).map((which) => (
              <button
                key={which}
                type="button"
                aria-pressed={shown === which}
                onClick={() => store.set({ shown: which, selection: undefined, causes: 'all' })}
              >
                {which === 'both' ? 'A | B' : runLetter(which)}
              </button>
            ))}
          </div>
        )}
        <button
          type="button"
          onClick={() => nextTheme(store)}
          title="light, dark, or as the system has it (t)"
        >
          {theme === 'auto' ? '◐ auto' : theme === 'light' ? '☀ light' : '☾ dark'}
        </button>
        <button type="button" onClick={() => store.set({ isHelpOpen: true })} title="keys (?)">
          ? keys
        </button>
      </div>
    </header>
  );
}

function Tabs({ store }: { readonly store: Store }): JSX.Element {
  const { tab } = store.state;
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = TABS.findIndex(([name]) => name === tab);
    const next = TABS[(at + step + TABS.length) % TABS.length];
    if (next === undefined) return;
    store.set({ tab: next[0] });
    document.getElementById(`tab-${next[0]}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="views" onKeyDown={onKeyDown}>
      {TABS.map(([name, title], i) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={tab === name}
          aria-controls="view"
          tabIndex={tab === name ? 0 : -1}
          onClick={() => store.set({ tab: name })}
        >
          {title} <kbd>{i + 1}</kbd>
        </button>
      ))}
    </div>
  );
}

function Help({ store }: { readonly store: Store }): JSX.Element {
  return (
    <div class="help" role="dialog" aria-label="keys" aria-modal="true">
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([key, does]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <button type="button" autofocus onClick={() => store.set({ isHelpOpen: false })}>
        Close
      </button>
      <p class="dim">Made by {store.data.madeBy}. Contains Preact and uPlot (MIT licence).</p>
    </div>
  );
}
