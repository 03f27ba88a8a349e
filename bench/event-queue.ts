/** The event queue against tinyqueue with closures: hold model with a fresh message for each event, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import TinyQueue from 'tinyqueue';
import { mix32 } from '../src/sim/hash.ts';
import { EventQueue } from '../src/sim/queue.ts';

const EVENTS = 1_000_000;
const PENDING = [1_000, 100_000, 1_000_000];
const ROUNDS = 2;
const REPEATS = 3;
const MEAN_DELAY = 1_000_000;

interface Message {
  readonly kind: string;
  readonly height: number;
  readonly from: number;
}

/** Keeps what the loops did alive. */
let sum = 0;

/** CPU of this process, its collector's threads included: what others do on the machine counts for less. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function delayOf(i: number): number {
  return (mix32(i) % (2 * MEAN_DELAY)) + 1;
}

function holdTyped(pending: number): number {
  const queue = new EventQueue();
  let i = 0;
  const add = (nowUs: number): void => {
    const message: Message = { kind: 'ping', height: i, from: i & 511 };
    queue.push(nowUs + delayOf(i), mix32(i + 7) >>> 2, i & 511, 513, i, 0, message, i);
    i++;
  };
  while (i < pending) add(0);
  const from = cpuMs();
  for (let n = 0; n < EVENTS; n++) {
    queue.pop();
    const message = queue.payload as Message;
    sum += message.height + queue.host;
    add(queue.timeUs);
  }
  return EVENTS / (cpuMs() - from) / 1000;
}

/** The queue alone: nothing is allocated for an event. */
function holdBare(pending: number): number {
  const queue = new EventQueue();
  let i = 0;
  const add = (nowUs: number): void => {
    queue.push(nowUs + delayOf(i), mix32(i + 7) >>> 2, i & 511, 513, i, 0, undefined, i);
    i++;
  };
  while (i < pending) add(0);
  const from = cpuMs();
  for (let n = 0; n < EVENTS; n++) {
    queue.pop();
    sum += queue.host + 1;
    add(queue.timeUs);
  }
  return EVENTS / (cpuMs() - from) / 1000;
}

const LOOPS = new Map([
  ['typed', holdTyped],
  ['closures', holdClosures],
  ['bare', holdBare],
]);

interface ClosureEvent {
  readonly timeUs: number;
  readonly tie: number;
  readonly sequence: number;
  readonly run: () => void;
}

function holdClosures(pending: number): number {
  const queue = new TinyQueue<ClosureEvent>(
    [],
    (a, b) => a.timeUs - b.timeUs || a.tie - b.tie || a.sequence - b.sequence,
  );
  let i = 0;
  const add = (nowUs: number): void => {
    const message: Message = { kind: 'ping', height: i, from: i & 511 };
    const host = i & 511;
    const run = (): void => {
      sum += message.height + host;
    };
    queue.push({ timeUs: nowUs + delayOf(i), tie: mix32(i + 7) >>> 2, sequence: i, run });
    i++;
  };
  while (i < pending) add(0);
  const from = cpuMs();
  for (let n = 0; n < EVENTS; n++) {
    const event = queue.pop();
    if (event === undefined) break;
    event.run();
    add(event.timeUs);
  }
  return EVENTS / (cpuMs() - from) / 1000;
}

/** The best of several runs in a fresh process: what other work on the machine takes only makes it slower. */
function measure(name: string, pending: number): number {
  const file = new URL(import.meta.url).pathname;
  const child = spawnSync(process.execPath, [file, name, `${pending}`], { encoding: 'utf8' });
  return Number(child.stdout);
}

const [, , name, size] = process.argv;
if (name === undefined) {
  for (const pending of PENDING) {
    const best = new Map<string, number>();
    // In turns, so that all three see the same machine.
    for (let round = 0; round < ROUNDS; round++) {
      for (const loop of LOOPS.keys()) best.set(loop, Math.max(best.get(loop) ?? 0, measure(loop, pending)));
    }
    const [typed = 0, closures = 0, bare = 0] = [...LOOPS.keys()].map((loop) => best.get(loop));
    const ratio = (typed / closures).toFixed(2);
    console.log(
      `${pending} pending: ${typed.toFixed(2)} M events/s, tinyqueue with closures ${closures.toFixed(2)}, ratio ${ratio}; bare ${bare.toFixed(2)}`,
    );
  }
} else {
  const hold = LOOPS.get(name) ?? holdTyped;
  const rates = Array.from({ length: REPEATS }, () => hold(Number(size)));
  if (sum === 0) throw new Error('the loops did nothing');
  console.log(Math.max(...rates));
}
