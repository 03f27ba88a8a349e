/** The leaves of the state at the base: against the state that execution gives, or against the root that the base states. */
import { keyAfter, namespaceOf, PREFIX, prefixRange, stateKey } from '../../chain/blockstore/records.ts';
import type { State, StateChange } from '../../chain/state/state.ts';
import { emptyState } from '../../chain/state/state-tree.ts';
import { readHexText } from '../../chain/types/layout/hex.ts';
import type { WriteOp } from '../../env/storage.ts';
import { type CheckContext, recordsOf } from './check-context.ts';

/** Leaves taken at once. */
const PAGE_LEAVES = 1_024;

/** The state that the leaves on the disk give, those that fail their checksum left out. */
export function storedState({ storage, parts: { store } }: CheckContext): State {
  let state = emptyState(store.sha256);
  for (let range = prefixRange(PREFIX.state); ; ) {
    const page = storage.scan(range, PAGE_LEAVES);
    const changes: StateChange[] = [];
    for (const { key, value } of page) {
      const payload = store.check(key, value);
      const namespace = namespaceOf(key[1] ?? -1);
      if (payload !== 'corrupt' && namespace !== undefined)
        changes.push({ namespace, id: readHexText(key, 2, key.length), value: payload });
    }
    state = state.update(changes);
    const last = page.at(-1);
    if (last === undefined) return state;
    range = { ...range, start: Uint8Array.from(keyAfter(last.key)) };
  }
}

/** Every leaf on the disk is one of the state, and every one of the state is there. @param state after executing the base. */
export async function checkState(context: CheckContext, state: State): Promise<void> {
  const { storage, findings, parts } = context;
  let done = 0;
  for (let after: string | undefined; ; ) {
    const page = state.leaves(after, PAGE_LEAVES);
    for (const { namespace, id, value } of page) {
      const op = parts.store.put(stateKey(namespace, id), value);
      if (op.kind === 'put') findings.expect(op, storage.get(op.key));
    }
    after = page.at(-1)?.key;
    done += page.length;
    await context.step(`comparing leaf ${done} of ${state.size}`);
    if (page.length < PAGE_LEAVES) break;
  }
  for await (const { key } of recordsOf(
    context,
    prefixRange(PREFIX.state),
    (n) => `looking for stray leaves: ${n}`,
  )) {
    const namespace = namespaceOf(key[1] ?? -1);
    const isLeaf =
      namespace !== undefined && state.get(namespace, readHexText(key, 2, key.length)) !== undefined;
    if (!isLeaf) findings.add(key, 'the state has no such leaf', [remove(key)]);
  }
}

/** What takes a record away. */
export function remove(key: Uint8Array): WriteOp {
  return { kind: 'delete', key };
}
