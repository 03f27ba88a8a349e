import { describe, expect, it } from 'vitest';
import type { ConnectionId } from '../../env/units.ts';
import { type NetworkConfig, plainNetwork } from './config.ts';
import type { LinkChange, LinkTarget } from './link-change.ts';
import { LinkFaults } from './link-faults.ts';
import type { MessageException } from './ports.ts';
import { addresses, type BedOptions, TestBed } from './test-bed.ts';

const LATENCY_US = 10_000;
const RTO_US = 200_000 + 2 * LATENCY_US;
const THERE: LinkTarget = { from: [0], to: [1], bothWays: false };

function pair(change: Partial<NetworkConfig> = {}, options: BedOptions = {}) {
  const bed = new TestBed({ ...plainNetwork(addresses(2), LATENCY_US), ...change }, options);
  const [a, b] = bed.connect(0, 1);
  return { bed, a, b, t: bed.nowUs() };
}

/** Sends `count` votes of 100 bytes, one each `everyUs`. */
function stream(bed: TestBed, c: ConnectionId, count: number, everyUs = 1000): void {
  const t = bed.nowUs();
  for (let i = 0; i < count; i++) bed.at(t + i * everyUs, () => bed.send(0, c));
}

describe('a cut', () => {
  it('stalls what is under way when it starts, and delivers it in order after it heals', () => {
    const { bed, a, t } = pair();
    stream(bed, a, 5);
    bed.at(t + 11_500, () => bed.network.setLink({ kind: 'cut', id: 'x', links: THERE }));
    bed.at(t + 100_000, () => bed.network.clear('x'));
    bed.run();
    const found = bed.deliveries();
    expect(found.map(([serial]) => serial)).toEqual([1, 2, 3, 4, 5]);
    expect(found.slice(0, 2).map(([, atUs]) => atUs - t)).toEqual([10_000, 11_000]);
    // Found out at 12 ms; one time-out later the sender tries again.
    expect(found.slice(2).map(([, atUs]) => atUs - t)).toEqual(
      [0, 1, 2].map((i) => 12_000 + RTO_US + LATENCY_US + i),
    );
    expect(bed.lines('disconnected')).toEqual([]);
  });

  it('that lasts ends the sender after stallResetUs; the notice ends the other side', () => {
    const { bed, a, t } = pair({ stallResetUs: 5_000_000 });
    bed.network.setLink({ kind: 'cut', id: 'x', links: { from: [0], to: [1], bothWays: false } });
    bed.send(0, a);
    bed.at(t + 6_000_000, () => bed.network.clear('x'));
    bed.run();
    const [first, second] = bed.lines('disconnected');
    expect(first).toMatchObject({ host: 0, reason: 'timeout' });
    // The first transmission was lost at once; its time-out brings it to the cut again.
    expect(first?.atUs).toBe(t + RTO_US + 5_000_000);
    // The reset was lost in the cut: keep-alive finds out.
    expect(second).toMatchObject({ host: 1, reason: 'reset' });
    expect(bed.lines('message')).toEqual([]);
  });

  it('of the answers alone lets messages pass, and ends the sender in time', () => {
    const { bed, a, t } = pair({ stallResetUs: 5_000_000 });
    bed.network.setLink({ kind: 'cut', id: 'x', links: { from: [1], to: [0], bothWays: false } });
    bed.send(0, a);
    bed.run();
    expect(bed.deliveries()).toEqual([[1, t + LATENCY_US]]);
    expect(bed.lines('disconnected').map((line) => [line.host, line.reason, line.atUs - t])).toEqual([
      [0, 'timeout', 5_000_000],
      [1, 'reset', 5_000_000 + LATENCY_US],
    ]);
  });

  it('fills the send queue, and gives room again when it heals', () => {
    const { bed, a, t } = pair();
    bed.network.setLink({ kind: 'isolate', id: 'x', hosts: [1] });
    const sent = Array.from({ length: 20 }, () => bed.send(0, a, 'block', 1024 * 1024));
    expect(sent.filter((note) => note !== undefined).length).toBe(16);
    bed.at(t + 1_000_000, () => bed.network.clear('x'));
    bed.run();
    expect(bed.lines('message').length).toBe(16);
    expect(bed.lines('writable').length).toBe(1);
  });

  it('does not bring back what a machine without power had sent into it', () => {
    const { bed, a, t } = pair();
    bed.network.setLink({ kind: 'isolate', id: 'x', hosts: [1] });
    bed.send(0, a);
    bed.at(t + 1000, () => bed.power(0));
    bed.at(t + 100_000, () => bed.restart(0));
    bed.at(t + 500_000, () => bed.network.clear('x'));
    bed.run();
    expect(bed.lines('message')).toEqual([]);
    expect(bed.lines('disconnected').map((line) => line.host)).toEqual([1]);
  });
});

