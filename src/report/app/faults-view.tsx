/** The faults: what was planned, when it had an effect and on whom, and why it had none. */
import type { JSX } from 'preact';
import type { RecordedFault, Recording } from '../../cluster/recording.ts';
import { momentText, spanText } from '../time-axis.ts';
import type { ViewProps } from './run-view.tsx';
import type { Store } from './store.ts';

/** Rows on screen at once: more are found by the search. */
const ROWS_MAX = 400;
/** Spans of one fault that are named. */
const SPANS_NAMED = 4;

export function FaultsView({ store, run }: ViewProps): JSX.Element {
  const { recording, faultTexts } = run;
  const planned = recording.faults.filter(({ isHelper }) => !isHelper);
  const wanted = store.state.search.toLowerCase();
  const idle = new Map(recording.result.idleFaults.map(({ id, why }) => [id, why]));
  const rows = planned.filter(({ id, kind }) =>
    `${kind} ${id} ${faultTexts[id] ?? ''}`.toLowerCase().includes(wanted),
  );
  if (planned.length === 0) return <p class="empty">No fault was planned.</p>;
  return (
    <div class="faults">
      <label class="search">
        <span>Search</span>
        <input
          type="search"
          value={store.state.search}
          onInput={(event) => store.set({ search: event.currentTarget.value })}
        />
        <span class="dim" role="status">
          {rows.length} of {planned.length} faults{rows.length > ROWS_MAX && `, the first ${ROWS_MAX} shown`}
        </span>
      </label>
      <table>
        <thead>
          <tr>
            <th scope="col">planned for</th>
            <th scope="col">kind</th>
            <th scope="col">what</th>
            <th scope="col">effect</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map((fault) => (
            <tr key={fault.id}>
              <td class="num">
                <button type="button" class="link" onClick={() => store.goTo(fault.plannedUs, 'messages')}>
                  {momentText(fault.plannedUs)}
                </button>
              </td>
              <td>{fault.kind}</td>
              <td class="wrap">{faultTexts[fault.id] ?? fault.id}</td>
              <td class="wrap">
                {fault.spans.length === 0 ? (
                  <span class="dim">none: {idle.get(fault.id) ?? 'it changed nothing'}</span>
                ) : (
                  <Effects store={store} fault={fault} recording={recording} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Effects(props: {
  readonly store: Store;
  readonly fault: RecordedFault;
  readonly recording: Recording;
}): JSX.Element {
  const { spans } = props.fault;
  const texts = spans.map(({ host, fromUs, untilUs }) => {
    const who = host < 0 ? '' : `${props.recording.hosts[host]?.name ?? host}: `;
    const until =
      untilUs === undefined ? ', to the end' : untilUs === fromUs ? '' : ` for ${spanText(untilUs - fromUs)}`;
    return `${who}from ${momentText(fromUs)}${until}`;
  });
  return (
    <>
      {texts.slice(0, SPANS_NAMED).map((text) => (
        <div key={text}>{text}</div>
      ))}
      {texts.length > SPANS_NAMED && <div class="dim">and {texts.length - SPANS_NAMED} more</div>}
    </>
  );
}
