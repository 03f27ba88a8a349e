import { describe, expect, it } from 'vitest';
import { SEND_QUEUE_MAX_BYTES } from '../../env/network.ts';
import { address } from '../../env/units.ts';
import { type NetworkConfig, plainNetwork } from './config.ts';
import { addresses, TestBed } from './test-bed.ts';

const LATENCY_US = 10_000;

function plain(count: number, change: Partial<NetworkConfig> = {}): NetworkConfig {
  return { ...plainNetwork(addresses(count), LATENCY_US), ...change };
}

function limited(count: number, kbitPerS: number, change: Partial<NetworkConfig> = {}): NetworkConfig {
  return plain(count, { uploadKbitPerS: [kbitPerS], ...change });
}

describe('dial', () => {
  it('tells the dialer after one round trip, and the listener half a round trip later', () => {
    const bed = new TestBed(plain(2));
    bed.dial(0, 1);
    bed.run();
    expect(bed.lines('connected').map((line) => [line.host, line.atUs, line.info])).toEqual([
      [0, 2 * LATENCY_US, { direction: 'out', remote: 'h1', dialed: 'h1' }],
      [1, 3 * LATENCY_US, { direction: 'in', remote: 'h0/out' }],
    ]);
  });

  it('is refused after one round trip when the process is down and its machine lives', () => {
    const bed = new TestBed(plain(2));
    bed.kill(1);
    bed.dial(0, 1);
    bed.run();
    expect(bed.log).toMatchObject([{ what: 'dialFailed', reason: 'refused', atUs: 2 * LATENCY_US }]);
  });

  it('times out when the power is off, or the way is cut in either direction', () => {
    for (const cut of ['power', 'there', 'back'] as const) {
      const bed = new TestBed(plain(2, { dialTimeoutUs: 3_000_000 }));
      if (cut === 'power') bed.power(1);
      else {
        const [from, to] = cut === 'there' ? [[0], [1]] : [[1], [0]];
        bed.network.setLink({
          kind: 'cut',
          id: 'x',
          links: { from: from as number[], to: to as number[], bothWays: false },
        });
      }
      bed.dial(0, 1);
      bed.run();
      expect(bed.log).toMatchObject([{ what: 'dialFailed', reason: 'timeout', atUs: 3_000_000 }]);
    }
  });

  it('succeeds late when the cut heals before the time-out', () => {
    const bed = new TestBed(plain(2));
    bed.network.setLink({ kind: 'isolate', id: 'x', hosts: [1] });
    bed.at(500_000, () => bed.network.clear('x'));
    bed.dial(0, 1);
    bed.run();
    expect(bed.log.map((line) => line.what)).toEqual(['connected', 'connected']);
    // Attempts at 10 ms, + 200 ms, + 400 ms; the answer takes 10 ms more.
    expect(bed.log[0]?.atUs).toBe(620_000);
  });

  it('answers self and unreachable as a later event', () => {
    const bed = new TestBed(plain(2));
    bed.dial(0, 0);
    bed.network.dial(0, 1, address('nowhere'), 0);
    expect(bed.log).toEqual([]);
    bed.run();
    expect(
      bed
        .lines('dialFailed')
        .map((line) => line.reason)
        .sort(),
    ).toEqual(['self', 'unreachable']);
  });

  it('fails with limit past the inbound connections of the listener, and succeeds when one has ended', () => {
    const config = plain(4);
    const hosts = config.hosts.map((place, host) => (host === 0 ? { ...place, inboundMax: 2 } : place));
    const bed = new TestBed({ ...config, hosts });
    const [first] = bed.connect(1, 0);
    bed.connect(2, 0);
    bed.dial(3, 0);
    bed.run();
    expect(bed.lines('dialFailed').map((line) => line.reason)).toEqual(['limit']);
    bed.close(1, first);
    bed.run();
    bed.connect(3, 0);
  });

  it('gives each of two hosts that dial each other two connections', () => {
    const bed = new TestBed(plain(2));
    bed.dial(0, 1);
    bed.dial(1, 0);
    bed.run();
    expect(bed.lines('connected').length).toBe(4);
    expect(new Set(bed.lines('connected').map((line) => `${line.host}/${line.c}`)).size).toBe(4);
  });

  it('never uses an id of a host twice, whatever ends', () => {
    const bed = new TestBed(plain(3));
    for (let i = 0; i < 50; i++) {
      const [c] = bed.connect(0, 1 + (i % 2));
      if (i % 3 === 0) bed.close(0, c, 'now');
    }
    bed.run();
    const ids = bed
      .lines('connected')
      .filter((line) => line.host === 0)
      .map((line) => line.c);
    expect(ids.length).toBe(50);
    for (let i = 1; i < ids.length; i++) expect(ids[i]).toBeGreaterThan(ids[i - 1] as number);
  });
});

