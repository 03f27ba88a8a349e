/** A replicated register by Paxos (Lamport 2001, "Paxos Made Simple", §2.2), one instance a slot: no blockchain here. */
import { assertNever } from '../../src/env/assert.ts';
import type { Env, Process, Program } from '../../src/env/program.ts';
import { type Address, type ConnectionId, ms } from '../../src/env/units.ts';
import { type Acceptance, decodeRecord, encodeRecord, slotKey } from './records.ts';

export type Message =
  | { readonly kind: 'Hello'; readonly id: number }
  | { readonly kind: 'Prepare'; readonly slot: number; readonly ballot: number }
  | {
      readonly kind: 'Promise';
      readonly slot: number;
      readonly ballot: number;
      readonly accepted: number;
      readonly value: number;
    }
  | { readonly kind: 'Accept'; readonly slot: number; readonly ballot: number; readonly value: number }
  | { readonly kind: 'Accepted'; readonly slot: number; readonly ballot: number }
  | { readonly kind: 'Chosen'; readonly slot: number; readonly value: number };
export type Event =
  | { readonly kind: 'Chosen'; readonly slot: number; readonly value: number }
  | { readonly kind: 'Corrupt'; readonly key: Uint8Array };
export type RegisterWorld = {
  message: Message;
  event: Event;
  command: { readonly value: number };
  answer: { readonly accepted: boolean };
  snapshot: { readonly chosen: number; readonly halted: boolean };
};

export interface RegisterConfig {
  /** Own place in `members`. */
  readonly id: number;
  readonly members: readonly Address[];
  /** Planted bug: a vote leaves before its record is durable. */
  readonly voteBeforeFlush?: boolean;
}

const REDIAL_MS = 200;
const RETRY_MIN_MS = 80;
const RETRY_SPREAD_MS = 400;
const SCAN_MAX = 1_000_000;

/** One attempt of this member to get a value chosen. */
interface Attempt {
  readonly slot: number;
  readonly ballot: number;
  readonly wanted: number;
  readonly promises: Set<number>;
  readonly votes: Set<number>;
  /** Of the promises, the acceptance with the highest ballot. */
  best: number;
  value: number;
}

/** The program of one member. A value that is chosen for a slot is chosen for ever, by everybody. */
export function createRegister(config: RegisterConfig): Program<RegisterWorld> {
  return (env) => new Register(env, config);
}

class Register implements Process<RegisterWorld> {
  readonly #env: Env<RegisterWorld>;
  readonly #config: RegisterConfig;
  readonly #quorum: number;
  readonly #links = new Map<number, ConnectionId>();
  readonly #names = new Map<ConnectionId, number>();
  readonly #slots = new Map<number, Acceptance>();
  readonly #chosen = new Map<number, number>();
  #attempt: Attempt | undefined;
  #round = 0;
  #halted = false;

  constructor(env: Env<RegisterWorld>, config: RegisterConfig) {
    this.#env = env;
    this.#config = config;
    this.#quorum = Math.floor(config.members.length / 2) + 1;
  }

