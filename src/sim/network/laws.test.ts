import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionId } from '../../env/units.ts';
import { type NetworkConfig, plainNetwork } from './config.ts';
import type { LinkChange } from './link-change.ts';
import { LinkFaults } from './link-faults.ts';
import type { HostPort } from './ports.ts';
import { addresses, type BedOptions, type Line, type Note, TestBed } from './test-bed.ts';

const HOSTS = 4;
const UNTIL_US = 40_000_000;

/** What a run does, all in terms of small numbers. */
interface Action {
  readonly atMs: number;
  readonly host: number;
  readonly other: number;
  readonly what: 'dial' | 'send' | 'close' | 'closeNow' | 'kill' | 'power' | 'restart';
  readonly kind: 'vote' | 'block';
  readonly bytes: number;
}
interface Fault {
  readonly fromMs: number;
  readonly forMs: number;
  readonly isBusy?: false;
  readonly change: LinkChange;
}
interface Run {
  readonly seed: number;
  readonly config: Pick<
    NetworkConfig,
    'model' | 'uplink' | 'uploadKbitPerS' | 'downloadKbitPerS' | 'lossPpm' | 'latency' | 'stallResetUs'
  >;
  readonly actions: readonly Action[];
  readonly faults: readonly Fault[];
}

const host = fc.nat({ max: HOSTS - 1 });
const hosts = fc.uniqueArray(host, { maxLength: HOSTS });
const links = fc.record({
  from: fc.oneof(hosts, fc.constant('all' as const)),
  to: hosts,
  bothWays: fc.boolean(),
});
const action: fc.Arbitrary<Action> = fc.record({
  atMs: fc.nat({ max: 15_000 }),
  host,
  other: host,
  what: fc.constantFrom(
    'dial',
    'dial',
    'send',
    'send',
    'send',
    'send',
    'send',
    'close',
    'closeNow',
    'kill',
    'power',
    'restart',
    'restart',
  ),
  kind: fc.constantFrom('vote', 'block'),
  bytes: fc.oneof(fc.integer({ min: 9, max: 300 }), fc.integer({ min: 9, max: 300_000 })),
});
const cut: fc.Arbitrary<LinkChange> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), id: fc.constant(''), links }),
  fc.record({ kind: fc.constant('isolate' as const), id: fc.constant(''), hosts }),
  fc.record({
    kind: fc.constant('split' as const),
    id: fc.constant(''),
    groups: fc.array(hosts, { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('ring' as const),
    id: fc.constant(''),
    hosts,
    reach: fc.constantFrom(0, 1),
  }),
);
const nuisance: fc.Arbitrary<LinkChange> = fc.oneof(
  fc.record({ kind: fc.constant('clog' as const), id: fc.constant(''), links }),
  fc.record({
    kind: fc.constant('loss' as const),
    id: fc.constant(''),
    links,
    ppm: fc.nat({ max: 1_000_000 }),
  }),
  fc.record({
    kind: fc.constant('latency' as const),
    id: fc.constant(''),
    links,
    extraUs: fc.nat({ max: 500_000 }),
  }),
  fc.record({
    kind: fc.constant('bandwidth' as const),
    id: fc.constant(''),
    links,
    kbitPerS: fc.integer({ min: 100, max: 9000 }),
  }),
);
const run: fc.Arbitrary<Run> = fc.record({
  seed: fc.nat(),
  config: fc.record({
    model: fc.constantFrom('stream', 'stream', 'datagram', 'simblock'),
    uplink: fc.constantFrom('fair', 'fifo'),
    uploadKbitPerS: fc.constantFrom([0], [8000], [100_000]),
    downloadKbitPerS: fc.constantFrom([0], [4000], [100_000]),
    lossPpm: fc.constantFrom(0, 0, 100_000),
    latency: fc.constantFrom(plainNetwork(addresses(1), 20_000).latency, {
      meanUs: [[30_000]],
      pair: { kind: 'uniform', minUs: 0, maxUs: 9000 },
      jitter: { kind: 'exponential', meanUs: 20_000 },
    }),
    stallResetUs: fc.constantFrom(2_000_000, 20_000_000),
  }),
  actions: fc.array(action, { minLength: 10, maxLength: 120 }),
  faults: fc.array(
    fc.record({
      fromMs: fc.integer({ min: 1, max: 15_000 }),
      forMs: fc.integer({ min: 1, max: 10_000 }),
      change: fc.oneof(cut, cut, nuisance),
    }),
    { maxLength: 5 },
  ),
});

interface Sent {
  readonly from: number;
  readonly c: ConnectionId;
  readonly note: Note;
}
interface Outcome {
  readonly bed: TestBed;
  readonly sent: readonly Sent[];
}

/** Plays a run. Everybody dials everybody first; later sends go to whichever connection of the host comes up. */
function play(plan: Run, options: BedOptions = {}, onStep: (bed: TestBed) => void = () => {}): Outcome {
  const bed = new TestBed(
    { ...plainNetwork(addresses(HOSTS), 1), bulkKinds: new Set(['block']), ...plan.config },
    { seed: plan.seed, ...options },
  );
  const open: ConnectionId[][] = Array.from({ length: HOSTS }, () => []);
  const sent: Sent[] = [];
  bed.onLine = (line) => {
    const mine = open[line.host] as ConnectionId[];
    if (line.what === 'connected') mine.push(line.c);
    if (line.what === 'disconnected') mine.splice(mine.indexOf(line.c), 1);
    onStep(bed);
  };
  for (let a = 0; a < HOSTS; a++) for (let b = 0; b < HOSTS; b++) if (a < b) bed.dial(a, b);
  for (const one of plan.actions) bed.at(one.atMs * 1000, () => act(bed, one, open, sent));
  for (const [number, fault] of plan.faults.entries()) {
    const id = `f${number}`;
    // Everybody has something under way when a change comes, and sends into it.
    for (const aroundMs of fault.isBusy === false ? [] : [-15, -3, 2]) {
      const atUs = Math.max(1, (fault.fromMs + aroundMs) * 1000);
      for (let from = 0; from < HOSTS; from++) bed.at(atUs, () => sendToAll(bed, from, open, sent));
    }
    bed.at(fault.fromMs * 1000, () => bed.network.setLink({ ...fault.change, id }));
    bed.at((fault.fromMs + fault.forMs) * 1000, () => bed.network.clear(id));
  }
  bed.run(UNTIL_US);
  return { bed, sent };
}

function sendToAll(bed: TestBed, from: number, open: readonly ConnectionId[][], sent: Sent[]): void {
  if (bed.up[from] !== true) return;
  for (const c of open[from] as ConnectionId[]) {
    const note = bed.send(from, c);
    if (note !== undefined) sent.push({ from, c, note });
  }
}

function act(bed: TestBed, one: Action, open: readonly ConnectionId[][], sent: Sent[]): void {
  const mine = open[one.host] as ConnectionId[];
  const c = mine[one.bytes % Math.max(1, mine.length)];
  const isUp = bed.up[one.host] === true;
  if (one.what === 'restart' && !isUp) bed.restart(one.host);
  if (!isUp) return;
  if (one.what === 'kill' || one.what === 'power') {
    mine.length = 0;
    if (one.what === 'kill') bed.kill(one.host);
    else bed.power(one.host);
  } else if (one.what === 'dial') bed.dial(one.host, one.other);
  else if (c !== undefined && one.what === 'send') {
    for (let i = 0; i < 3; i++) {
      const note = bed.send(one.host, c, one.kind, one.bytes);
      if (note !== undefined) sent.push({ from: one.host, c, note });
    }
  } else if (c !== undefined && one.what !== 'restart') {
    mine.splice(mine.indexOf(c), 1);
    bed.close(one.host, c, one.what === 'close' ? 'afterQueued' : 'now');
  }
}

/** FIFO: at each end the serial numbers grow, without a gap among what its peer sent, at strictly growing times. */
function fifoFaults({ bed, sent }: Outcome): string[] {
  const found: string[] = [];
  const last = new Map<string, { readonly serial: number; readonly atUs: number; readonly sender: string }>();
  const order = new Map<string, number[]>();
  const senderOf = new Map<number, string>();
  for (const { from, c, note } of sent) {
    const sender = `${from}/${c}`;
    const list = order.get(sender) ?? [];
    list.push(note.serial);
    order.set(sender, list);
    senderOf.set(note.serial, sender);
  }
  for (const line of bed.lines('message')) {
    const end = `${line.host}/${line.c}`;
    const sender = senderOf.get(line.note.serial) ?? 'nobody';
    const before = last.get(end);
    if (before !== undefined && line.atUs <= before.atUs)
      found.push(`${end}: time does not grow at ${line.atUs}`);
    const list = order.get(sender) ?? [];
    const expected = before === undefined ? list[0] : list[list.indexOf(before.serial) + 1];
    if (before !== undefined && before.sender !== sender) found.push(`${end}: two senders`);
    if (expected !== line.note.serial) found.push(`${end}: ${line.note.serial} where ${expected} was due`);
    last.set(end, { serial: line.note.serial, atUs: line.atUs, sender });
  }
  return found;
}

/** Nothing is delivered while an active change cuts the link from its sender. */
function leaks(plan: Run, { bed, sent }: Outcome): string[] {
  const found: string[] = [];
  const from = new Map(sent.map((one) => [one.note.serial, one.from]));
  for (const line of bed.lines('message')) {
    const faults = new LinkFaults(HOSTS);
    for (const [number, fault] of plan.faults.entries()) {
      const since = fault.fromMs * 1000;
      // At the instants of the change itself either order is right.
      const isActive = since < line.atUs && line.atUs < since + fault.forMs * 1000;
      if (isActive) faults.set({ ...fault.change, id: `f${number}` });
    }
    const sender = from.get(line.note.serial) as number;
    if (faults.isCut(sender, line.host)) found.push(`${line.note.serial} at ${line.atUs}`);
  }
  return found;
}

/** Callbacks of a connection: connected first and once, disconnected last and at most once, nothing for a dead boot. */
function lifeFaults({ bed }: Outcome): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'ended'>();
  for (const line of bed.log as readonly Line[]) {
    if (line.what === 'dialFailed') continue;
    const end = `${line.host}/${line.boot}/${line.c}`;
    const before = state.get(end);
    if (line.what === 'connected') {
      if (before !== undefined) found.push(`${end} connected again`);
      state.set(end, 'open');
    } else if (before !== 'open') found.push(`${end} ${line.what} while ${before ?? 'unknown'}`);
    if (line.what === 'disconnected') state.set(end, 'ended');
  }
  return found;
}

