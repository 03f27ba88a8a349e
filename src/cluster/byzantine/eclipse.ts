/**
 * Eclipse: a host that fills the places of a victim with identities out of nothing, and tells it of nobody but itself and its
 * accomplices. Heilman et al., Eclipse Attacks on Bitcoin's Peer-to-Peer Network (USENIX Security 2015).
 */
import { z } from 'zod';
import { greeting, type LocalIdentity, proveIdentity } from '../../chain/peers/handshake.ts';
import type { ChainWorld } from '../../chain/types/command.ts';
import { forkIdOf } from '../../chain/types/fork-id.ts';
import { PROTOCOL_VERSION_MIN } from '../../chain/types/genesis.ts';
import type { HeadClaim, Message } from '../../chain/types/message.ts';
import { blockHash, height, publicKey, weight } from '../../chain/types/units.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { Env, Process } from '../../env/program.ts';
import { type Address, type ConnectionId, type KeyId, ms } from '../../env/units.ts';
import { hostIndex } from '../scenario/schema/values.ts';
import { defineBehaviour, type Layer, type LayerWorld, type Seat, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';

const PLACES = 40;
/** An identity that lost its place comes again in about that time. */
const RETURN_MS = 10_000;

const schema = z
  .strictObject({
    kind: z.literal('eclipse'),
    ...WINDOW,
    victim: hostIndex.optional().meta({ description: 'Whose places it fills; default: drawn.' }),
    places: z
      .int()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'Identities that it has for that; default 40.' }),
  })
  .meta({
    description:
      'Fills the inbound places of a victim with identities of its own, which bring it nothing but more of the same.',
  });

export const eclipse = defineBehaviour({
  schema,
  engines: 'any',
  sybils: ({ places = PLACES }) => places,
  create(seat, { victim }, world) {
    const { stream, accomplices, hostCount } = seat;
    const others = Array.from({ length: hostCount }, (_, i) => i).filter((i) => !accomplices.includes(i));
    const target = victim ?? (others.length > 0 ? stream.pick(others) : undefined);
    return target === undefined ? {} : new Eclipse(seat, world, seat.addressOf(target)).layer();
  },
});

/** One identity: at most one connection at a time. */
interface Sybil {
  readonly identity: LocalIdentity;
  connection: ConnectionId | undefined;
  challenge: string;
}

class Eclipse {
  readonly #seat: Seat;
  readonly #env: Env<ChainWorld>;
  readonly #victim: Address;
  readonly #links: Links;
  readonly #sybils: readonly Sybil[];
  /** Dials of this layer under way: the identities that they are for. The node may dial the same address. */
  readonly #dialing: Sybil[] = [];
  readonly #byConnection = new Map<ConnectionId, Sybil>();
  #head: HeadClaim = { id: blockHash('00'.repeat(32)), height: height(0), weight: weight('') };

  constructor(seat: Seat, { env, config }: LayerWorld, victim: Address) {
    this.#seat = seat;
    this.#env = env;
    this.#victim = victim;
    this.#links = new Links(seat, env);
    const { schedule, protocolMax, listen } = config;
    const { chainId } = seat;
    this.#sybils = seat.sybils.map((key: KeyId) => ({
      identity: {
        key,
        publicKey: publicKey(bytesToHex(env.crypto.publicKey(key))),
        listen,
        genesisId: chainId,
        protocolMin: PROTOCOL_VERSION_MIN,
        protocolMax,
        forkId: () => forkIdOf(chainId, schedule, this.#head.height),
        checkFork: () => 'ok',
      },
      connection: undefined,
      challenge: '',
    }));
  }

  layer(): Layer {
    // What the node says of its head, the identities say too.
    const watch = (message: Message): Message => {
      if (message.kind === 'Handshake') this.#head = message.head;
      return message;
    };
    return { env: this.#links.env(watch), process: (honest) => this.#process(honest) };
  }

  #process(honest: Process<ChainWorld>): Process<ChainWorld> {
    const inner = this.#links.process(honest);
    return {
      ...inner,
      onStart: () => {
        inner.onStart();
        for (const sybil of this.#sybils) this.#comeIn(sybil);
      },
      onConnected: (id, info) => {
        const sybil = info.dialed === this.#victim ? this.#dialing.shift() : undefined;
        if (sybil === undefined) inner.onConnected(id, info);
        else this.#open(sybil, id);
      },
      onDialFailed: (address, reason) => {
        const sybil = address === this.#victim ? this.#dialing.shift() : undefined;
        if (sybil === undefined) inner.onDialFailed(address, reason);
        else this.#comeIn(sybil);
      },
      onMessage: (from, message) => {
        const sybil = this.#byConnection.get(from);
        if (sybil === undefined) inner.onMessage(from, message);
        else this.#onMessage(sybil, from, message);
      },
      onMalformed: (from, reason) => {
        if (!this.#byConnection.has(from)) inner.onMalformed(from, reason);
      },
      onWritable: (id) => {
        if (!this.#byConnection.has(id)) inner.onWritable(id);
      },
      onDisconnected: (id, reason) => {
        const sybil = this.#byConnection.get(id);
        if (sybil === undefined) return inner.onDisconnected(id, reason);
        this.#byConnection.delete(id);
        sybil.connection = undefined;
        this.#comeIn(sybil);
      },
    };
  }

  #comeIn(sybil: Sybil): void {
    const delayMs = 1 + this.#seat.stream.below(2 * RETURN_MS);
    this.#env.clock.setTimer('byzantine.dial', ms(delayMs), () => {
      if (!this.#seat.isActive()) return this.#comeIn(sybil);
      this.#dialing.push(sybil);
      this.#env.network.dial(this.#victim);
    });
  }

  #open(sybil: Sybil, id: ConnectionId): void {
    const { stream } = this.#seat;
    sybil.connection = id;
    sybil.challenge = Array.from({ length: 8 }, () => stream.word().toString(16).padStart(8, '0')).join('');
    this.#byConnection.set(id, sybil);
    this.#env.network.send(id, greeting(sybil.identity, sybil.challenge, this.#head));
  }

  #onMessage(sybil: Sybil, from: ConnectionId, message: Message): void {
    const { network, crypto } = this.#env;
    switch (message.kind) {
      case 'Handshake':
        network.send(from, proveIdentity(crypto, sybil.identity, sybil.challenge, message));
        return;
      case 'HandshakeProof':
        this.#seat.deviated();
        network.send(from, { kind: 'PeerInfo', request: false, peers: this.#accomplices() });
        return;
      case 'Ping':
        network.send(from, { kind: 'Pong', nonce: message.nonce, head: this.#head });
        return;
      case 'PeerInfo':
        if (message.request)
          network.send(from, { kind: 'PeerInfo', request: false, peers: this.#accomplices() });
        return;
      default:
        // Blocks, transactions and questions end here.
        return;
    }
  }

  #accomplices(): readonly Address[] {
    return this.#seat.accomplices.map((host) => this.#seat.addressOf(host));
  }
}