describe('partitions', () => {
  const reach = (change: LinkChange, hosts: number) => {
    const faults = new LinkFaults(hosts);
    faults.set(change);
    return Array.from({ length: hosts }, (_, from) =>
      Array.from({ length: hosts }, (_, to) => (from === to || !faults.isCut(from, to) ? to : '')).join(''),
    );
  };

  it('split into groups, with bridges in two and hosts in none', () => {
    expect(reach({ kind: 'split', id: 'x', groups: [[0, 1, 2], [2, 3], [4]] }, 6)).toEqual([
      '0125',
      '0125',
      '01235',
      '235',
      '45',
      '012345',
    ]);
  });

  it('let two bridges of different pairs meet in a common group alone', () => {
    expect(
      reach(
        {
          kind: 'split',
          id: 'x',
          groups: [
            [0, 1],
            [1, 2],
            [2, 3],
            [3, 0],
          ],
        },
        4,
      ),
    ).toEqual(['013', '012', '123', '023']);
  });

  it('leave a ring its neighbours', () => {
    expect(reach({ kind: 'ring', id: 'x', hosts: [4, 0, 3, 1, 2], reach: 1 }, 6)).toEqual([
      '0345',
      '1235',
      '1245',
      '0135',
      '0245',
      '012345',
    ]);
  });

  it('isolate hosts, and cut one way', () => {
    expect(reach({ kind: 'isolate', id: 'x', hosts: [1] }, 3)).toEqual(['02', '1', '02']);
    expect(reach({ kind: 'cut', id: 'x', links: { from: [0], to: 'all', bothWays: false } }, 3)).toEqual([
      '0',
      '012',
      '012',
    ]);
  });

  it('compose: a link is whole again when the last change that cuts it is cleared', () => {
    const faults = new LinkFaults(3);
    faults.set({ kind: 'isolate', id: 'a', hosts: [0] });
    faults.set({ kind: 'split', id: 'b', groups: [[0], [1]] });
    faults.clear('a');
    expect([faults.isCut(0, 1), faults.isCut(0, 2), faults.quiet]).toEqual([true, false, false]);
    faults.clear('b');
    expect([faults.isCut(0, 1), faults.quiet]).toEqual([false, true]);
    expect(faults.clear('b')).toBeUndefined();
  });

  it('combine shares, sums and limits', () => {
    const faults = new LinkFaults(2);
    faults.set({ kind: 'loss', id: 'a', links: THERE, ppm: 500_000 });
    faults.set({ kind: 'loss', id: 'b', links: THERE, ppm: 500_000 });
    faults.set({ kind: 'latency', id: 'c', links: THERE, extraUs: 5 });
    faults.set({ kind: 'latency', id: 'd', links: THERE, extraUs: 7 });
    faults.set({ kind: 'bandwidth', id: 'e', links: THERE, kbitPerS: 100 });
    faults.set({ kind: 'bandwidth', id: 'f', links: THERE, kbitPerS: 50 });
    expect([faults.lossPpm(0, 1, 0), faults.extraUs(0, 1), faults.kbitPerS(0, 1)]).toEqual([750_000, 12, 50]);
    expect([faults.lossPpm(1, 0, 0), faults.extraUs(1, 0), faults.kbitPerS(1, 0)]).toEqual([0, 0, 0]);
    faults.set({ kind: 'loss', id: 'a', links: THERE, ppm: 0 });
    expect(faults.lossPpm(0, 1, 0)).toBe(500_000);
  });
});

