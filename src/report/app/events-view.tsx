/** What the nodes tell: a list that is searched, of which only what is seen stands in the page. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Recording } from '../../cluster/recording.ts';
import { momentText } from '../time-axis.ts';
import { grouped } from './format.ts';
import type { ViewProps } from './run-view.tsx';

const ROW_PX = 24;
const LIST_PX = 560;
/** Rows beyond the edges, so that a quick scroll shows no gap. */
const SPARE = 12;
/** Rows on paper. */
const PRINTED_MAX = 120;

function matching(
  { emitted, hosts, texts }: Recording,
  search: string,
  only: ReadonlySet<string>,
): readonly number[] {
  const wanted = search.toLowerCase();
  const found: number[] = [];
  for (let i = 0; i < emitted.step.length; i++) {
    const name = hosts[emitted.host[i] ?? -1]?.name ?? '';
    if (only.size > 0 && !only.has(name)) continue;
    const text = `${name} ${texts[emitted.kind[i] ?? -1] ?? ''} ${texts[emitted.text[i] ?? -1] ?? ''}`;
    if (wanted === '' || text.toLowerCase().includes(wanted)) found.push(i);
  }
  return found;
}

export function EventsView({ store, run, number }: ViewProps): JSX.Element {
  const { recording } = run;
  const { search, hosts, isPrinting } = store.state;
  const [top, setTop] = useState(0);
  const rows = useMemo(() => matching(recording, search, hosts), [recording, search, hosts]);
  const first = isPrinting
    ? Math.max(0, rows.length - PRINTED_MAX)
    : Math.max(0, Math.floor(top / ROW_PX) - SPARE);
  const count = isPrinting ? PRINTED_MAX : Math.ceil(LIST_PX / ROW_PX) + 2 * SPARE;
  const shown = rows.slice(first, first + count);
  return (
    <div class="event-list">
      <label class="search">
        <span>Search</span>
        <input
          type="search"
          value={search}
          placeholder="a host, a kind, an id"
          onInput={(event) => store.set({ search: event.currentTarget.value })}
        />
        <span class="dim" role="status">
          {grouped(rows.length)} of {grouped(recording.emitted.step.length)} events
          {hosts.size > 0 && `, of ${[...hosts].join(', ')} only`}
          {isPrinting && rows.length > PRINTED_MAX && `, the last ${PRINTED_MAX} printed`}
        </span>
      </label>
      <div
        class="scroller"
        style={isPrinting ? {} : { height: `${LIST_PX}px` }}
        tabIndex={0}
        aria-label="events of the nodes"
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div
          style={isPrinting ? {} : { height: `${rows.length * ROW_PX}px`, paddingTop: `${first * ROW_PX}px` }}
        >
          {shown.map((i) => (
            <Row
              key={i}
              recording={recording}
              at={i}
              onOpen={(step, atUs) => {
                store.goTo(atUs, 'messages');
                if (step >= 0) store.set({ selection: { run: number, step, message: undefined } });
              }}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function Row(props: {
  readonly recording: Recording;
  readonly at: number;
  readonly onOpen: (step: number, atUs: number) => void;
}): JSX.Element {
  const { emitted, hosts, texts } = props.recording;
  const { at } = props;
  const atUs = emitted.atUs[at] ?? 0;
  return (
    <div class="row" style={{ height: `${ROW_PX}px` }}>
      <button type="button" class="link num" onClick={() => props.onOpen(emitted.step[at] ?? -1, atUs)}>
        {momentText(atUs)}
      </button>
      <span class="host">{hosts[emitted.host[at] ?? -1]?.name}</span>
      <span class="kind">{texts[emitted.kind[at] ?? -1]}</span>
      <span class="text" title={texts[emitted.text[at] ?? -1]}>
        {texts[emitted.text[at] ?? -1]}
      </span>
    </div>
  );
}