describe('send', () => {
  it('delivers after the latency, and messages of one instant one µs apart in order', () => {
    const bed = new TestBed(plain(2));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    for (let i = 0; i < 4; i++) bed.send(0, a);
    bed.run();
    expect(bed.deliveries()).toEqual([0, 1, 2, 3].map((i) => [i + 1, t + LATENCY_US + i]));
  });

  it('lets messages that a busy host computes leave later, and drops those that its end forestalls', () => {
    const bed = new TestBed(plain(2));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, a, 'vote', 100, t + 1000);
    bed.send(0, a, 'vote', 100, t + 9000);
    bed.at(t + 5000, () => bed.kill(0));
    bed.run();
    expect(bed.deliveries()).toEqual([[1, t + 1000 + LATENCY_US]]);
    expect(bed.lines('disconnected').map((line) => [line.host, line.reason])).toEqual([[1, 'reset']]);
  });

  it('answers closed for ids that are unknown, closed, of another host or of an earlier boot', () => {
    const bed = new TestBed(plain(2));
    const [a, b] = bed.connect(0, 1);
    expect(bed.send(1, a)).toBeUndefined();
    expect(bed.network.send(0, 7, a, { kind: 'vote', serial: 1, bytes: 9 }, bed.nowUs())).toBe('closed');
    bed.close(0, a);
    expect(bed.network.send(0, 1, a, { kind: 'vote', serial: 1, bytes: 9 }, bed.nowUs())).toBe('closed');
    bed.run();
    expect(bed.network.send(1, 1, b, { kind: 'vote', serial: 1, bytes: 9 }, bed.nowUs())).toBe('closed');
  });

  it('answers full past the send queue, and tells once when half of it is free', () => {
    const bed = new TestBed(limited(2, 8000));
    const [a] = bed.connect(0, 1);
    const part = 4 * 1024 * 1024;
    for (let i = 0; i < 4; i++) expect(bed.send(0, a, 'block', part)).toBeDefined();
    const t = bed.nowUs();
    for (let i = 0; i < 3; i++) {
      const note = { kind: 'vote', serial: 99, bytes: 10 };
      expect(bed.network.send(0, 1, a, note, t)).toBe('full');
    }
    bed.run();
    // One byte takes 1 µs; two of four parts arrived after 2 * part + latency, and the news travel back.
    expect(bed.lines('writable').map((line) => line.atUs)).toEqual([t + 2 * part + 2 * LATENCY_US]);
    expect(bed.lines('message').length).toBe(4);
    expect(4 * part).toBe(SEND_QUEUE_MAX_BYTES);
  });
});

