/** What the space-time diagram shows: kinds of messages, hosts, and the past or future of what is selected. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Recording } from '../../cluster/recording.ts';
import { toggleHost, zoom } from './diagram-input.ts';
import { grouped } from './format.ts';
import type { State, Store } from './store.ts';
import { kindVariable } from './theme.ts';

const CAUSES: readonly (readonly [State['causes'], string, string])[] = [
  ['all', 'all', 'every message'],
  ['led', 'what led to it', 'the messages that triggered each other up to the selected step'],
  ['knowable', 'what it could know', 'every message whose content may have reached the selected step'],
  ['followed', 'what followed', 'the messages that the selected step triggered, and theirs'],
];

export function Filters(props: {
  readonly store: Store;
  readonly recording: Recording;
  /** Filters are of all runs: they stand above the first. */
  readonly isFirst: boolean;
}): JSX.Element | null {
  const { store, recording } = props;
  const { state } = store;
  const counts = useMemo(() => countKinds(recording), [recording]);
  if (!props.isFirst) return null;
  const middle = (state.fromUs + state.untilUs) / 2;
  return (
    <div class="filters">
      <div class="segments" role="group" aria-label="zoom">
        <button type="button" onClick={() => zoom(store, middle, 0.5)} title="closer (+)">
          +
        </button>
        <button type="button" onClick={() => zoom(store, middle, 2)} title="further away (−)">
          −
        </button>
        <button type="button" onClick={() => store.look(0, store.endUs)} title="the whole run (0)">
          whole run
        </button>
      </div>
      <div class="segments" role="group" aria-label="which messages, by cause">
        {CAUSES.map(([causes, text, title]) => (
          <button
            key={causes}
            type="button"
            title={
              state.selection === undefined && causes !== 'all' ? 'select a message or an event first' : title
            }
            aria-pressed={state.causes === causes}
            disabled={state.selection === undefined && causes !== 'all'}
            onClick={() => store.set({ causes })}
          >
            {text}
          </button>
        ))}
      </div>
      <Hosts store={store} recording={recording} />
      <div class="chips" role="group" aria-label="kinds of messages">
        {recording.kinds.map((kind, i) => (
          <button
            key={kind}
            type="button"
            class="chip"
            aria-pressed={!state.hiddenKinds.has(kind)}
            onClick={() => store.set({ hiddenKinds: toggled(state.hiddenKinds, kind) })}
          >
            <span class="swatch" style={{ background: `var(${kindVariable(kind)})` }} />
            {kind} <small>{grouped(counts[i] ?? 0)}</small>
          </button>
        ))}
        <button type="button" class="link" onClick={() => store.set({ hiddenKinds: new Set() })}>
          all
        </button>
        <button
          type="button"
          class="link"
          onClick={() => store.set({ hiddenKinds: new Set(recording.kinds) })}
        >
          none
        </button>
      </div>
      <p class="legend dim">
        <span class="mark block" /> block produced <span class="mark head" /> head changed{' '}
        <span class="mark bad" /> what is out of the ordinary <span class="mark down" /> host is down{' '}
        <span class="mark fault" /> fault <span class="mark cross">×</span> not delivered · wheel or + −
        zooms, drag or ← → moves, a click selects, a click on a name chooses the host
      </p>
    </div>
  );
}

function Hosts({ store, recording }: { readonly store: Store; readonly recording: Recording }): JSX.Element {
  const { hosts } = store.state;
  return (
    <details class="hosts">
      <summary>{hosts.size === 0 ? 'all hosts' : `${hosts.size} of ${recording.hosts.length} hosts`}</summary>
      <div class="host-list" role="group" aria-label="hosts">
        {recording.hosts.map(({ name, byzantine }) => (
          <label key={name}>
            <input type="checkbox" checked={hosts.has(name)} onChange={() => toggleHost(store, name)} />
            {name}
            {byzantine.length > 0 && <small class="bad-text"> {byzantine.join(', ')}</small>}
          </label>
        ))}
        <button type="button" class="link" onClick={() => store.set({ hosts: new Set() })}>
          all
        </button>
      </div>
    </details>
  );
}

function countKinds({ messages, kinds }: Recording): readonly number[] {
  const counts = kinds.map(() => 0);
  for (const kind of messages.kind) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function toggled(set: ReadonlySet<string>, item: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
