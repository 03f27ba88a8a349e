/** A journaled overlay over a state: what a block's execution writes, with checkpoints to go back to. */
import { assert } from '../../env/assert.ts';
import type { Namespace, State, StateChange, StateWriter } from './state.ts';

/** A writer whose changes can be handed to `State.update`. */
export interface StateOverlay extends StateWriter {
  /** One change for each leaf that was written and not reverted, in the order of first use. */
  changes(): readonly StateChange[];
}

/** A leaf as this overlay knows it; read from the base once. */
interface Slot {
  readonly namespace: Namespace;
  readonly id: string;
  value: Uint8Array | undefined;
  isWritten: boolean;
}

interface Undo {
  readonly slot: Slot;
  readonly value: Uint8Array | undefined;
  readonly isWritten: boolean;
}

/** An empty overlay over `base`. Values handed in or out are not mutated by anybody. */
export function createStateWriter(base: State): StateOverlay {
  const slots = new Map<Namespace, Map<string, Slot>>();
  /** In the order of first use. */
  const used: Slot[] = [];
  const journal: Undo[] = [];

  function slotOf(namespace: Namespace, id: string): Slot {
    let ofNamespace = slots.get(namespace);
    const known = ofNamespace?.get(id);
    if (known !== undefined) return known;
    if (ofNamespace === undefined) {
      ofNamespace = new Map();
      slots.set(namespace, ofNamespace);
    }
    const slot = { namespace, id, value: base.get(namespace, id), isWritten: false };
    ofNamespace.set(id, slot);
    used.push(slot);
    return slot;
  }

  function write(namespace: Namespace, id: string, value: Uint8Array | undefined): void {
    const slot = slotOf(namespace, id);
    journal.push({ slot, value: slot.value, isWritten: slot.isWritten });
    slot.value = value;
    slot.isWritten = true;
  }

  return {
    get: (namespace, id) => slotOf(namespace, id).value,
    put: write,
    delete: (namespace, id) => write(namespace, id, undefined),
    checkpoint: () => journal.length,
    revert(to) {
      assert(
        to >= 0 && to <= journal.length,
        'a revert goes back to a checkpoint that was not reverted itself',
      );
      while (journal.length > to) {
        const undo = journal.pop() as Undo;
        undo.slot.value = undo.value;
        undo.slot.isWritten = undo.isWritten;
      }
    },
    changes() {
      const written = used.filter((slot) => slot.isWritten);
      return written.map(({ namespace, id, value }) => ({ namespace, id, value }));
    },
  };
}