describe('bandwidth', () => {
  it('shares a fair uplink at every instant: 10,000 and 5,000 bytes at 1 byte/µs end at 15,000 and 10,000 µs', () => {
    const bed = new TestBed(limited(3, 8000));
    const [toOne] = bed.connect(0, 1);
    const [toTwo] = bed.connect(0, 2);
    const t = bed.nowUs();
    bed.send(0, toOne, 'block', 10_000);
    bed.send(0, toTwo, 'block', 5000);
    bed.run();
    expect(bed.deliveries()).toEqual([
      [2, t + 10_000 + LATENCY_US],
      [1, t + 15_000 + LATENCY_US],
    ]);
  });

  it('gives a flow that joins later its half from then on', () => {
    const bed = new TestBed(limited(3, 8000));
    const [toOne] = bed.connect(0, 1);
    const [toTwo] = bed.connect(0, 2);
    const t = bed.nowUs();
    bed.send(0, toOne, 'block', 10_000);
    bed.at(t + 4000, () => bed.send(0, toTwo, 'block', 5000));
    bed.run();
    // 4,000 alone, then 5,000 of each by 14,000, then the last 1,000 alone.
    expect(bed.deliveries()).toEqual([
      [2, t + 14_000 + LATENCY_US],
      [1, t + 15_000 + LATENCY_US],
    ]);
  });

  it('sends one after the other on a fifo uplink, in the order of the sends', () => {
    const bed = new TestBed(limited(3, 8000, { uplink: 'fifo' }));
    const [toOne] = bed.connect(0, 1);
    const [toTwo] = bed.connect(0, 2);
    const t = bed.nowUs();
    bed.send(0, toOne, 'block', 10_000);
    bed.send(0, toTwo, 'block', 5000);
    bed.send(0, toOne, 'vote', 1000);
    bed.run();
    expect(bed.deliveries()).toEqual([
      [1, t + 10_000 + LATENCY_US],
      [2, t + 15_000 + LATENCY_US],
      [3, t + 16_000 + LATENCY_US],
    ]);
  });

  it('stores and forwards at the rate of the receiver', () => {
    const bed = new TestBed(limited(2, 8000, { downloadKbitPerS: [4000] }));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, a, 'block', 10_000);
    bed.send(0, a, 'vote', 1000);
    bed.run();
    expect(bed.deliveries()).toEqual([
      [1, t + 10_000 + LATENCY_US + 20_000],
      [2, t + 10_000 + LATENCY_US + 22_000],
    ]);
  });

  it('counts a packet at both wires without any queue', () => {
    const bed = new TestBed(limited(2, 8000, { downloadKbitPerS: [4000] }));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, a, 'vote', 1000);
    bed.run();
    expect(bed.deliveries()).toEqual([[1, t + 1000 + LATENCY_US + 2000]]);
  });

  it('shares the download of a receiver that two hosts send to', () => {
    const bed = new TestBed(plain(3, { downloadKbitPerS: [8000] }));
    const [one] = bed.connect(1, 0);
    const [two] = bed.connect(2, 0);
    const t = bed.nowUs();
    bed.send(1, one, 'block', 10_000);
    bed.send(2, two, 'block', 10_000);
    bed.run();
    expect(bed.deliveries().map(([, atUs]) => atUs - t)).toEqual([30_000, 30_000]);
  });

  it('lets a vote pass a body of 1 MiB on a fair uplink, and not on a fifo one', () => {
    const delays = (['fair', 'fifo'] as const).map((uplink) => {
      const bed = new TestBed(limited(3, 20_000, { uplink, downloadKbitPerS: [20_000] }));
      const [toOne] = bed.connect(0, 1);
      const [toTwo] = bed.connect(0, 2);
      const t = bed.nowUs();
      bed.send(0, toOne, 'block', 1024 * 1024);
      bed.at(t + 1000, () => bed.send(0, toTwo, 'vote', 200));
      bed.run();
      return (bed.deliveries(2)[0]?.[1] as number) - t - 1000 - LATENCY_US;
    });
    // 200 bytes at half of 2.5 bytes/µs, then alone at the receiver's 2.5.
    expect(delays[0]).toBe(160 + 80);
    expect(delays[1]).toBeGreaterThan(400_000);
  });

  it('frees the wire when a transfer is dropped', () => {
    for (const uplink of ['fair', 'fifo'] as const) {
      const bed = new TestBed(limited(3, 8000, { uplink }));
      const [toOne] = bed.connect(0, 1);
      const [toTwo] = bed.connect(0, 2);
      const t = bed.nowUs();
      bed.send(0, toOne, 'block', 100_000);
      bed.send(0, toTwo, 'block', 10_000);
      bed.at(t + 4000, () => bed.close(0, toOne, 'now'));
      bed.run();
      expect(bed.deliveries()).toEqual([[2, t + (uplink === 'fair' ? 12_000 : 14_000) + LATENCY_US]]);
    }
  });

  it('takes the bytes of a kind from the scenario', () => {
    const bed = new TestBed(limited(2, 8000, { messageBytes: new Map([['block', 50_000]]) }));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, a, 'block', 20);
    bed.run();
    expect(bed.lines('message').map((line) => [line.bytes, line.atUs - t])).toEqual([
      [50_000, 50_000 + LATENCY_US],
    ]);
  });
});

describe('close', () => {
  it('afterQueued delivers what is queued, then ends both sides once', () => {
    const bed = new TestBed(limited(2, 8000));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, a, 'block', 20_000);
    bed.close(0, a);
    bed.run();
    expect(bed.log.slice(2).map((line) => [line.what, line.host, line.atUs - t])).toEqual([
      ['disconnected', 0, 20_000],
      ['message', 1, 20_000 + LATENCY_US],
      ['disconnected', 1, 20_001 + LATENCY_US],
    ]);
    expect(bed.lines('disconnected').map((line) => line.reason)).toEqual(['local', 'closed']);
  });

  it('now drops what is queued', () => {
    const bed = new TestBed(limited(2, 8000));
    const [a] = bed.connect(0, 1);
    bed.send(0, a, 'block', 20_000);
    bed.close(0, a, 'now');
    bed.run();
    expect(bed.lines('message')).toEqual([]);
    expect(bed.lines('disconnected').map((line) => [line.host, line.reason])).toEqual([
      [0, 'local'],
      [1, 'closed'],
    ]);
  });

  it('delivers nothing to the closing side after the call', () => {
    const bed = new TestBed(limited(2, 8000));
    const [a, b] = bed.connect(0, 1);
    bed.send(0, a, 'block', 50_000);
    bed.send(1, b);
    bed.close(0, a);
    bed.run();
    expect(bed.lines('message').map((line) => line.host)).toEqual([1]);
  });

  it('ends once at each side when both close at one instant', () => {
    const bed = new TestBed(plain(2));
    const [a, b] = bed.connect(0, 1);
    bed.close(0, a);
    bed.close(1, b, 'now');
    bed.run();
    expect(bed.lines('disconnected').map((line) => line.reason)).toEqual(['local', 'local']);
  });
});