describe('a clog', () => {
  it('keeps everything in order until it is cleared, and ends no connection', () => {
    const { bed, a, t } = pair();
    bed.network.setLink({ kind: 'clog', id: 'x', links: THERE });
    stream(bed, a, 4);
    bed.at(t + 90_000_000, () => bed.network.clear('x'));
    bed.run();
    expect(bed.deliveries()).toEqual([0, 1, 2, 3].map((i) => [i + 1, t + 90_000_000 + i]));
    expect(bed.lines('disconnected')).toEqual([]);
  });

  it('lasts until the last clog of the link is cleared', () => {
    const { bed, a, t } = pair();
    bed.network.setLink({ kind: 'clog', id: 'x', links: THERE });
    bed.network.setLink({ kind: 'clog', id: 'y', links: { from: 'all', to: 'all', bothWays: false } });
    bed.send(0, a);
    bed.at(t + 1_000_000, () => bed.network.clear('x'));
    bed.at(t + 2_000_000, () => bed.network.clear('y'));
    bed.run();
    expect(bed.deliveries()).toEqual([[1, t + 2_000_000]]);
  });
});

describe('loss', () => {
  it('shows on a stream as delay: whole retransmission time-outs, doubling', () => {
    const { bed, a, t } = pair({ stallResetUs: 1_000_000_000 });
    bed.network.setLink({ kind: 'loss', id: 'x', links: THERE, ppm: 500_000 });
    for (let i = 0; i < 200; i++) bed.at(t + i * 600_000_000, () => bed.send(0, a));
    bed.run();
    const late = bed.deliveries().map(([serial, atUs]) => atUs - t - (serial - 1) * 600_000_000 - LATENCY_US);
    const steps = new Map<number, number>();
    for (const us of late) steps.set(us, (steps.get(us) ?? 0) + 1);
    expect([...steps.keys()].sort((x, y) => x - y).slice(0, 4)).toEqual([0, RTO_US, 3 * RTO_US, 7 * RTO_US]);
    expect(steps.get(0)).toBeGreaterThan(75);
    expect(steps.get(0)).toBeLessThan(125);
  });

  it('of everything ends the connection by time-out, unless it stops before', () => {
    for (const stops of [true, false]) {
      const { bed, a, t } = pair();
      bed.network.setLink({ kind: 'loss', id: 'x', links: THERE, ppm: 1_000_000 });
      bed.send(0, a);
      if (stops) bed.at(t + 3_000_000, () => bed.network.clear('x'));
      bed.run();
      expect(bed.lines('message').length).toBe(stops ? 1 : 0);
      expect(bed.lines('disconnected')[0]?.reason).toBe(stops ? undefined : 'timeout');
    }
  });
});

describe('corruption', () => {
  it('is either refused by the codec, or delivers another message', () => {
    const { bed, a } = pair({ corruptPpm: 300_000 });
    for (let i = 0; i < 400; i++) bed.send(0, a, 'vote', 12);
    bed.run();
    const intact = bed
      .lines('message')
      .filter((line) => line.note.kind === 'vote' && line.note.serial <= 400);
    const malformed = bed.lines('malformed').length;
    const altered = bed.lines('message').length - intact.length;
    expect(malformed + altered + intact.length).toBe(400);
    expect(malformed).toBeGreaterThan(40);
    expect(altered).toBeGreaterThan(5);
    expect(malformed + altered).toBeGreaterThan(80);
    expect(malformed + altered).toBeLessThan(160);
  });

  it('resets the stream where it is configured to', () => {
    const { bed, a } = pair({ corruptPpm: 1_000_000, onCorruption: 'reset' });
    bed.send(0, a);
    bed.send(0, a);
    bed.run();
    expect(bed.lines('disconnected').map((line) => [line.host, line.reason])).toEqual([
      [1, 'reset'],
      [0, 'reset'],
    ]);
    expect(bed.lines('message')).toEqual([]);
  });
});

