/** The space-time view: filters, the diagram with its mouse and keys, and what is selected in it. */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { bandsOf, linkBandsOf } from '../bands.ts';
import { causesOf, messagesAround } from '../causes.ts';
import { MessageIndex } from '../message-index.ts';
import { StepIndex } from '../step-index.ts';
import { momentText } from '../time-axis.ts';
import { Diagram } from './diagram.ts';
import { onDiagramKey, watchPointer } from './diagram-input.ts';
import { Filters } from './filters.tsx';
import { grouped } from './format.ts';
import type { Scene } from './plane.ts';
import { runLetter, type ViewProps } from './run-view.tsx';
import { StepDetail } from './step-detail.tsx';
import { failedAtUs } from './store.ts';

export function SpaceTimeView({ store, run, number }: ViewProps): JSX.Element {
  const { recording } = run;
  const { state } = store;
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const diagramRef = useRef<Diagram>(null);
  const noteRef = useRef<HTMLParagraphElement>(null);
  const index = useMemo(() => new MessageIndex(recording.messages, recording.steps), [recording]);
  const steps = useMemo(() => new StepIndex(recording), [recording]);
  const bands = useMemo(() => bandsOf(recording), [recording]);
  const linkBands = useMemo(() => linkBandsOf(recording), [recording]);
  const selection = state.selection?.run === number ? state.selection : undefined;
  const { causes } = state;
  const picked = useMemo(
    () =>
      selection === undefined || causes === 'all'
        ? undefined
        : messagesAround(recording.steps, recording.messages, selection.step, causes, recording.hosts.length),
    [recording, selection?.step, causes],
  );
  const { from, to, kind } = recording.messages;
  // Asked of every message in sight, a hundred thousand times a frame.
  const chosen = recording.hosts.map(({ name }) => state.hosts.size === 0 || state.hosts.has(name));
  const hidden = recording.kinds.map((name) => state.hiddenKinds.has(name));
  const isChosen = (host: number): boolean => chosen[host] === true;
  const isShown = (message: number): boolean =>
    (picked === undefined || picked[message] === 1) &&
    hidden[kind[message] ?? -1] !== true &&
    (isChosen(from[message] ?? -1) || isChosen(to[message] ?? -1));
  const scene: Scene = {
    run,
    index,
    bands,
    linkBands,
    fromUs: state.fromUs,
    untilUs: state.untilUs,
    atUs: state.atUs,
    failedUs: failedAtUs(recording),
    isShown,
    isChosen,
    way: selection === undefined ? [] : causesOf(recording.steps, selection.step),
    selectedMessage: selection?.message,
  };
  useLayoutEffect(() => {
    const canvas = canvasRef.current;
    if (canvas === null) return undefined;
    const diagram = new Diagram(canvas);
    diagramRef.current = diagram;
    return watchPointer(canvas, diagram, store, number, steps);
  }, [recording]);
  useLayoutEffect(() => {
    const drawn = diagramRef.current?.draw(scene);
    if (noteRef.current !== null && drawn !== undefined)
      noteRef.current.textContent = noteOf(drawn.seen, drawn.messages.length, state.fromUs, state.untilUs);
  });
  return (
    <div class="space-time">
      <Filters store={store} recording={recording} isFirst={store.runs[0]?.[0] === number} />
      <div class="diagram">
        <canvas
          ref={canvasRef}
          tabIndex={0}
          role="img"
          aria-label={`Space-time diagram of run ${runLetter(number)}: ${recording.hosts.length} hosts from ${momentText(state.fromUs)} to ${momentText(state.untilUs)}. Arrow keys move, plus and minus zoom.`}
          onKeyDown={(event) => onDiagramKey(event, store, number, steps)}
        />
        <p ref={noteRef} class="dim note-line" role="status" />
      </div>
      {selection !== undefined && (
        <StepDetail store={store} number={number} recording={recording} steps={steps} selection={selection} />
      )}
    </div>
  );
}

/** What is seen, and whether it is all. */
function noteOf(seen: number, drawn: number, fromUs: number, untilUs: number): string {
  const span = `${momentText(Math.round(fromUs))} to ${momentText(Math.round(untilUs))}`;
  if (seen === drawn) return `${span}: ${grouped(seen)} messages`;
  return `${span}: ${grouped(drawn)} of ${grouped(seen)} messages are drawn, every ${Math.ceil(seen / drawn)}th in the order of sending; zoom in for all`;
}
