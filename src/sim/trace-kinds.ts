/** Names of the kinds of events, for people who read a trace. */
import { OP } from './network/core.ts';
import type { TraceRecord } from './trace.ts';

/** Operations of the host component. */
export const HOST_OP = {
  start: 0,
  timer: 1,
  flushed: 2,
  verified: 3,
  command: 4,
  wake: 5,
  stopDeadline: 6,
} as const;

/** What the control component does to a host, as an event of that host. */
export const CONTROL_OP = {
  crash: 0,
  stop: 1,
  start: 2,
  pause: 3,
  resume: 4,
  clock: 5,
  disk: 6,
  link: 7,
} as const;

/** Calls of a program, as they are traced within an event. */
export const CALL = {
  start: 64,
  timer: 65,
  flushed: 66,
  verified: 67,
  command: 68,
  stop: 69,
  connected: 70,
  dialFailed: 71,
  message: 72,
  malformed: 73,
  writable: 74,
  disconnected: 75,
} as const;

/** Effects of a handler, and what becomes of a call or a boot. */
export const TRACE = {
  emit: 80,
  send: 81,
  dial: 82,
  close: 83,
  write: 84,
  flush: 85,
  setTimer: 86,
  verify: 87,
  reply: 88,
  done: 89,
  waits: 90,
  ended: 91,
} as const;

const COMPONENTS = ['control', 'host', 'network'];

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  for (const [name, number] of Object.entries(names)) if (number === value) return name;
  return `${value}`;
}

/** `host.timer`, `control.crash`, `network.arrive`. */
export function kindName(kind: number): string {
  const component = kind >>> 8;
  const op = kind & 255;
  const names = component === 0 ? CONTROL_OP : component === 1 ? HOST_OP : component === 2 ? OP : {};
  return `${COMPONENTS[component] ?? component}.${nameIn(names, op)}`;
}

/** One record as a line. */
export function describeRecord(r: TraceRecord): string {
  const fingerprint = r.fingerprint.toString(16).padStart(8, '0');
  return `#${r.index} ${r.timeUs}us host ${r.host} ${kindName(r.kind)} ${fingerprint} from #${r.parent} draws ${r.draws} ${r.hash}`;
}

/** Two rings side by side from the older start on, `|` between equal records and `<>` between others. */
export function describeRings(a: readonly TraceRecord[], b: readonly TraceRecord[]): readonly string[] {
  const firstA = a[0]?.index ?? 0;
  const firstB = b[0]?.index ?? 0;
  const from = Math.min(firstA, firstB);
  const to = Math.max(firstA + a.length, firstB + b.length);
  const lines: string[] = [];
  for (let index = from; index < to; index++) {
    const one = a[index - firstA];
    const two = b[index - firstB];
    const same = one !== undefined && two !== undefined && one.hash === two.hash;
    const left = one === undefined ? '(none)' : describeRecord(one);
    const right = two === undefined ? '(none)' : describeRecord(two);
    lines.push(same ? `   ${left}  |  ${right}` : `>> ${left}  <>  ${right}`);
  }
  return lines;
}