describe('every change of a stream', () => {
  const changes: readonly LinkChange[] = [
    { kind: 'split', id: 'x', groups: [[0], [1]] },
    { kind: 'ring', id: 'x', hosts: [0, 1], reach: 0 },
    { kind: 'isolate', id: 'x', hosts: [0] },
    { kind: 'cut', id: 'x', links: THERE },
    { kind: 'clog', id: 'x', links: THERE },
    { kind: 'loss', id: 'x', links: THERE, ppm: 900_000 },
    { kind: 'latency', id: 'x', links: THERE, extraUs: 5000 },
    { kind: 'bandwidth', id: 'x', links: THERE, kbitPerS: 8 },
    { kind: 'corrupt', id: 'x', links: THERE, ppm: 1_000_000 },
  ];
  it.each(changes)('$kind has an effect, and its removal restores the link', (change) => {
    const log = (during: LinkChange | undefined) => {
      const { bed, a, t } = pair();
      if (during !== undefined) bed.network.setLink(during);
      bed.send(0, a);
      bed.at(t + 2_000_000, () => bed.network.clear('x'));
      bed.at(t + 60_000_000, () => bed.send(0, a));
      bed.run();
      return bed.log.slice(2).filter((line) => line.what === 'message' || line.what === 'malformed');
    };
    const undisturbed = log(undefined);
    const disturbed = log(change);
    expect(disturbed[0]).not.toEqual(undisturbed[0]);
    expect(disturbed.at(-1)).toEqual(undisturbed[1]);
  });
});

describe('datagrams', () => {
  const DATAGRAM: Partial<NetworkConfig> = { model: 'datagram' };

  it('connect at once, even when nobody is there', () => {
    const bed = new TestBed({ ...plainNetwork(addresses(2), LATENCY_US), model: 'datagram' });
    bed.power(1);
    bed.dial(0, 1);
    bed.run();
    expect(bed.lines('connected')).toMatchObject([{ host: 0, atUs: 0 }]);
  });

  it('are lost, doubled and reordered, each by its own change', () => {
    const run = (change: LinkChange | undefined) => {
      const { bed, a } = pair(DATAGRAM);
      if (change !== undefined) bed.network.setLink(change);
      stream(bed, a, 100);
      bed.run();
      return bed.deliveries().map(([serial]) => serial);
    };
    const all = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(run(undefined)).toEqual(all);
    const lossy = run({ kind: 'loss', id: 'x', links: THERE, ppm: 300_000 });
    expect(lossy.length).toBeGreaterThan(50);
    expect(lossy.length).toBeLessThan(90);
    const doubled = run({ kind: 'duplicate', id: 'x', links: THERE, ppm: 300_000 });
    expect(doubled.length).toBeGreaterThan(110);
    expect(doubled.length).toBeLessThan(150);
    const mixed = run({ kind: 'reorder', id: 'x', links: THERE, ppm: 300_000, byUs: 50_000 });
    expect(mixed).not.toEqual(all);
    expect([...mixed].sort((x, y) => x - y)).toEqual(all);
  });

  it('vanish in a cut', () => {
    const { bed, a, t } = pair(DATAGRAM);
    stream(bed, a, 30);
    bed.at(t + 15_500, () => bed.network.setLink({ kind: 'cut', id: 'x', links: THERE }));
    bed.at(t + 25_500, () => bed.network.clear('x'));
    bed.run();
    expect(bed.deliveries().map(([serial]) => serial)).toEqual([
      1,
      2,
      3,
      4,
      5,
      6,
      ...Array.from({ length: 14 }, (_, i) => 17 + i),
    ]);
    expect(bed.lines('disconnected')).toEqual([]);
  });
});

