import { describe, expect, it } from 'vitest';
import type { Recording } from '../cluster/recording.ts';
import { heightSeries, mempoolSeries, messageSeries } from './series.ts';

function block(height: number) {
  return { id: `b${height}`, height, parent: height - 1, producer: 0, transactions: 0, atUs: 0 };
}

function recordingOf(hosts: number, parts: object): Recording {
  return {
    endUs: 10_000_000,
    hosts: Array.from({ length: hosts }, (_, i) => ({ name: `n${i}`, byzantine: [] })),
    blocks: [block(0), block(1), block(2)],
    boots: [],
    heads: { atUs: [], host: [], what: [] },
    samples: { atUs: [], mempool: [], peers: [] },
    window: { fromUs: 0, untilUs: 10_000_000 },
    ...parts,
  } as unknown as Recording;
}

describe('heights over time', () => {
  it('are steps, a line a host, with a hole while a host is down.', () => {
    const recording = recordingOf(2, {
      heads: { atUs: [0, 0, 2_000_000, 3_000_000, 6_000_000], host: [0, 1, 0, 1, 1], what: [0, 0, 1, 1, 2] },
      boots: [{ host: 1, fromUs: 0, untilUs: 4_000_000, end: 'kill' }],
    });
    const { times, lines } = heightSeries(recording);
    expect(times).toEqual([0, 2, 3, 4, 6, 10]);
    expect(lines.map(({ name, values }) => [name, values])).toEqual([
      ['n0', [0, 1, 1, 1, 1, 1]],
      ['n1', [0, 0, 1, undefined, 2, 2]],
    ]);
  });
});

describe('samples of many hosts', () => {
  it('are drawn as the highest, the middle and the lowest of those that are up.', () => {
    const row = Array.from({ length: 15 }, (_, i) => (i === 3 ? -1 : (i * 4) % 15));
    const { lines } = mempoolSeries(
      recordingOf(15, { samples: { atUs: [5_000_000], mempool: [row], peers: [] } }),
    );
    const up = row.filter((value) => value >= 0).sort((a, b) => a - b);
    expect(lines.map(({ name, values }) => [name, values[0]])).toEqual([
      ['highest', up[13]],
      ['middle', up[7]],
      ['lowest', up[0]],
    ]);
  });
});

describe('messages a second', () => {
  it('are counted by what they are for, and are all of them.', () => {
    const sentUs = Array.from({ length: 500 }, (_, i) => i * 20_000);
    const messages = { sentUs, kind: sentUs.map((_, i) => (i % 5 === 0 ? 0 : i % 2 === 0 ? 1 : 2)) };
    const kinds = ['Prevote', 'Block', 'GetBlockResponse'];
    const { times, lines } = messageSeries(recordingOf(1, { messages, kinds }));
    const width = (times[1] ?? 0) - (times[0] ?? 0);
    const total = (name: string): number =>
      Math.round(
        (lines.find((line) => line.name === name)?.values ?? []).reduce(
          (sum: number, v) => sum + (v ?? 0),
          0,
        ) * width,
      );
    expect(lines.map(({ name }) => name)).toEqual(['blocks and proposals', 'prevotes']);
    expect([total('prevotes'), total('blocks and proposals')]).toEqual([100, 400]);
  });
});
