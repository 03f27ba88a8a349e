/** What is selected in the space-time diagram, and the chain of events that led to it. */
import type { JSX } from 'preact';
import type { Recording } from '../../cluster/recording.ts';
import { causesOf } from '../causes.ts';
import type { StepIndex } from '../step-index.ts';
import { momentText } from '../time-axis.ts';
import { selectStep } from './diagram-input.ts';
import { grouped } from './format.ts';
import type { Selection, Store } from './store.ts';

/** Steps back along the causes that are listed. */
const CAUSES_SHOWN = 16;

export function StepDetail(props: {
  readonly store: Store;
  readonly number: number;
  readonly recording: Recording;
  readonly steps: StepIndex;
  readonly selection: Selection;
}): JSX.Element {
  const { store, number, recording, steps, selection } = props;
  const { step, message } = selection;
  const causes = causesOf(recording.steps, step).slice(1);
  return (
    <aside class="card detail" aria-label="what is selected" aria-live="polite">
      <h3>
        {steps.hostName(recording.steps.host[step] ?? -1)} at {momentText(recording.steps.atUs[step] ?? 0)}{' '}
        <span class="dim">event #{grouped(recording.steps.index[step] ?? 0)} of the trace</span>
      </h3>
      {message !== undefined && (
        <p>
          <strong>{steps.messageText(message)}</strong>
          <br />
          <span class="dim">
            {steps.journey(message)}, {grouped(recording.messages.bytes[message] ?? 0)} bytes
          </span>
        </p>
      )}
      <ul class="told">
        {steps.told(step).map((event) => (
          <li key={event}>{steps.eventText(event)}</li>
        ))}
        {steps.sentTexts(step).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <h4>What led to it, back in time</h4>
      {causes.length === 0 && <p class="dim">It was scheduled before what is kept, or by the run itself.</p>}
      <ol class="causes">
        {causes.slice(0, CAUSES_SHOWN).map((cause) => (
          <li key={cause}>
            <button type="button" class="link num" onClick={() => selectStep(store, number, steps, cause)}>
              {momentText(recording.steps.atUs[cause] ?? 0)}
            </button>{' '}
            <strong>{steps.hostName(recording.steps.host[cause] ?? -1)}</strong> {steps.stepText(cause)}
          </li>
        ))}
      </ol>
      {causes.length > CAUSES_SHOWN && <p class="dim">and {grouped(causes.length - CAUSES_SHOWN)} more</p>}
    </aside>
  );
}