describe('per-message draws', () => {
  const jitter: Partial<NetworkConfig> = {
    latency: {
      meanUs: [[LATENCY_US]],
      pair: { kind: 'uniform', minUs: 0, maxUs: 3000 },
      jitter: { kind: 'exponential', meanUs: 4000 },
    },
  };

  it('of one fault are not moved by the presence of another, nor by one that targets nobody', () => {
    const faults = (changes: readonly LinkChange[]) => {
      const told: MessageException[] = [];
      const { bed, a } = pair(
        { ...jitter, model: 'datagram' },
        { onMessageFault: (fault) => told.push(fault) },
      );
      for (const change of changes) bed.network.setLink(change);
      stream(bed, a, 300);
      bed.run();
      return { told, hash: bed.hash, log: bed.log };
    };
    const loss: LinkChange = { kind: 'loss', id: 'l', links: THERE, ppm: 100_000 };
    const doubled: LinkChange = { kind: 'duplicate', id: 'd', links: THERE, ppm: 100_000 };
    const nobody: LinkChange = {
      kind: 'corrupt',
      id: 'n',
      links: { from: [], to: 'all', bothWays: true },
      ppm: 500_000,
    };
    const alone = faults([loss]);
    const both = faults([doubled, loss]);
    expect(alone.told.length).toBeGreaterThan(10);
    expect(both.told.filter((fault) => fault.effect.kind === 'drop')).toEqual(alone.told);
    const empty = faults([nobody, loss]);
    expect([empty.hash, empty.log]).toEqual([alone.hash, alone.log]);
  });

  it('stay with their message when another kind is sent more often', () => {
    const votes = (blocks: number) => {
      const { bed, a, t } = pair(jitter);
      for (let i = 0; i < 50; i++) {
        const at = t + i * 1_000_000;
        bed.at(at, () => {
          for (let n = 0; n < blocks; n++) bed.send(0, a, 'block', 50);
        });
        bed.at(at + 500_000, () => bed.send(0, a, 'vote', 50));
      }
      bed.run();
      return bed
        .lines('message')
        .filter((line) => line.note.kind === 'vote')
        .map((line) => line.atUs);
    };
    expect(votes(3)).toEqual(votes(0));
  });

  it('give a pair one latency for ever, the same both ways, and each message its jitter', () => {
    const constant = { ...jitter.latency, jitter: { kind: 'constant', us: 0 } } as NetworkConfig['latency'];
    const { bed, a, b, t } = pair({ latency: constant });
    bed.send(0, a);
    bed.send(1, b);
    bed.run();
    const [there, back] = bed.deliveries().map(([, atUs]) => atUs - t);
    expect(there).toBe(back);
    expect(there).toBeGreaterThan(LATENCY_US);
    const jittery = pair(jitter);
    for (let i = 0; i < 20; i++)
      jittery.bed.at(jittery.t + i * 1_000_000, () => jittery.bed.send(0, jittery.a));
    jittery.bed.run();
    const delays = jittery.bed
      .deliveries()
      .map(([serial, atUs]) => atUs - jittery.t - (serial - 1) * 1_000_000);
    expect(new Set(delays).size).toBeGreaterThan(15);
  });

  it('are replayed by exceptions without any draw', () => {
    for (const model of ['stream', 'datagram'] as const) {
      const told: MessageException[] = [];
      const config: Partial<NetworkConfig> = {
        ...jitter,
        model,
        lossPpm: 200_000,
        duplicatePpm: 100_000,
        reorderPpm: 100_000,
        reorderUs: 9000,
        corruptPpm: 50_000,
      };
      const drawn = pair(config, { onMessageFault: (fault) => told.push(fault) });
      stream(drawn.bed, drawn.a, 200);
      drawn.bed.run();
      const replayed = pair(config, { exceptions: told, drawFaults: false });
      stream(replayed.bed, replayed.a, 200);
      replayed.bed.run();
      expect(told.length).toBeGreaterThan(40);
      expect(replayed.bed.log).toEqual(drawn.bed.log);
    }
  });

  it('may be replaced one by one', () => {
    const effects = (exceptions: readonly MessageException[]) => {
      const { bed, a, t } = pair({}, { exceptions });
      stream(bed, a, 3, 1_000_000);
      bed.run();
      return bed
        .deliveries()
        .map(([serial, atUs]) => [serial, atUs - t - (serial - 1) * 1_000_000 - LATENCY_US]);
    };
    const second = { from: 0, to: 1, messageKind: 'vote', ordinal: 1 };
    expect(effects([{ ...second, effect: { kind: 'delay', us: 777 } }])).toEqual([
      [1, 0],
      [2, 777],
      [3, 0],
    ]);
    expect(effects([{ ...second, effect: { kind: 'drop' } }])).toEqual([[1, 0]]);
  });
});

describe('isolate', () => {
  it('delivers copies, and the trace is the same', () => {
    const run = (isolate: boolean) => {
      const { bed, a } = pair({ lossPpm: 50_000, corruptPpm: 20_000, uploadKbitPerS: [5000] }, { isolate });
      const sent = Array.from({ length: 100 }, () => bed.send(0, a, 'tx', 300));
      bed.run();
      const same = bed.lines('message').filter((line) => sent.includes(line.note)).length;
      return { hash: bed.hash, log: bed.log, same };
    };
    const shared = run(false);
    const copied = run(true);
    expect(copied.hash).toBe(shared.hash);
    expect(copied.log).toEqual(shared.log);
    expect([shared.same > 80, copied.same]).toEqual([true, 0]);
  });
});
