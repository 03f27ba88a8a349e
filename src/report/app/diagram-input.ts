/** Mouse and keys of the space-time diagram: zoom, pan, select, choose hosts. */
import type { StepIndex } from '../step-index.ts';
import type { Diagram } from './diagram.ts';
import type { Store } from './store.ts';

/** A wheel turned by one notch zooms by a sixth. */
const WHEEL_FACTOR = 0.0016;
const KEY_ZOOM = 1.5;
/** A key moves by a part of what is seen. */
const KEY_PAN = 0.15;
/** A press that moves less is a click. */
const CLICK_PX = 4;

/** Zooms about a moment; `factor` above 1: further away. */
export function zoom(store: Store, aboutUs: number, factor: number): void {
  const { fromUs, untilUs } = store.state;
  store.look(aboutUs - (aboutUs - fromUs) * factor, aboutUs + (untilUs - aboutUs) * factor);
}

function pan(store: Store, byUs: number): void {
  store.look(store.state.fromUs + byUs, store.state.untilUs + byUs);
}

/** Chooses a host, or no longer. */
export function toggleHost(store: Store, name: string): void {
  const hosts = new Set(store.state.hosts);
  if (!hosts.delete(name)) hosts.add(name);
  store.set({ hosts });
}

/** Answers how to stop. */
export function watchPointer(
  canvas: HTMLCanvasElement,
  diagram: Diagram,
  store: Store,
  run: number,
  steps: StepIndex,
): () => void {
  let drag: { readonly x: number; readonly fromUs: number; moved: number } | undefined;
  const placeOf = (event: MouseEvent): readonly [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const [x] = placeOf(event);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
      pan(store, (event.deltaX === 0 ? event.deltaY : event.deltaX) * diagram.usPerPixel);
    else zoom(store, diagram.timeAt(x), Math.exp(event.deltaY * WHEEL_FACTOR));
  };
  const onDown = (event: PointerEvent): void => {
    drag = { x: event.clientX, fromUs: store.state.fromUs, moved: 0 };
    canvas.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent): void => {
    if (drag === undefined) return;
    const dx = event.clientX - drag.x;
    drag.moved = Math.max(drag.moved, Math.abs(dx));
    if (drag.moved < CLICK_PX) return;
    const from = drag.fromUs - dx * diagram.usPerPixel;
    store.look(from, from + (store.state.untilUs - store.state.fromUs));
  };
  const onUp = (event: PointerEvent): void => {
    const isClick = drag !== undefined && drag.moved < CLICK_PX;
    drag = undefined;
    if (isClick) onClick(...placeOf(event));
  };
  const onClick = (x: number, y: number): void => {
    const host = diagram.nameAt(x, y);
    if (host !== undefined) {
      toggleHost(store, steps.hostName(host));
      return;
    }
    const hit = diagram.hit(x, y);
    if (hit === undefined)
      store.set({ atUs: Math.round(diagram.timeAt(x)), selection: undefined, causes: 'all' });
    else if ('message' in hit) selectMessage(store, run, steps, hit.message);
    else selectStep(store, run, steps, steps.stepOfEvent(hit.event));
  };
  canvas.addEventListener('wheel', onWheel, { passive: false });
  canvas.addEventListener('pointerdown', onDown);
  canvas.addEventListener('pointermove', onMove);
  canvas.addEventListener('pointerup', onUp);
  return () => {
    canvas.removeEventListener('wheel', onWheel);
    canvas.removeEventListener('pointerdown', onDown);
    canvas.removeEventListener('pointermove', onMove);
    canvas.removeEventListener('pointerup', onUp);
  };
}

/** Selects the arrival of a message; of one that did not arrive its sending. */
function selectMessage(store: Store, run: number, steps: StepIndex, message: number): void {
  const step = steps.stepOfMessage(message);
  store.set({ selection: { run, step, message }, atUs: steps.timeOf(step) });
}

/** Selects a step, and goes to its moment. */
export function selectStep(store: Store, run: number, steps: StepIndex, step: number | undefined): void {
  if (step === undefined || step < 0) return;
  store.set({ selection: { run, step, message: steps.delivered(step) } });
  store.goTo(steps.timeOf(step));
}

/** Keys while the diagram has the focus. */
export function onDiagramKey(event: KeyboardEvent, store: Store, run: number, steps: StepIndex): void {
  const { state } = store;
  const width = state.untilUs - state.fromUs;
  const middle =
    state.atUs >= state.fromUs && state.atUs <= state.untilUs ? state.atUs : state.fromUs + width / 2;
  const selected = state.selection?.run === run ? state.selection.step : undefined;
  const go = (step: (from: number) => number | undefined): void =>
    selectStep(store, run, steps, selected === undefined ? steps.nearest(middle) : step(selected));
  const acts: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => pan(store, -width * KEY_PAN),
    ArrowRight: () => pan(store, width * KEY_PAN),
    '+': () => zoom(store, middle, 1 / KEY_ZOOM),
    '=': () => zoom(store, middle, 1 / KEY_ZOOM),
    '-': () => zoom(store, middle, KEY_ZOOM),
    '0': () => store.look(0, store.endUs),
    ArrowUp: () => go((step) => steps.beside(step, -1)),
    ArrowDown: () => go((step) => steps.beside(step, 1)),
    ',': () => go((step) => steps.causeOf(step)),
    '.': () => go((step) => steps.consequence(step)),
  };
  const act = acts[event.key];
  if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
}
