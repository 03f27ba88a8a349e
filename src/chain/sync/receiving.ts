/** Bodies that sync receives in parts: one of each peer, within the time that its size needs. */
import type { Env } from '../../env/program.ts';
import { PartialBody, partsTimeoutMs } from '../peers/partial-body.ts';
import type { CertifiedBlock } from '../types/block-codec.ts';
import type { ChainWorld } from '../types/command.ts';
import type { SyncResponseMessage } from '../types/message.ts';
import type { BlockHash, PeerId } from '../types/units.ts';

/** What it needs of the node. */
export interface ReceivingPorts {
  readonly env: Pick<Env<ChainWorld>, 'clock' | 'crypto' | 'memo'>;
  readonly limits: { readonly syncRequestTimeoutMs: number };
  readonly blockBytesMax: number;
}

type Part = Extract<SyncResponseMessage['result'], { kind: 'part' }>;

/** What follows from a part: ask on, a block that matches its header, the peer has it no more, or it is at fault. */
export type Received =
  | { readonly kind: 'more'; readonly offset: number }
  | { readonly kind: 'whole'; readonly found: CertifiedBlock }
  | { readonly kind: 'gone' | 'garbage' };

interface Receiving {
  readonly id: BlockHash;
  readonly body: PartialBody;
  readonly deadlineMs: number;
}

/** What came of bodies so far, by peer. */
export class ReceivingBodies {
  readonly #ports: ReceivingPorts;
  readonly #bodies = new Map<PeerId, Receiving>();

  constructor(ports: ReceivingPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#bodies.size;
  }

  /** @param ids what the peer was asked for. */
  add(peer: PeerId, ids: readonly BlockHash[], part: Part): Received {
    const receiving = this.#bodies.get(peer) ?? this.#begin(part);
    this.#bodies.delete(peer);
    const { id, body } = receiving;
    if (part.id !== id || !ids.includes(id)) return { kind: 'garbage' };
    const added = body.add(part);
    if (added === 'more' || added === 'stale') {
      this.#bodies.set(peer, receiving);
      return { kind: 'more', offset: body.received };
    }
    const found = added === 'whole' ? body.block(this.#ports.env, id) : undefined;
    if (found !== undefined) return { kind: 'whole', found };
    return { kind: added === 'gone' ? 'gone' : 'garbage' };
  }

  /** Something else is asked of that peer, or nothing any more. */
  forget(peer: PeerId): void {
    this.#bodies.delete(peer);
  }

  /** How long the peer may take for its next answer. */
  waitMs(peer: PeerId): number {
    const { env, limits } = this.#ports;
    const receiving = this.#bodies.get(peer);
    if (receiving === undefined) return limits.syncRequestTimeoutMs;
    const leftMs = Math.max(0, receiving.deadlineMs - env.clock.monotonicMs());
    return Math.min(limits.syncRequestTimeoutMs, leftMs);
  }

  clear(): void {
    this.#bodies.clear();
  }

  #begin({ id, size }: Part): Receiving {
    const { env, limits, blockBytesMax } = this.#ports;
    const body = new PartialBody(blockBytesMax);
    const needsMs = partsTimeoutMs(Math.min(size, body.sizeMax));
    return { id, body, deadlineMs: env.clock.monotonicMs() + limits.syncRequestTimeoutMs + needsMs };
  }
}
