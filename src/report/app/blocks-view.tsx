/** The tree of blocks as each host has it at a chosen moment, with a scrubber over the time of the run. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Recording } from '../../cluster/recording.ts';
import { type HostView, hostsAt, knownTo } from '../host-view.ts';
import { momentText } from '../time-axis.ts';
import { BlockTree } from './block-tree.tsx';
import { grouped, shortId } from './format.ts';
import type { ViewProps } from './run-view.tsx';
import type { Store } from './store.ts';

/** Steps of the scrubber over the whole run. */
const SCRUB_STEPS = 2_000;

export function BlocksView({ store, run }: ViewProps): JSX.Element {
  const { recording } = run;
  const { atUs, treeHost } = store.state;
  const views = useMemo(() => hostsAt(recording, atUs), [recording, atUs]);
  const known = useMemo(
    () => (treeHost < 0 ? undefined : knownTo(recording, treeHost, atUs)),
    [recording, treeHost, atUs],
  );
  return (
    <div class="blocks">
      <Scrubber store={store} recording={recording} />
      <BlockTree recording={recording} atUs={atUs} views={views} known={known} host={treeHost} />
      <HostTable store={store} recording={recording} views={views} />
    </div>
  );
}

function Scrubber({
  store,
  recording,
}: {
  readonly store: Store;
  readonly recording: Recording;
}): JSX.Element {
  const { atUs, treeHost } = store.state;
  const changes = recording.heads.atUs;
  const before = changes.findLast((us) => us < atUs);
  const after = changes.find((us) => us > atUs);
  const step = Math.max(1, Math.round(store.endUs / SCRUB_STEPS));
  return (
    <div class="scrubber">
      <button
        type="button"
        disabled={before === undefined}
        onClick={() => store.goTo(before ?? 0)}
        title="the change of a head before"
      >
        ◂ change
      </button>
      <input
        type="range"
        min={0}
        max={store.endUs}
        step={step}
        value={atUs}
        aria-label="moment of the run"
        aria-valuetext={momentText(atUs)}
        onInput={(event) => store.goTo(Number(event.currentTarget.value))}
      />
      <button
        type="button"
        disabled={after === undefined}
        onClick={() => store.goTo(after ?? 0)}
        title="the next change of a head"
      >
        change ▸
      </button>
      <output class="num">{momentText(atUs)}</output>
      <label>
        as seen by{' '}
        <select
          value={String(treeHost)}
          onChange={(event) => store.set({ treeHost: Number(event.currentTarget.value) })}
        >
          <option value="-1">anybody</option>
          {recording.hosts.map(({ name }, host) => (
            <option key={name} value={String(host)}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function HostTable(props: {
  readonly store: Store;
  readonly recording: Recording;
  readonly views: readonly HostView[];
}): JSX.Element {
  const { store, recording, views } = props;
  const { blocks, samples } = recording;
  const sample = samples.atUs.findLastIndex((us) => us <= store.state.atUs);
  const cell = (row: readonly number[] | undefined, host: number): string => {
    const value = row?.[host] ?? -1;
    return value < 0 ? '–' : grouped(value);
  };
  return (
    <table class="host-table">
      <thead>
        <tr>
          <th scope="col">host</th>
          <th scope="col">head</th>
          <th scope="col">height</th>
          <th scope="col">final up to</th>
          <th scope="col">waiting transactions</th>
          <th scope="col">peers</th>
          <th scope="col">state</th>
        </tr>
      </thead>
      <tbody>
        {recording.hosts.map(({ name, byzantine }, host) => {
          const view = views[host];
          const head = blocks[view?.head ?? -1];
          return (
            <tr key={name} class={host === store.state.treeHost ? 'chosen' : ''}>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  aria-pressed={host === store.state.treeHost}
                  onClick={() => store.set({ treeHost: host === store.state.treeHost ? -1 : host })}
                >
                  {name}
                </button>
                {byzantine.length > 0 && <small class="bad-text"> {byzantine.join(', ')}</small>}
              </th>
              <td>
                <code>{head === undefined ? '–' : shortId(head.id)}</code>
              </td>
              <td class="num">{head === undefined ? '–' : grouped(head.height)}</td>
              <td class="num">{grouped(view?.final ?? 0)}</td>
              <td class="num">{cell(samples.mempool[sample], host)}</td>
              <td class="num">{cell(samples.peers[sample], host)}</td>
              <td>{view?.isUp === true ? 'up' : <span class="bad-text">down</span>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
