import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox.ts';

describe('the mailbox', () => {
  it('is a queue that counts messages and their bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2, max: 3 }), { maxLength: 6000, size: 'max' }), (steps) => {
        const mailbox = new Mailbox();
        const expected: { readonly i: number; readonly bytes: number }[] = [];
        for (const [i, bytes] of steps.entries()) {
          if (bytes === -2) {
            const first = expected.shift();
            expect(mailbox.take()).toBe(first !== undefined);
            if (first !== undefined) {
              expect([mailbox.kind, mailbox.number, mailbox.payload, mailbox.extra]).toEqual([
                1,
                first.i,
                'p',
                first.i,
              ]);
            }
          } else {
            mailbox.add(1, i, 'p', i, bytes);
            expected.push({ i, bytes });
          }
        }
        const messages = expected.filter((entry) => entry.bytes >= 0);
        expect([mailbox.size, mailbox.messages]).toEqual([expected.length, messages.length]);
        expect(mailbox.messageBytes).toBe(messages.reduce((sum, entry) => sum + entry.bytes, 0));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps its order when it gives back the places of thousands that were taken', () => {
    const mailbox = new Mailbox();
    for (let i = 0; i < 5000; i++) mailbox.add(1, i, i, undefined, -1);
    for (let i = 0; i < 5000; i++) {
      expect(mailbox.take()).toBe(true);
      expect([mailbox.number, mailbox.payload, mailbox.size]).toEqual([i, i, 4999 - i]);
    }
  });

  it('gives back what it held when it is cleared', () => {
    const mailbox = new Mailbox();
    for (let i = 0; i < 5; i++) mailbox.add(1, i, 'p', undefined, 10);
    mailbox.take();
    mailbox.clear();
    expect([mailbox.take(), mailbox.size, mailbox.messages, mailbox.messageBytes]).toEqual([false, 0, 0, 0]);
  });
});
