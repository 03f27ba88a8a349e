/** Draws messages as lines, what nodes told as marks on their lanes, and the way that led to a selected step. */
import { type Plane } from './plane.ts';
import { kindVariable } from './theme.ts';

/** Lines that one frame draws: more are a carpet in which nothing is seen, and take too long. */
const LINES_MAX = 16_000;
/** Marks on one lane do not come closer: they would hide each other. */
const MARK_GAP_PX = 5;
const CROSS_PX = 10;

/** What came of a drawing. */
export interface Drawn {
  /** Messages that are under way in the span and pass the filters. */
  readonly seen: number;
  /** Those of them that were drawn. */
  readonly messages: readonly number[];
  /** Events that were drawn. */
  readonly events: readonly number[];
}

export function drawMessages(plane: Plane): Pick<Drawn, 'seen' | 'messages'> {
  const { context, scene } = plane;
  const { kinds, messages } = scene.run.recording;
  const seen: number[] = [];
  scene.index.within(scene.fromUs, scene.untilUs, (message) => {
    if (scene.isShown(message)) seen.push(message);
  });
  const stride = Math.ceil(seen.length / LINES_MAX);
  const drawn = stride <= 1 ? seen : seen.filter((_, i) => i % stride === 0);
  const byKind = kinds.map((): number[] => []);
  for (const message of drawn) byKind[messages.kind[message] ?? -1]?.push(message);
  context.lineWidth = drawn.length > 4_000 ? 0.7 : 1.1;
  context.globalAlpha = Math.min(0.9, Math.max(0.06, 700 / Math.max(1, drawn.length)));
  for (const [kind, own] of byKind.entries()) {
    context.strokeStyle = plane.colour(kindVariable(kinds[kind] ?? ''));
    context.beginPath();
    for (const message of own) line(plane, message);
    context.stroke();
  }
  context.globalAlpha = 1;
  return { seen: seen.length, messages: drawn };
}

/** What was not delivered ends in a cross after a short way. */
function line(plane: Plane, message: number): void {
  const { context } = plane;
  const { x1, y1, x2, y2 } = plane.lineOf(message);
  context.moveTo(x1, y1);
  if (plane.isDelivered(message)) {
    context.lineTo(x2, y2);
    return;
  }
  const [x, y] = [x1 + CROSS_PX, y1 + Math.sign(y2 - y1) * CROSS_PX];
  context.lineTo(x, y);
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x + 3, y - 3);
  context.lineTo(x - 3, y + 3);
}

type Mark = 'block' | 'head' | 'bad' | undefined;

/** How an event looks; undefined: it has no mark, and is found in the list. */
function markOf(kind: string): Mark {
  switch (kind) {
    case 'BlockProduced':
      return 'block';
    case 'HeadChanged':
      return 'head';
    case 'Reorganised':
    case 'NodeHalted':
    case 'BlockRejected':
    case 'PeerBanned':
    case 'CorruptionDetected':
    case 'Deviated':
    case 'HostDown':
      return 'bad';
    default:
      return undefined;
  }
}

/** Marks, what went wrong on top. */
export function drawEvents(plane: Plane): readonly number[] {
  const { emitted, texts } = plane.scene.run.recording;
  const lastX = new Map<number, number>();
  const drawn: { readonly event: number; readonly mark: Mark }[] = [];
  for (let event = firstFrom(emitted.atUs, plane.scene.fromUs); event < emitted.atUs.length; event++) {
    const atUs = emitted.atUs[event] ?? 0;
    if (atUs > plane.scene.untilUs) break;
    const mark = markOf(texts[emitted.kind[event] ?? -1] ?? '');
    const host = emitted.host[event] ?? 0;
    const x = plane.x(atUs);
    if (mark === undefined || (mark !== 'bad' && x - (lastX.get(host) ?? -MARK_GAP_PX) < MARK_GAP_PX))
      continue;
    lastX.set(host, x);
    drawn.push({ event, mark });
  }
  for (const { event, mark } of drawn)
    drawMark(plane, mark, plane.x(emitted.atUs[event] ?? 0), plane.y(emitted.host[event] ?? 0));
  return drawn.map(({ event }) => event);
}

function drawMark(plane: Plane, mark: Mark, x: number, y: number): void {
  const { context, lane } = plane;
  const size = Math.min(4.5, Math.max(2, lane / 4));
  context.beginPath();
  if (mark === 'head') {
    context.fillStyle = plane.colour('--c-text');
    context.arc(x, y, size * 0.55, 0, 2 * Math.PI);
  } else if (mark === 'block') {
    context.fillStyle = plane.colour('--c-block');
    context.rect(x - size, y - size, 2 * size, 2 * size);
  } else {
    context.fillStyle = plane.colour('--c-bad');
    context.moveTo(x, y - size * 1.3);
    context.lineTo(x + size * 1.3, y);
    context.lineTo(x, y + size * 1.3);
    context.lineTo(x - size * 1.3, y);
    context.closePath();
  }
  context.fill();
}

/** The first place whose time is not before `us`, in a column that grows. */
function firstFrom(atUs: readonly number[], us: number): number {
  let low = 0;
  let high = atUs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((atUs[middle] ?? 0) < us) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The steps that led to the selected one, as one thick line, and that step itself. */
export function drawWay(plane: Plane): void {
  const { context, scene } = plane;
  const { steps } = scene.run.recording;
  const [selected] = scene.way;
  if (selected === undefined) return;
  const place = (step: number): readonly [number, number] => [
    plane.x(steps.atUs[step] ?? 0),
    plane.y(steps.host[step] ?? 0),
  ];
  context.strokeStyle = plane.colour('--c-now');
  context.lineWidth = 2.5;
  context.lineJoin = 'round';
  context.beginPath();
  for (const step of scene.way) context.lineTo(...place(step));
  context.stroke();
  if (scene.selectedMessage !== undefined) {
    const { x1, y1, x2, y2 } = plane.lineOf(scene.selectedMessage);
    context.lineWidth = 3.5;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
  const [x, y] = place(selected);
  context.fillStyle = plane.colour('--c-back');
  context.lineWidth = 2.5;
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}
