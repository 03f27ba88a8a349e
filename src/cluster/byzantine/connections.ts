/** The connections of a Byzantine host as a layer sees them pass: who is at the other end, and who may be spoken to. */
import type { ChainWorld } from '../../chain/types/command.ts';
import type { Message } from '../../chain/types/message.ts';
import type { Env, Process } from '../../env/program.ts';
import { type ConnectionId, ms } from '../../env/units.ts';
import type { Seat } from './behaviour.ts';

/** A connection of the node. */
export interface Link {
  readonly id: ConnectionId;
  /** The host at the other end; undefined: none of this cluster. */
  readonly host: number | undefined;
  isProven: boolean;
  hasProved: boolean;
}

/** One per layer and boot. Messages pass through `send` and `process`. */
export class Links {
  readonly #seat: Seat;
  readonly #env: Env<ChainWorld>;
  readonly #links = new Map<ConnectionId, Link>();

  constructor(seat: Seat, env: Env<ChainWorld>) {
    this.#seat = seat;
    this.#env = env;
  }

  /** Connections whose handshake is done, in the order in which they came. */
  ready(): readonly Link[] {
    return [...this.#links.values()].filter((link) => link.isProven && link.hasProved);
  }

  hostOf(id: ConnectionId): number | undefined {
    return this.#links.get(id)?.host;
  }

  /**
   * The world as the node sees it, where `change` decides what of its messages leaves: the same one, another, or none.
   * Proofs of identity pass, or nobody would listen. Asked only while the behaviour is active.
   * @param isCounted whether each change is a deviation; false: the behaviour counts something else.
   */
  env(
    change: (message: Message, to: Link) => Message | undefined = (message) => message,
    isCounted = true,
  ): Env<ChainWorld> {
    const env = this.#env;
    const send = (to: ConnectionId, message: Message): 'queued' | 'full' | 'closed' => {
      const link = this.#links.get(to);
      if (link === undefined) return env.network.send(to, message);
      if (message.kind === 'HandshakeProof') link.hasProved = true;
      if (message.kind === 'HandshakeProof' || !this.#seat.isActive()) return env.network.send(to, message);
      const changed = change(message, link);
      if (changed !== message && isCounted) this.#seat.deviated();
      return changed === undefined ? 'queued' : env.network.send(to, changed);
    };
    return { ...env, network: { ...env.network, send } };
  }

  /** @param onMessage true: the layer has dealt with the message, and the node does not see it. */
  process(
    honest: Process<ChainWorld>,
    onMessage: (link: Link, message: Message) => boolean = () => false,
  ): Process<ChainWorld> {
    return {
      ...honest,
      onConnected: (id, info) => {
        const host = this.#seat.hostOf(info.dialed ?? info.remote);
        this.#links.set(id, { id, host, isProven: false, hasProved: false });
        honest.onConnected(id, info);
      },
      onMessage: (from, message) => {
        const link = this.#links.get(from);
        if (link !== undefined && message.kind === 'HandshakeProof') link.isProven = true;
        if (link === undefined || !onMessage(link, message)) honest.onMessage(from, message);
      },
      onDisconnected: (id, reason) => {
        this.#links.delete(id);
        honest.onDisconnected(id, reason);
      },
    };
  }

  /** True when it was queued. */
  send(link: Link, message: Message): boolean {
    return this.#env.network.send(link.id, message) === 'queued';
  }
}

/** Runs `act` for as long as the boot lasts, `everyMs` apart on average, half of it drawn; only while active. */
export function repeatedly(
  seat: Seat,
  env: Env<ChainWorld>,
  name: string,
  everyMs: number,
  act: () => void,
): () => void {
  const wait = (): void => {
    const delayMs = Math.max(1, Math.floor(everyMs / 2) + seat.stream.below(Math.max(1, everyMs)));
    env.clock.setTimer(name, ms(delayMs), () => {
      if (seat.isActive()) act();
      wait();
    });
  };
  return wait;
}
