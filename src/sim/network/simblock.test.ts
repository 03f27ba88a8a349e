import { describe, expect, it } from 'vitest';
import { type NetworkConfig, plainNetwork } from './config.ts';
import { addresses, TestBed } from './test-bed.ts';

/** North America, Europe, Japan of the measured network of 2019 (SimBlock). */
const MEAN_MS = [
  [32, 124, 151],
  [124, 11, 252],
  [151, 252, 12],
];
const BLOCK_BYTES = 535_000;

function measured(regions: readonly number[]): NetworkConfig {
  const plain = plainNetwork(addresses(regions.length), 0);
  return {
    ...plain,
    model: 'simblock',
    hosts: plain.hosts.map((place, host) => ({ ...place, region: regions[host] as number })),
    latency: { ...plain.latency, meanUs: MEAN_MS.map((row) => row.map((mean) => mean * 1000)) },
    uploadKbitPerS: [19_200, 20_700, 10_200],
    downloadKbitPerS: [52_000, 40_000, 22_800],
    messageBytes: new Map([['block', BLOCK_BYTES]]),
    bulkKinds: new Set(['block']),
  };
}

/** Latencies that announcements showed: arrival less the sending and 10 ms. */
function announced(regions: readonly number[], count: number): number[] {
  const bed = new TestBed(measured(regions));
  const [a] = bed.connect(0, 1);
  const t = bed.nowUs();
  for (let i = 0; i < count; i++) bed.at(t + i * 1000, () => bed.send(0, a, 'inv', 40));
  bed.run();
  return bed.deliveries().map(([serial, atUs]) => atUs - t - (serial - 1) * 1000 - 10_000);
}

describe('the simblock model', () => {
  it('delays an announcement by 10 ms and a Pareto latency in whole ms, whatever the bandwidth', () => {
    for (const [regions, meanMs] of [
      [[0, 1], 124],
      [[1, 2], 252],
      [[0, 0], 32],
    ] as const) {
      const us = announced(regions, 20_000);
      for (const one of us) expect(one % 1000).toBe(0);
      expect(Math.min(...us)).toBe((meanMs - 5) * 1000);
      const mean = us.reduce((sum, one) => sum + one, 0) / us.length / 1000;
      expect(Math.abs(mean - meanMs)).toBeLessThan(0.2);
      // P(X > x) = (scale / x)^shape at half a standard distance above the scale.
      const x = (meanMs - 5) * 1.05;
      const share = us.filter((one) => one / 1000 > Math.floor(x) + 0.5).length / us.length;
      const expected = ((meanMs - 5) / (Math.floor(x) + 0.5)) ** (0.2 * meanMs);
      expect(Math.abs(share - expected)).toBeLessThan(0.015);
    }
  });

  it('sends a block in latency + size * 8 / min(upload, download) + 2 ms', () => {
    const bed = new TestBed(measured([0, 2]));
    const [a] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, a, 'block', 60);
    bed.run();
    const latencyUs =
      (bed.deliveries()[0]?.[1] as number) - t - Math.ceil((BLOCK_BYTES * 8000) / 19_200) - 2000;
    expect(latencyUs % 1000).toBe(0);
    expect(latencyUs).toBeGreaterThanOrEqual(146_000);
    expect(latencyUs).toBeLessThan(400_000);
    expect(bed.lines('message')[0]?.bytes).toBe(BLOCK_BYTES);
  });

  it('holds the one upload of a node until the block arrives; announcements do not wait', () => {
    const bed = new TestBed(measured([0, 1, 2]));
    const [one] = bed.connect(0, 1);
    const [two] = bed.connect(0, 2);
    const t = bed.nowUs();
    bed.send(0, one, 'block', 60);
    bed.send(0, two, 'block', 60);
    bed.send(0, one, 'block', 60);
    bed.send(0, two, 'inv', 40);
    bed.run();
    const at = new Map(bed.deliveries());
    const transferUs = Math.ceil((BLOCK_BYTES * 8000) / 19_200) + 2000;
    const latency = (serial: number, startUs: number) => (at.get(serial) as number) - startUs - transferUs;
    const waits = [
      [latency(1, t), 119_000],
      [latency(2, at.get(1) as number), 146_000],
      [latency(3, at.get(2) as number), 119_000],
    ] as const;
    for (const [us, leastUs] of waits) {
      expect(us % 1000).toBe(0);
      expect(us).toBeGreaterThanOrEqual(leastUs);
      expect(us).toBeLessThan(leastUs * 3);
    }
    expect(at.get(4)).toBeLessThan(at.get(1) as number);
  });

  it('does not order messages', () => {
    const bed = new TestBed(measured([1, 1]));
    const [a] = bed.connect(0, 1);
    for (let i = 0; i < 100; i++) bed.send(0, a, 'inv', 40);
    bed.run();
    const serials = bed.deliveries().map(([serial]) => serial);
    const ordered = [...serials].sort((x, y) => x - y);
    expect(ordered.length).toBe(100);
    expect(serials).not.toEqual(ordered);
  });

  it('starts the next upload when the sender of the first is told to forget it', () => {
    const bed = new TestBed(measured([0, 1, 2]));
    const [one] = bed.connect(0, 1);
    const [two] = bed.connect(0, 2);
    bed.send(0, one, 'block', 60);
    bed.send(0, one, 'block', 60);
    bed.send(0, two, 'block', 60);
    bed.close(0, one, 'now');
    bed.run();
    const found = bed.lines('message').map((line) => [line.host, line.note.serial]);
    expect(found).toContainEqual([2, 3]);
    expect(found).not.toContainEqual([1, 2]);
  });

  it('closes behind blocks that wait for the upload', () => {
    const bed = new TestBed(measured([0, 1]));
    const [a] = bed.connect(0, 1);
    bed.send(0, a, 'block', 60);
    bed.send(0, a, 'block', 60);
    bed.close(0, a);
    bed.run();
    expect(
      bed.log
        .slice(2)
        .map((line) => `${line.what} ${line.host}`)
        .sort(),
    ).toEqual(['disconnected 0', 'disconnected 1', 'message 1', 'message 1']);
    expect(bed.log.at(-1)?.what).toBe('disconnected');
  });
});
