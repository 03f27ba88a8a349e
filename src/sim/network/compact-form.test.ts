import { describe, expect, it } from 'vitest';
import { type CompactConfig, type NetworkConfig, plainNetwork } from './config.ts';
import { addresses, TestBed } from './test-bed.ts';

const BLOCK_BYTES = 535_000;
const COMPACT_BYTES = 18_000;
const UPLOAD_KBIT = 20_000;
/** Latency 100 ms less its 5, with a Pareto tail; what follows is exact, so all bounds are by transmission times. */
const MEAN_MS = 100;
const LATENCY_LEAST_US = 95_000;
const BLOCK_US = (BLOCK_BYTES * 8_000) / UPLOAD_KBIT + 2_000;
const COMPACT_US = (COMPACT_BYTES * 8_000) / UPLOAD_KBIT + 2_000;

function bedOf(compact: Partial<CompactConfig>, hosts = 2): TestBed {
  const plain = plainNetwork(addresses(hosts), MEAN_MS * 1_000);
  const everyone = plain.hosts.map(() => true);
  const config: NetworkConfig = {
    ...plain,
    model: 'simblock',
    uploadKbitPerS: [UPLOAD_KBIT],
    messageBytes: new Map([['block', BLOCK_BYTES]]),
    bulkKinds: new Set(['block']),
    compact: {
      bytes: COMPACT_BYTES,
      users: everyone,
      classOf: plain.hosts.map(() => 0),
      classes: [{ failurePpm: 0, repairPermille: [10] }],
      ...compact,
    },
  };
  return new TestBed(config);
}

/** How long each of `count` blocks took that one host sent another one after the other. */
function journeys(bed: TestBed, count: number, from = 0, to = 1): readonly number[] {
  const [c] = bed.connect(from, to);
  const t = bed.nowUs();
  for (let i = 0; i < count; i++) bed.at(t + i * 10_000_000, () => bed.send(from, c, 'block', 60));
  bed.run();
  return bed.deliveries().map(([serial, atUs]) => atUs - t - (serial - 1) * 10_000_000);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('the compact form of the simblock model', () => {
  it('sends the compact bytes when both ends know the form, and delivers the message with its own size', () => {
    const bed = bedOf({});
    for (const us of journeys(bed, 200)) {
      expect((us - COMPACT_US) % 1_000).toBe(0);
      expect(us - COMPACT_US).toBeGreaterThanOrEqual(LATENCY_LEAST_US);
    }
    expect(bed.lines('message')[0]?.bytes).toBe(BLOCK_BYTES);
  });

  it.each([
    [true, false],
    [false, true],
    [false, false],
  ])('sends the whole message when an end does not know it: sender %s, receiver %s', (sender, receiver) => {
    const bed = bedOf({
      users: [sender, receiver],
      classes: [{ failurePpm: 1_000_000, repairPermille: [10] }],
    });
    for (const us of journeys(bed, 100)) {
      expect((us - BLOCK_US) % 1_000).toBe(0);
      expect(us - BLOCK_US).toBeGreaterThanOrEqual(LATENCY_LEAST_US);
    }
  });

  it('after a failure delivers with a request and a repair: three latencies and both transmissions', () => {
    const bed = bedOf({ classes: [{ failurePpm: 1_000_000, repairPermille: [250] }] });
    const repairUs = (Math.floor(BLOCK_BYTES / 4) * 8_000) / UPLOAD_KBIT + 2_000;
    const fixedUs = COMPACT_US + 10_000 + repairUs;
    const found = journeys(bed, 2_000);
    expect(found.length).toBe(2_000);
    for (const us of found) {
      expect((us - fixedUs) % 1_000).toBe(0);
      expect(us - fixedUs).toBeGreaterThanOrEqual(3 * LATENCY_LEAST_US);
    }
    // Three independent latencies: mean 3 x 100 ms; one would have three times the variance.
    expect(Math.abs(mean(found) - fixedUs - 300_000)).toBeLessThan(600);
    const variance = mean(found.map((us) => (us - mean(found)) ** 2));
    const one = mean(journeys(bedOf({}), 2_000).map((us, _, all) => (us - mean(all)) ** 2));
    expect(variance / one).toBeGreaterThan(2.2);
    expect(variance / one).toBeLessThan(4);
  });

  it('fails at the share of the receiver, and repairs by the table of the sender', () => {
    const compact: Partial<CompactConfig> = {
      classOf: [0, 1],
      classes: [
        { failurePpm: 0, repairPermille: [100, 900] },
        { failurePpm: 270_000, repairPermille: [1] },
      ],
    };
    const repairUs = (permille: number): number => ((BLOCK_BYTES * permille) / 1_000) * (8_000 / UPLOAD_KBIT);
    const found = journeys(bedOf(compact), 4_000);
    const failed = found.filter((us) => us > COMPACT_US + 2.5 * LATENCY_LEAST_US);
    // Three standard deviations of 4,000 trials are 2.1 points.
    expect(Math.abs(failed.length / found.length - 0.27)).toBeLessThan(0.021);
    const large = failed.filter((us) => us > COMPACT_US + repairUs(900) + 3 * LATENCY_LEAST_US);
    expect(Math.abs(large.length / failed.length - 0.5)).toBeLessThan(0.046);
    const back = journeys(bedOf(compact), 500, 1, 0);
    expect(back.length).toBe(500);
    expect(back.filter((us) => us > COMPACT_US + 2.5 * LATENCY_LEAST_US)).toEqual([]);
  });

  it('a repair waits for the upload of the sender like any block', () => {
    const bed = bedOf(
      { users: [true, true, false], classes: [{ failurePpm: 1_000_000, repairPermille: [10] }] },
      3,
    );
    const [one] = bed.connect(0, 1);
    const [two] = bed.connect(0, 2);
    const t = bed.nowUs();
    // The whole blocks for host 2 fill the upload while host 1 finds out what it lacks.
    bed.send(0, one, 'block', 60);
    bed.send(0, two, 'block', 60);
    bed.send(0, two, 'block', 60);
    bed.run();
    const at = new Map(bed.deliveries());
    expect(at.get(1)).toBeGreaterThan(at.get(3) as number);
    expect((at.get(1) as number) - t).toBeGreaterThan(2 * BLOCK_US + 4 * LATENCY_LEAST_US);
  });

  it('loses a message whose repair is asked across a cut, and holds nothing of it', () => {
    const bed = bedOf({ classes: [{ failurePpm: 1_000_000, repairPermille: [10] }] });
    const [c] = bed.connect(0, 1);
    const t = bed.nowUs();
    bed.send(0, c, 'block', 60);
    // One way: the compact form arrives, the request does not.
    bed.at(t + 1, () =>
      bed.network.setLink({ kind: 'cut', id: 'x', links: { from: [1], to: [0], bothWays: false } }),
    );
    bed.run();
    expect(bed.deliveries()).toEqual([]);
    expect(bed.network.load().messages).toBe(0);
  });
});
