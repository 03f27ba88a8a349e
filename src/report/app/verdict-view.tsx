/** The verdict and why: what was promised, what was broken, the numbers of the run, and the line that repeats it. */
import type { ComponentChildren, JSX } from 'preact';
import type { Recording } from '../../cluster/recording.ts';
import { momentText } from '../time-axis.ts';
import { CopyLine } from './copy-line.tsx';
import { grouped } from './format.ts';
import { Badge, type ViewProps } from './run-view.tsx';
import { failedAtUs, type Store } from './store.ts';

export function VerdictView({ store, run }: ViewProps): JSX.Element {
  const { recording, text, replay } = run;
  return (
    <div class="verdict">
      <div class="card lead">
        <p class="shows">{recording.shows}</p>
        <Reason store={store} recording={recording} />
        <h3>Repeat it</h3>
        <CopyLine text={replay} />
      </div>
      <Numbers recording={recording} />
      <LastEvents store={store} recording={recording} />
      <Kept recording={recording} />
      <details class="card" open={recording.result.verdict.kind !== 'passed'}>
        <summary>As the command line tells it</summary>
        <pre class="cli" tabIndex={0}>
          {text}
        </pre>
      </details>
      <span class="print-only">
        <Badge run={run} />
      </span>
    </div>
  );
}

/** What the verdict is, in a sentence, with its moment. */
function Reason({ store, recording }: { readonly store: Store; readonly recording: Recording }): JSX.Element {
  const { verdict, notes } = recording.result;
  const atUs = failedAtUs(recording);
  return (
    <>
      <h2 class={verdict.kind === 'passed' ? 'good-text' : 'bad-text'}>{headline(recording)}</h2>
      {verdict.kind === 'violated' && (
        <>
          <p class="fact">{verdict.violation.fact}</p>
          <p>
            Law <code>{verdict.violation.oracle}</code>, rule <code>{verdict.violation.rule}</code>
            {verdict.violation.hosts.length > 0 && <>, concerning {verdict.violation.hosts.join(', ')}</>}.
          </p>
        </>
      )}
      {verdict.kind === 'crashed' && <pre class="stack">{`${verdict.error}\n${verdict.stack}`}</pre>}
      {verdict.kind === 'nondeterminism' && <pre class="stack">{verdict.detail}</pre>}
      {verdict.kind === 'tooLittle' && (
        <ul>
          {verdict.missing.map(({ what, wanted, got, why, change }) => (
            <li key={what}>
              <code>{what}</code>: at least {wanted} wanted, {got} counted, because {why}. To change it:{' '}
              {change}.
            </li>
          ))}
        </ul>
      )}
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {atUs !== undefined && (
        <button type="button" class="primary" onClick={() => store.goTo(atUs, 'messages')}>
          Show the moment: {momentText(atUs)}
        </button>
      )}
    </>
  );
}

function headline({ result, endUs }: Recording): string {
  const { verdict } = result;
  switch (verdict.kind) {
    case 'passed':
      return 'Passed: everything that was promised held';
    case 'violated': {
      const { kind, oracle, atUs } = verdict.violation;
      return kind === 'safety'
        ? `Safety violated: ${oracle}, at ${momentText(atUs)}`
        : `Liveness violated: ${oracle}, at ${momentText(atUs)}`;
    }
    case 'unexpectedPass':
      return `Nothing was violated within ${momentText(endUs)}, but ${verdict.expected} was expected`;
    case 'tooLittle':
      return 'Too little happened: the run proves nothing';
    case 'crashed':
      return `${verdict.host} crashed at ${momentText(verdict.atUs)}`;
    case 'nondeterminism':
      return `Nondeterminism: ${verdict.fact}`;
  }
}

function Numbers({ recording }: { readonly recording: Recording }): JSX.Element {
  const { result, hosts, endUs, faults } = recording;
  const planned = faults.filter(({ isHelper }) => !isHelper);
  const byzantine = hosts.filter((host) => host.byzantine.length > 0).length;
  const effective = planned.filter(({ spans }) => spans.length > 0).length;
  const head =
    result.head === undefined
      ? 'none'
      : `height ${grouped(result.head.height)}, ${result.head.id.slice(0, 12)}`;
  return (
    <dl class="numbers card">
      <Number name="hosts">
        {grouped(hosts.length)}
        {byzantine > 0 && <small> {byzantine} Byzantine</small>}
      </Number>
      <Number name="simulated">{grouped(endUs / 1_000_000)} s</Number>
      <Number name="events">{grouped(result.events)}</Number>
      <Number name="messages delivered">{grouped(result.messages)}</Number>
      <Number name="blocks">{grouped(result.counts.blocks)}</Number>
      <Number name="reorganisations">
        {grouped(result.counts.reorgs)}
        {result.counts.reorgDepth > 0 && <small> up to {result.counts.reorgDepth} deep</small>}
      </Number>
      <Number name="faults with an effect">
        {effective} <small>of {planned.length} planned</small>
      </Number>
      <Number name="common head">{head}</Number>
      <Number name="trace hash">
        <code>{result.traceHash}</code>
      </Number>
    </dl>
  );
}

function Number({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function LastEvents({
  store,
  recording,
}: {
  readonly store: Store;
  readonly recording: Recording;
}): JSX.Element | null {
  const { lastEvents } = recording.result;
  if (lastEvents.length === 0) return null;
  return (
    <div class="card">
      <h3>Events that help to understand it</h3>
      <table class="events">
        <thead>
          <tr>
            <th scope="col">time</th>
            <th scope="col">host</th>
            <th scope="col">what</th>
          </tr>
        </thead>
        <tbody>
          {lastEvents.map(({ atUs, host, text }) => (
            <tr key={`${atUs}${host}${text}`}>
              <td class="num">
                <button type="button" class="link" onClick={() => store.goTo(atUs, 'messages')}>
                  {momentText(atUs)}
                </button>
              </td>
              <td>{host}</td>
              <td class="wrap">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What this file holds of the run, so that nothing is taken for the whole that is not. */
function Kept({ recording }: { readonly recording: Recording }): JSX.Element {
  const { window, endUs } = recording;
  const isWhole =
    window.fromUs === 0 && window.messagesKept === window.messagesSent && window.limits.length === 0;
  const routine = window.routine.map(({ kind, times }) => `${grouped(times)} ${kind}`);
  return (
    <div class={`card kept ${isWhole ? '' : 'partial'}`}>
      <h3>What this file holds</h3>
      <p>
        {isWhole
          ? `All ${grouped(window.messagesSent)} messages and all ${grouped(window.eventsEmitted)} events of nodes.`
          : `${grouped(window.messagesKept)} of ${grouped(window.messagesSent)} messages and ${grouped(window.eventsKept)} of ${grouped(window.eventsEmitted)} events of nodes: those from ${momentText(window.fromUs)} to ${momentText(window.untilUs)} of ${momentText(endUs)}. Heads, blocks, boots, faults and plots of heights are of the whole run.`}
        {routine.length > 0 && ` Counted and not kept: ${routine.join(', ')}.`}
      </p>
      {window.limits.length > 0 && <p>Cut: {window.limits.join('; ')}.</p>}
    </div>
  );
}