describe('a host that dies', () => {
  it('is seen as a reset after the latency when its machine lives', () => {
    const bed = new TestBed(plain(2));
    bed.connect(0, 1);
    const t = bed.nowUs();
    bed.kill(0);
    bed.run();
    expect(bed.lines('disconnected')).toMatchObject([{ host: 1, reason: 'reset', atUs: t + LATENCY_US }]);
  });

  it('still delivers what had left before the reset', () => {
    const bed = new TestBed(plain(2));
    const [a] = bed.connect(0, 1);
    bed.send(0, a);
    bed.kill(0);
    bed.run();
    expect(bed.log.slice(2).map((line) => line.what)).toEqual(['message', 'disconnected']);
  });

  it('is silent without power: the peer times out after stallResetUs from its first unanswered send', () => {
    const bed = new TestBed(plain(2));
    const [, b] = bed.connect(0, 1);
    bed.power(0);
    const t = bed.nowUs() + 1_000_000;
    bed.at(t, () => bed.send(1, b));
    bed.run();
    expect(bed.lines('disconnected')).toMatchObject([{ host: 1, reason: 'timeout', atUs: t + 20_000_000 }]);
  });

  it('is found out by keep-alive when nobody sends', () => {
    const bed = new TestBed(plain(2, { keepAliveUs: 30_000_000 }));
    bed.connect(0, 1);
    const t = bed.nowUs();
    bed.power(0);
    bed.run();
    expect(bed.lines('disconnected')).toMatchObject([{ host: 1, reason: 'timeout', atUs: t + 30_000_000 }]);
  });

  it('answers a late packet with a reset once it is up again', () => {
    const bed = new TestBed(plain(2));
    const [, b] = bed.connect(0, 1);
    bed.power(0);
    const t = bed.nowUs() + 2_000_000;
    bed.at(t, () => bed.restart(0));
    bed.at(t + 1000, () => bed.send(1, b));
    bed.run();
    expect(bed.lines('disconnected')).toMatchObject([
      { host: 1, reason: 'reset', atUs: t + 1000 + 2 * LATENCY_US },
    ]);
  });

  it('hears nothing of its earlier boot', () => {
    const bed = new TestBed(plain(2));
    const [, b] = bed.connect(0, 1);
    bed.dial(0, 1);
    bed.send(1, b);
    bed.kill(0);
    bed.restart(0);
    const before = bed.log.length;
    bed.run();
    expect(bed.log.slice(before).filter((line) => line.host === 0)).toEqual([]);
  });

  it('may be killed within a handler of its own message', () => {
    const bed = new TestBed(limited(2, 8000, { downloadKbitPerS: [8000] }));
    const [a] = bed.connect(0, 1);
    bed.onLine = (line) => {
      if (line.what === 'message') bed.kill(1);
    };
    bed.send(0, a, 'block', 9000);
    bed.send(0, a, 'block', 9000);
    bed.run();
    expect(bed.lines('message').length).toBe(1);
    expect(bed.lines('disconnected')).toMatchObject([{ host: 0, reason: 'reset' }]);
  });
});

describe('a host that takes no more', () => {
  it('keeps messages with their sender, in order, until it resumes; the queue of the sender fills', () => {
    let accepts = true;
    const bed = new TestBed(plain(2), { wrapHosts: (hosts) => ({ ...hosts, accepts: () => accepts }) });
    const [a] = bed.connect(0, 1);
    accepts = false;
    const t = bed.nowUs();
    const sent = Array.from({ length: 20 }, () => bed.send(0, a, 'block', 1024 * 1024));
    expect(sent.filter((note) => note !== undefined).length).toBe(16);
    bed.run(t + 60_000_000);
    expect(bed.lines('message')).toEqual([]);
    accepts = true;
    bed.network.resume(1);
    bed.run();
    expect(bed.deliveries().map(([serial]) => serial)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(bed.lines('disconnected')).toEqual([]);
    expect(bed.lines('writable').length).toBe(1);
  });

  it('may die meanwhile: the sender sees a reset', () => {
    const bed = new TestBed(plain(2), { wrapHosts: (hosts) => ({ ...hosts, accepts: () => false }) });
    const [a] = bed.connect(0, 1);
    bed.send(0, a);
    bed.at(bed.nowUs() + 50_000, () => bed.kill(1));
    bed.run();
    expect(bed.lines('disconnected')).toMatchObject([{ host: 0, reason: 'reset' }]);
    bed.kill(0);
    bed.run();
    expect(bed.network.load()).toEqual({ connections: 0, messages: 0 });
  });
});
