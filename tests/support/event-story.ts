/** What a subscriber of /events was told, held to what docs/node.md says of it: blocks on each other, each with its transactions, nothing final taken back. */
import { strict as assert } from 'node:assert';
import type { EventMessage } from '../../src/node/api/event-forms.ts';

type Of<K extends EventMessage['kind']> = Extract<EventMessage, { readonly kind: K }>;

/** Blocks that left. */
export interface ToldRollback {
  /** Of the block that they stood on. */
  readonly height: number;
  readonly id: string;
  /** Their ids, lowest first. */
  readonly left: readonly string[];
}

export class EventStory {
  /** The main chain as it was told: ids by height. */
  readonly ids = new Map<number, string>();
  /** Every block that was told, in that order; one that came back stands there again. */
  readonly told: string[] = [];
  readonly rollbacks: ToldRollback[] = [];
  /** Where each transaction of the main chain stands: ids of blocks. */
  readonly placeOf = new Map<string, string>();
  readonly kinds: string[] = [];
  tip: number | undefined;
  final = -1;
  /** Of the block whose head has not come. */
  #pending: Of<'transaction'>[] = [];
  #waiting: { readonly holds: (story: EventStory) => boolean; readonly resolve: () => void }[] = [];

  /** @param has the chain that the subscriber has already: ids from genesis on. */
  constructor(has: readonly string[] = []) {
    for (const [at, id] of has.entries()) this.ids.set(at, id);
    this.tip = has.length === 0 ? undefined : has.length - 1;
  }

  /** The next message. @throws {AssertionError} when it does not follow from those before. */
  apply(message: EventMessage): void {
    this.kinds.push(message.kind);
    switch (message.kind) {
      case 'subscribed':
        // What came behind the last head comes again.
        this.#pending = [];
        if (this.tip === undefined) this.#begin(message);
        else assert.deepEqual(message.after, { height: this.tip, id: this.ids.get(this.tip) });
        break;
      case 'transaction':
        assert.equal(message.index, this.#pending.length);
        this.#pending.push(message);
        break;
      case 'head':
        this.#extend(message);
        break;
      case 'rollback':
        this.#goBack(message);
        break;
      case 'final':
        assert.ok(message.height > this.final, `final ${message.height} after final ${this.final}`);
        assert.equal(this.ids.get(message.height), message.id);
        this.final = message.height;
        break;
      case 'alive':
        assert.equal(message.height, this.tip);
        break;
    }
    this.#waiting = this.#waiting.filter(({ holds, resolve }) => {
      if (!holds(this)) return true;
      resolve();
      return false;
    });
  }

  /** Resolves with the first message after which it holds. */
  until(holds: (story: EventStory) => boolean): Promise<void> {
    if (holds(this)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  #begin({ after }: Of<'subscribed'>): void {
    this.tip = after.height;
    if (after.id !== null) this.ids.set(after.height, after.id);
  }

  #extend({ id, header }: Of<'head'>): void {
    assert.ok(this.tip !== undefined);
    assert.equal(header.height, this.tip + 1);
    if (this.tip >= 0) assert.equal(header.parent, this.ids.get(this.tip));
    assert.equal(header.txCount, this.#pending.length);
    for (const one of this.#pending) {
      assert.deepEqual([one.block, one.height], [id, header.height]);
      assert.ok(one.receipt !== null, 'a block that was executed here has its receipts');
      assert.ok(!this.placeOf.has(one.id), `transaction ${one.id} was told twice`);
      this.placeOf.set(one.id, id);
    }
    this.#pending = [];
    this.tip = header.height;
    this.ids.set(this.tip, id);
    this.told.push(id);
  }

  #goBack({ height, id }: Of<'rollback'>): void {
    assert.ok(this.tip !== undefined && height < this.tip, `rollback to ${height} from ${this.tip}`);
    assert.ok(height >= this.final, `rollback to ${height} below final ${this.final}`);
    assert.equal(this.#pending.length, 0);
    assert.equal(this.ids.get(height), id);
    const left: string[] = [];
    for (let at = height + 1; at <= this.tip; at++) {
      left.push(this.ids.get(at) ?? '');
      this.ids.delete(at);
    }
    for (const [transaction, block] of this.placeOf)
      if (left.includes(block)) this.placeOf.delete(transaction);
    this.rollbacks.push({ height, id, left });
    this.tip = height;
  }
}
