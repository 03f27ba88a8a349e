import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../crypto/sha256.ts';
import { EMPTY_ACCOUNT, encodeAccount } from '../types/account-codec.ts';
import { accountAddress, amount } from '../types/units.ts';
import { readAccount, writeAccount } from './accounts.ts';
import { emptyState } from './state-tree.ts';
import { createStateWriter } from './state-writer.ts';

const id = fc.constantFrom('00', '01', '02');
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('put' as const), id, byte: fc.nat({ max: 3 }) }),
    fc.record({ kind: fc.constant('delete' as const), id }),
    fc.record({ kind: fc.constant('checkpoint' as const) }),
    fc.record({ kind: fc.constant('revert' as const), pick: fc.nat() }),
  ),
  { maxLength: 40 },
);

describe('the state overlay', () => {
  it('reads like a map whose copies are its checkpoints', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const base = emptyState(sha256).update([{ namespace: 'system', id: '00', value: Uint8Array.of(7) }]);
        const writer = createStateWriter(base);
        let model = new Map([['00', 7]]);
        const saved: { readonly mark: number; readonly copy: Map<string, number> }[] = [];
        for (const step of list) {
          if (step.kind === 'put') {
            writer.put('system', step.id, Uint8Array.of(step.byte));
            model.set(step.id, step.byte);
          } else if (step.kind === 'delete') {
            writer.delete('system', step.id);
            model.delete(step.id);
          } else if (step.kind === 'checkpoint') {
            saved.push({ mark: writer.checkpoint(), copy: new Map(model) });
          } else if (saved.length > 0) {
            const at = step.pick % saved.length;
            const to = saved[at];
            saved.length = at;
            if (to !== undefined) {
              writer.revert(to.mark);
              model = new Map(to.copy);
            }
          }
          for (const key of ['00', '01', '02']) expect(writer.get('system', key)?.[0]).toBe(model.get(key));
        }
        const after = base.update(writer.changes());
        for (const key of ['00', '01', '02']) expect(after.get('system', key)?.[0]).toBe(model.get(key));
        expect(base.get('system', '00')).toEqual(Uint8Array.of(7));
      }),
    );
  });

  it('has no changes after everything was reverted, and each leaf once before', () => {
    const writer = createStateWriter(emptyState(sha256));
    const start = writer.checkpoint();
    writer.put('system', '00', Uint8Array.of(1));
    writer.put('system', '00', Uint8Array.of(2));
    writer.put('accounts', '00', Uint8Array.of(3));
    expect(writer.changes()).toEqual([
      { namespace: 'system', id: '00', value: Uint8Array.of(2) },
      { namespace: 'accounts', id: '00', value: Uint8Array.of(3) },
    ]);
    writer.revert(start);
    expect(writer.changes()).toEqual([]);
    expect(() => writer.revert(1)).toThrow();
  });
});

describe('accounts in the state', () => {
  const address = accountAddress('ab'.repeat(32));

  it('are empty without a leaf, and read back what was written', () => {
    const writer = createStateWriter(emptyState(sha256));
    expect(readAccount(writer, address)).toEqual(EMPTY_ACCOUNT);
    const account = { ...EMPTY_ACCOUNT, nonce: 3, balance: amount(2n ** 63n) };
    writeAccount(writer, address, account);
    expect(readAccount(writer, address)).toEqual(account);
    expect(writer.get('accounts', address)).toEqual(encodeAccount(account));
  });

  it('stop the node when a leaf holds something else', () => {
    const writer = createStateWriter(emptyState(sha256));
    writer.put('accounts', address, Uint8Array.of(1));
    expect(() => readAccount(writer, address)).toThrow('holds an encoded account');
  });
});
