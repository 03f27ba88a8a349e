/** Draws what stands behind and around the messages: lanes, faults, names of hosts, moments, the axis. */
import { momentText, ticksOf } from '../time-axis.ts';
import { AXIS_PX, BAR_PX, GUTTER_PX, type Plane } from './plane.ts';

/** Names of hosts do not come closer. */
const LABEL_PX = 13;
/** Pixels between two marks of the axis. */
const TICK_PX = 110;
/** Narrower, a text says nothing. */
const TEXT_MIN_PX = 24;

/** Text where it has room, else none. */
function textIn(plane: Plane, text: string, x: number, y: number, width: number, variable: string): void {
  const { context } = plane;
  if (width < TEXT_MIN_PX || context.measureText(text).width > width) return;
  context.fillStyle = plane.colour(variable);
  context.fillText(text, x, y);
}

/** Lanes, and what lies over them. */
export function drawLanes(plane: Plane): void {
  const { context, scene, lane } = plane;
  context.strokeStyle = plane.colour('--c-lane');
  context.lineWidth = 1;
  context.beginPath();
  for (const host of scene.run.recording.hosts.keys()) {
    const y = Math.round(plane.y(host)) + 0.5;
    context.moveTo(GUTTER_PX, y);
    context.lineTo(plane.width, y);
  }
  context.stroke();
  drawUnkept(plane);
  drawLinkBands(plane);
  for (const { host, fromUs, untilUs, kind, text } of scene.bands) {
    if (!plane.isSeen(fromUs, untilUs)) continue;
    const { x, width } = plane.stretch(fromUs, untilUs);
    const top = plane.y(host) - lane * 0.4;
    context.fillStyle = plane.colour(kind === 'down' ? '--c-down' : '--c-fault-fill');
    context.fillRect(x, top, width, lane * 0.8);
    if (lane >= LABEL_PX) textIn(plane, text, x + 4, top + 7, width - 8, '--c-dim');
  }
}

/** Times of which no messages are kept. */
function drawUnkept(plane: Plane): void {
  const { context, scene } = plane;
  const { window, endUs } = scene.run.recording;
  const gaps: readonly (readonly [number, number, string])[] = [
    [0, window.fromUs, `no messages kept before ${momentText(window.fromUs)}`],
    [window.untilUs, endUs, `no messages kept after ${momentText(window.untilUs)}`],
  ];
  for (const [fromUs, untilUs, text] of gaps) {
    if (untilUs <= fromUs || !plane.isSeen(fromUs, untilUs)) continue;
    const { x, width } = plane.stretch(fromUs, untilUs);
    context.fillStyle = plane.colour('--c-unkept');
    context.fillRect(x, plane.top, width, plane.height - plane.top - AXIS_PX);
    textIn(plane, text, x + 8, plane.top + 9, width - 16, '--c-dim');
  }
}

function drawLinkBands(plane: Plane): void {
  const { context, scene, lane } = plane;
  for (const { hosts, fromUs, untilUs, text, row } of scene.linkBands) {
    if (!plane.isSeen(fromUs, untilUs)) continue;
    const { x, width } = plane.stretch(fromUs, untilUs);
    context.fillStyle = plane.colour('--c-fault-fill');
    for (const host of hosts) context.fillRect(x, plane.y(host) - lane / 2, width, lane);
    context.fillStyle = plane.colour('--c-fault');
    context.fillRect(x, 4 + row * BAR_PX, width, BAR_PX - 3);
    textIn(plane, text, x + 4, 4 + row * BAR_PX + (BAR_PX - 3) / 2, width - 8, '--c-on-fault');
  }
}

/** Lines through all lanes: the failure, the quiet end, the moment that is looked at. */
export function drawMoments(plane: Plane): void {
  const { scene } = plane;
  moment(plane, scene.run.recording.quietFromUs, '--c-quiet', [2, 4]);
  moment(plane, scene.atUs, '--c-now', [5, 3]);
  if (scene.failedUs !== undefined) moment(plane, scene.failedUs, '--c-bad', []);
}

function moment(plane: Plane, us: number, variable: string, dash: readonly number[]): void {
  if (!plane.isSeen(us, us)) return;
  const { context } = plane;
  const x = Math.round(plane.x(us)) + 0.5;
  context.strokeStyle = plane.colour(variable);
  context.lineWidth = 1.5;
  context.setLineDash([...dash]);
  context.beginPath();
  context.moveTo(x, plane.top - 4);
  context.lineTo(x, plane.height - AXIS_PX);
  context.stroke();
  context.setLineDash([]);
}

/** Names at the left: of many hosts every second, third, … */
export function drawNames(plane: Plane): void {
  const { context, scene, lane } = plane;
  const { hosts } = scene.run.recording;
  const every = Math.ceil(LABEL_PX / lane);
  context.textAlign = 'right';
  for (const [host, { name, byzantine }] of hosts.entries()) {
    const isChosen = scene.isChosen(host);
    if (host % every !== 0 && !isChosen) continue;
    if (host % every !== 0 && every > 1) continue;
    context.fillStyle = plane.colour(!isChosen ? '--c-faint' : byzantine.length > 0 ? '--c-bad' : '--c-text');
    context.fillText(byzantine.length > 0 ? `◆ ${name}` : name, GUTTER_PX - 8, plane.y(host));
  }
  context.textAlign = 'left';
}

export function drawAxis(plane: Plane): void {
  const { context, scene, width, height } = plane;
  const y = height - AXIS_PX + 4.5;
  context.strokeStyle = plane.colour('--c-dim');
  context.fillStyle = plane.colour('--c-dim');
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(GUTTER_PX, y);
  context.lineTo(width, y);
  context.textAlign = 'center';
  const about = Math.max(2, (width - GUTTER_PX) / TICK_PX);
  for (const { us, text } of ticksOf(scene.fromUs, scene.untilUs, about)) {
    const x = Math.round(plane.x(us)) + 0.5;
    context.moveTo(x, y);
    context.lineTo(x, y + 5);
    const half = context.measureText(text).width / 2;
    if (x - half > GUTTER_PX - 20 && x + half < width) context.fillText(text, x, y + 14);
  }
  context.stroke();
  context.textAlign = 'right';
  context.fillText('time', GUTTER_PX - 24, y + 14);
  context.textAlign = 'left';
}

/** `12.345 s` beside the moment that is looked at. */
export function drawNow(plane: Plane): void {
  const { context, scene } = plane;
  if (!plane.isSeen(scene.atUs, scene.atUs)) return;
  const text = momentText(scene.atUs);
  const width = context.measureText(text).width + 10;
  const x = Math.min(plane.width - width, Math.max(GUTTER_PX, plane.x(scene.atUs) - width / 2));
  context.fillStyle = plane.colour('--c-now');
  context.fillRect(x, plane.height - AXIS_PX + 9, width, 18);
  context.fillStyle = plane.colour('--c-back');
  context.fillText(text, x + 5, plane.height - AXIS_PX + 18);
}