function watchBoots(found: string[]): (bed: TestBed) => void {
  return (bed) => {
    const line = bed.log.at(-1);
    if (line === undefined) return;
    if (bed.up[line.host] !== true || bed.boots[line.host] !== line.boot)
      found.push(`${line.what} of a dead boot`);
  };
}

function ordered(plan: Run): Run {
  return { ...plan, config: { ...plan.config, model: 'stream' } };
}

const RUNS = { numRuns: 1000, seed: 20261120 };

describe('laws of the network', () => {
  it('one stream delivers in order, without gaps, at strictly growing times', () => {
    fc.assert(
      fc.property(run, (plan) => {
        expect(fifoFaults(play(ordered(plan)))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('nothing is delivered across a cut', () => {
    fc.assert(
      fc.property(run, (plan) => {
        expect(leaks(plan, play(plan))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('each end connects once and disconnects at most once, and dead boots hear nothing', () => {
    fc.assert(
      fc.property(run, (plan) => {
        const found: string[] = [];
        const outcome = play(plan, {}, watchBoots(found));
        expect([...lifeFaults(outcome), ...found]).toEqual([]);
      }),
      RUNS,
    );
  });

  it('when every host is dead and silence has fallen, the network holds nothing', () => {
    fc.assert(
      fc.property(run, fc.boolean(), (plan, byPower) => {
        const { bed } = play(plan);
        for (let one = 0; one < HOSTS; one++) {
          if (bed.up[one] !== true) continue;
          if (byPower) bed.power(one);
          else bed.kill(one);
        }
        bed.run();
        expect(bed.network.load()).toEqual({ connections: 0, messages: 0 });
      }),
      RUNS,
    );
  });

  it('a run is a function of its plan, and copies change nothing', () => {
    fc.assert(
      fc.property(run, (plan) => {
        const hash = play(plan).bed.hash;
        expect(play(plan).bed.hash).toBe(hash);
        expect(play(plan, { isolate: true }).bed.hash).toBe(hash);
      }),
      { ...RUNS, numRuns: 300 },
    );
  });

  it('a change that targets nobody changes nothing', () => {
    fc.assert(
      fc.property(run, (plan) => {
        const nobody: Fault = {
          isBusy: false,
          fromMs: 1,
          forMs: 14_000,
          change: { kind: 'loss', id: '', links: { from: [], to: 'all', bothWays: false }, ppm: 900_000 },
        };
        const with0 = { ...plan, faults: [...plan.faults, nobody] };
        expect(play(with0).bed.log).toEqual(play(plan).bed.log);
      }),
      { ...RUNS, numRuns: 300 },
    );
  });

  it('after everything heals, what was sent on connections that last is delivered', () => {
    fc.assert(
      fc.property(run, (plan) => {
        const quiet = plan.actions.filter((one) => one.what === 'dial' || one.what === 'send');
        const outcome = play({
          ...plan,
          actions: quiet,
          config: { ...ordered(plan).config, stallResetUs: 600_000_000 },
        });
        outcome.bed.run(2_000_000_000);
        expect(outcome.bed.lines('disconnected')).toEqual([]);
        expect(outcome.bed.lines('message').length).toBe(outcome.sent.length);
      }),
      { ...RUNS, numRuns: 500 },
    );
  });
});

describe('the laws can fail', () => {
  /** A network with a bug, as the hosts see it. */
  function broken(wrap: (hosts: HostPort<Note>, bed: TestBed) => Partial<HostPort<Note>>): BedOptions {
    return { wrapHosts: (inner, bed) => ({ ...inner, ...wrap(inner, bed) }) };
  }
  const finds = (check: (plan: Run) => readonly string[]) =>
    fc.check(
      fc.property(run, (plan) => check(plan).length === 0),
      RUNS,
    ).failed;

  it('order: a network that swaps two messages now and then is found', () => {
    const swapping = broken((inner) => {
      let held: (() => void) | undefined;
      let count = 0;
      return {
        message: (to, boot, c, note, bytes) => {
          const now = () => inner.message(to, boot, c, note, bytes);
          const before = held;
          held = undefined;
          if (++count % 5 === 0) held = now;
          else {
            now();
            before?.();
          }
        },
      };
    });
    expect(finds((plan) => fifoFaults(play(ordered(plan), swapping)))).toBe(true);
  });

  it('gaps: a network that loses a message of a stream is found', () => {
    const losing = broken((inner) => {
      let count = 0;
      return {
        message: (to, boot, c, note, bytes) => {
          if (++count % 7 !== 0) inner.message(to, boot, c, note, bytes);
        },
      };
    });
    expect(finds((plan) => fifoFaults(play(ordered(plan), losing)))).toBe(true);
  });

  it('cuts: a network that ignores every change is found', () => {
    expect(
      finds((plan) => {
        const leaking = play({ ...plan, faults: [] });
        return leaks(plan, leaking);
      }),
    ).toBe(true);
  });

  it('cuts: a network that judges at sending alone, and lets through what is under way, is found', () => {
    // The change reaches the links a while after it is in force: what is under way by then has passed.
    expect(
      finds((plan) => {
        const late = plan.faults.map((fault) => ({ ...fault, fromMs: fault.fromMs + 20 }));
        return leaks(plan, play({ ...plan, faults: late }));
      }),
    ).toBe(true);
  });

  it('ends: a network that tells of an end twice is found', () => {
    const twice = broken((inner) => ({
      disconnected: (of, boot, c, reason) => {
        inner.disconnected(of, boot, c, reason);
        inner.disconnected(of, boot, c, reason);
      },
    }));
    expect(finds((plan) => lifeFaults(play(plan, twice)))).toBe(true);
  });

  it('boots: a network that calls on the dead is found', () => {
    const late = broken((inner, bed) => ({
      message: (to, boot, c, note, bytes) => {
        bed.at(bed.nowUs() + 300_000, () => inner.message(to, boot, c, note, bytes));
      },
    }));
    expect(
      finds((plan) => {
        const found: string[] = [];
        play(plan, late, watchBoots(found));
        return found;
      }),
    ).toBe(true);
  });
});
