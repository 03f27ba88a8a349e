import { describe, expect, it } from 'vitest';
import type { Message } from '../chain/types/message.ts';
import { CauseRing, MessageRing, Texts } from './recorded-messages.ts';
import { StepTable } from './recorded-steps.ts';
import { CAUSES_KEPT_MAX, MESSAGES_KEPT_MAX } from './recording.ts';

const message: Message = { kind: 'PeerInfo', request: true, peers: [] };

function sent(slot: number, to: number) {
  return { slot, from: 0, to, message, bytes: 9, leaveUs: to };
}

describe('the ring of messages', () => {
  it('keeps the last ones, oldest first, and counts all.', () => {
    const ring = new MessageRing(new Texts());
    const count = MESSAGES_KEPT_MAX + 1_000;
    for (let i = 0; i < count; i++) ring.onSent(sent(i, i % 60_000), i);
    expect([ring.sent, ring.isFull]).toEqual([count, true]);
    const kept = ring.kept().map(({ sentIn }) => sentIn);
    expect(kept).toHaveLength(MESSAGES_KEPT_MAX);
    expect([kept[0], kept.at(-1)]).toEqual([1_000, count - 1]);
    // A message that has given way is delivered to nobody.
    expect(ring.onDelivered(5, count)).toBeUndefined();
    expect(ring.onDelivered(1_005, count)).toBe(1_005);
    expect(ring.kept().filter(({ deliveredIn }) => deliveredIn >= 0)).toHaveLength(1);
  });

  it('takes a slot that is used again for the loss of what had it.', () => {
    const ring = new MessageRing(new Texts());
    ring.onSent(sent(3, 1), 10);
    ring.onSent(sent(3, 2), 20);
    expect(ring.onDelivered(3, 30)).toBe(20);
    expect(ring.onDelivered(3, 40)).toBeUndefined();
    expect(ring.kept().map(({ to, deliveredIn }) => [to, deliveredIn])).toEqual([
      [1, -1],
      [2, 30],
    ]);
  });

  it('counts what it is told not to keep, and forgets whose slot it takes.', () => {
    const ring = new MessageRing(new Texts());
    ring.onSent(sent(3, 1), 10);
    ring.onSent(sent(3, 2), undefined);
    expect([ring.sent, ring.kept().length]).toEqual([2, 1]);
    expect(ring.onDelivered(3, 30)).toBeUndefined();
  });
});

describe('steps', () => {
  it('are what was marked, each with the nearest marked event that led to it.', () => {
    const ring = new CauseRing();
    for (let i = 0; i < 6; i++) ring.begin(i, 10 * i, i % 2, i - 1);
    // Event 5 was scheduled by 4, and really caused by 1.
    ring.causedBy(1);
    const steps = new StepTable(ring);
    steps.mark(0, 3, 5);
    steps.build();
    expect(steps.columns()).toEqual({
      index: [0, 3, 5],
      atUs: [0, 30, 50],
      host: [0, 1, 1],
      cause: [-1, 0, 0],
    });
    expect([steps.placeOf(3), steps.placeOf(-1)]).toEqual([1, -1]);
  });

  it('go back as far as events are remembered.', () => {
    const ring = new CauseRing();
    const count = CAUSES_KEPT_MAX + 10;
    for (let i = 0; i < count; i++) ring.begin(i, i, 0, i - 1);
    const steps = new StepTable(ring);
    steps.mark(9, 10, count - 1);
    steps.build();
    expect([steps.has(9), steps.placeOf(9)]).toEqual([false, -1]);
    expect(steps.columns().index).toEqual([10, count - 1]);
    expect(steps.columns().cause).toEqual([-1, 0]);
  });
});
