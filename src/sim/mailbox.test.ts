import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox.ts';

interface Item {
  readonly kind: string;
  readonly i: number;
  readonly bytes?: number;
}

function add(mailbox: Mailbox<Item>, i: number, bytes: number): void {
  mailbox.add(bytes < 0 ? { kind: 'timer', i } : { kind: 'message', i, bytes });
}

describe('the mailbox', () => {
  it('is a queue that counts messages and their bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 500, size: 'max' }), (steps) => {
        const mailbox = new Mailbox<Item>();
        const expected: { readonly i: number; readonly bytes: number }[] = [];
        for (const [i, bytes] of steps.entries()) {
          if (bytes <= -2) expect(mailbox.take()?.i).toBe(expected.shift()?.i);
          else {
            add(mailbox, i, bytes);
            expected.push({ i, bytes });
          }
        }
        const messages = expected.filter((entry) => entry.bytes >= 0);
        expect([mailbox.size, mailbox.messages]).toEqual([expected.length, messages.length]);
        expect(mailbox.messageBytes).toBe(messages.reduce((sum, entry) => sum + entry.bytes, 0));
      }),
    );
  });

  it('keeps its order when it gives back the places of thousands that were taken', () => {
    const mailbox = new Mailbox<Item>();
    for (let i = 0; i < 5000; i++) add(mailbox, i, -1);
    for (let i = 0; i < 5000; i++) expect([mailbox.take()?.i, mailbox.size]).toEqual([i, 4999 - i]);
    expect(mailbox.take()).toBeUndefined();
  });

  it('gives back what it held when it is cleared', () => {
    const mailbox = new Mailbox<Item>();
    for (let i = 0; i < 5; i++) add(mailbox, i, 10);
    mailbox.take();
    mailbox.clear();
    expect([mailbox.take(), mailbox.size, mailbox.messages, mailbox.messageBytes]).toEqual([
      undefined,
      0,
      0,
      0,
    ]);
  });
});
