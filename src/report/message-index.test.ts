import { describe, expect, it } from 'vitest';
import { MessageIndex } from './message-index.ts';

/** Message i leaves at 10 i and takes 5, but every hundredth takes 5,000; the last is not delivered. */
const COUNT = 3_000;
const sentUs = Array.from({ length: COUNT }, (_, i) => 10 * ((i * 7) % COUNT));
const atUs = sentUs.map((us, i) => us + (i % 100 === 0 ? 5_000 : 5));
const deliveredIn = sentUs.map((_, i) => (i === COUNT - 1 ? -1 : i));
const index = new MessageIndex({ sentUs, deliveredIn }, { atUs });

function found(fromUs: number, untilUs: number): readonly number[] {
  const messages: number[] = [];
  index.within(fromUs, untilUs, (message) => messages.push(message));
  return messages;
}

describe('the messages under way in a span of time', () => {
  it.each([
    [0, 100_000],
    [12_345, 12_347],
    [29_990, 40_000],
    [15_000, 15_500],
    [40_000, 50_000],
  ])('from %i to %i are all of them, and no others.', (fromUs, untilUs) => {
    const wanted = sentUs.flatMap((us, i) => {
      const arrivedUs = deliveredIn[i] === -1 ? us : (atUs[i] ?? 0);
      return us <= untilUs && arrivedUs >= fromUs ? [i] : [];
    });
    expect([...found(fromUs, untilUs)].sort((a, b) => a - b)).toEqual(wanted);
  });

  it('come in the order of their sending.', () => {
    const times = found(10_000, 20_000).map((message) => sentUs[message] ?? 0);
    expect(times.length).toBeGreaterThan(900);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});