  /** What cannot be trusted on disk ends this member for good: a promise may be lost. */
  onStart(): void {
    for (const { key, value } of this.#env.storage.scan({ start: new Uint8Array() }, SCAN_MAX)) {
      const record = decodeRecord(key, value);
      if (record === undefined) {
        this.#env.emit({ kind: 'Corrupt', key });
        this.#halted = true;
      } else this.#slots.set(record.slot, record.acceptance);
    }
    if (this.#halted) return;
    for (let peer = 0; peer < this.#config.id; peer++)
      this.#env.network.dial(this.#config.members[peer] as Address);
  }

  onConnected(c: ConnectionId): void {
    this.#env.network.send(c, { kind: 'Hello', id: this.#config.id });
  }

  onDialFailed = (address: Address): void => {
    this.#env.clock.setTimer('redial', ms(REDIAL_MS), () => this.#env.network.dial(address));
  };

  onDisconnected(c: ConnectionId): void {
    const peer = this.#names.get(c);
    if (peer === undefined) return;
    this.#names.delete(c);
    if (this.#links.get(peer) === c) this.#links.delete(peer);
    if (peer < this.#config.id && !this.#halted) this.onDialFailed(this.#config.members[peer] as Address);
  }

  onMalformed = (c: ConnectionId): void => this.#env.network.close(c, 'now', 'malformed');
  onWritable = (): void => {};
  onCommand(
    command: { readonly value: number },
    reply: (answer: { readonly accepted: boolean }) => void,
  ): void {
    const accepted = !this.#halted && this.#attempt === undefined;
    if (accepted) this.#propose(command.value);
    reply({ accepted });
  }
  onStop = (done: () => void): void => done();

  inspect = (): RegisterWorld['snapshot'] => ({ chosen: this.#chosen.size, halted: this.#halted });

  onMessage(from: ConnectionId, m: Message): void {
    if (this.#halted) return;
    if (m.kind === 'Hello') {
      this.#links.set(m.id, from);
      this.#names.set(from, m.id);
      for (const [slot, value] of this.#chosen) this.#env.network.send(from, { kind: 'Chosen', slot, value });
      return;
    }
    const peer = this.#names.get(from);
    if (peer !== undefined) this.#handle(peer, m);
  }

  #handle(peer: number, m: Exclude<Message, { kind: 'Hello' }>): void {
    switch (m.kind) {
      case 'Prepare':
        return this.#onPrepare(peer, m.slot, m.ballot);
      case 'Promise':
        return this.#onPromise(peer, m);
      case 'Accept':
        return this.#onAccept(peer, m.slot, m.ballot, m.value);
      case 'Accepted':
        return this.#onAccepted(peer, m.slot, m.ballot);
      case 'Chosen':
        return this.#choose(m.slot, m.value);
      default:
        return assertNever(m);
    }
  }

  /** Tries the first slot without a value, with a higher ballot each time, until `wanted` is chosen somewhere. */
  #propose(wanted: number): void {
    let slot = 1;
    while (this.#chosen.has(slot)) slot++;
    this.#round =
      Math.max(this.#round, Math.floor(this.#slot(slot).promised / this.#config.members.length)) + 1;
    const ballot = this.#round * this.#config.members.length + this.#config.id;
    const attempt = {
      slot,
      ballot,
      wanted,
      promises: new Set<number>(),
      votes: new Set<number>(),
      best: 0,
      value: wanted,
    };
    this.#attempt = attempt;
    this.#toAll({ kind: 'Prepare', slot, ballot });
    const delay = ms(RETRY_MIN_MS + this.#env.random.below(RETRY_SPREAD_MS));
    this.#env.clock.setTimer('retry', delay, () => {
      if (this.#attempt === attempt) this.#propose(wanted);
    });
  }

  /** Phase 1b: a promise to take part in no lower ballot. */
  #onPrepare(peer: number, slot: number, ballot: number): void {
    const state = this.#slot(slot);
    if (ballot <= state.promised) return;
    const { accepted, value } = state;
    this.#vote(slot, { promised: ballot, accepted, value }, () =>
      this.#to(peer, { kind: 'Promise', slot, ballot, accepted, value }),
    );
  }

  /** Phase 2a: the value of the highest acceptance that a quorum knows of, else one's own. */
  #onPromise(peer: number, m: Extract<Message, { kind: 'Promise' }>): void {
    const attempt = this.#attempt;
    if (
      attempt === undefined ||
      attempt.slot !== m.slot ||
      attempt.ballot !== m.ballot ||
      attempt.promises.size >= this.#quorum
    )
      return;
    attempt.promises.add(peer);
    if (m.accepted > attempt.best) [attempt.best, attempt.value] = [m.accepted, m.value];
    if (attempt.promises.size < this.#quorum) return;
    this.#toAll({ kind: 'Accept', slot: m.slot, ballot: m.ballot, value: attempt.value });
  }

  /** Phase 2b: a vote for the value. */
  #onAccept(peer: number, slot: number, ballot: number, value: number): void {
    if (ballot < this.#slot(slot).promised) return;
    this.#vote(slot, { promised: ballot, accepted: ballot, value }, () =>
      this.#to(peer, { kind: 'Accepted', slot, ballot }),
    );
  }

  #onAccepted(peer: number, slot: number, ballot: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined || attempt.slot !== slot || attempt.ballot !== ballot) return;
    attempt.votes.add(peer);
    if (attempt.votes.size < this.#quorum) return;
    this.#attempt = undefined;
    this.#toAll({ kind: 'Chosen', slot, value: attempt.value });
    if (attempt.value !== attempt.wanted) this.#propose(attempt.wanted);
  }

  #choose(slot: number, value: number): void {
    if (this.#chosen.has(slot)) return;
    this.#chosen.set(slot, value);
    this.#env.emit({ kind: 'Chosen', slot, value });
  }

  #slot = (slot: number): Acceptance => this.#slots.get(slot) ?? { promised: 0, accepted: 0, value: 0 };

  /** Records what is promised; `then` tells others, once no power loss can take it, and while it still stands. */
  #vote(slot: number, acceptance: Acceptance, then: () => void): void {
    this.#slots.set(slot, acceptance);
    this.#env.storage.write([{ kind: 'put', key: slotKey(slot), value: encodeRecord(slot, acceptance) }]);
    if (this.#config.voteBeforeFlush === true) then();
    this.#env.storage.flush((fault) => {
      if (fault !== undefined) this.#halted = true;
      else if (this.#slots.get(slot) === acceptance && this.#config.voteBeforeFlush !== true) then();
    });
  }

  #to(peer: number, message: Exclude<Message, { kind: 'Hello' }>): void {
    if (peer === this.#config.id) return this.#handle(peer, message);
    const c = this.#links.get(peer);
    if (c !== undefined) this.#env.network.send(c, message);
  }

  #toAll(m: Exclude<Message, { kind: 'Hello' }>): void {
    for (let peer = 0; peer < this.#config.members.length; peer++) this.#to(peer, m);
  }
}
