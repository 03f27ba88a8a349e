/** Peer network: connections, dialing, discovery and keep-alive of one node as one part. */
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../../env/network.ts';
import type { Env } from '../../env/program.ts';
import type { Address, ConnectionId } from '../../env/units.ts';
import type { NodeConfig, NodeFeatures, NodeLimits } from '../node-config.ts';
import type { ChainWorld } from '../types/command.ts';
import { checkForkId, forkIdOf } from '../types/fork-id.ts';
import { PROTOCOL_VERSION_MIN } from '../types/genesis.ts';
import type {
  HandshakeMessage,
  HeadClaim,
  Message,
  PeerInfoMessage,
  PingMessage,
  PongMessage,
} from '../types/message.ts';
import type { BlockHash, PeerId, PublicKey } from '../types/units.ts';
import { AddressBook } from './address-book.ts';
import { ANCHORS_MAX, loadAnchors, saveAnchors } from './anchors.ts';
import { IN_FLIGHT_MAX_BYTES } from './answer-window.ts';
import { Connections } from './connections.ts';
import { Dialer } from './dialer.ts';
import { Discovery } from './discovery.ts';
import type { PeerFault } from './fault.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Peer } from './peer.ts';

/** What the peer network is built from, and whom it tells. */
export interface PeerNetworkPorts {
  readonly env: Env<ChainWorld>;
  readonly config: NodeConfig;
  readonly features: NodeFeatures;
  readonly limits: NodeLimits;
  readonly publicKey: PublicKey;
  readonly genesisId: BlockHash;
  readonly head: () => HeadClaim;
  /** @param told the head that this side stated in its greeting. */
  onUp(peer: Peer, told: BlockHash): void;
  onDown(peer: Peer): void;
  /** A message that came before its sender had an identity. */
  onEarly(peer: Peer, message: Message): void;
}

/** The peers of one node: who they are, and how they are found and lost. */
export class PeerNetwork {
  readonly #ports: PeerNetworkPorts;
  readonly #book: AddressBook;
  readonly #connections: Connections;
  readonly #dialer: Dialer;
  readonly #discovery: Discovery | undefined;
  readonly #keepAlive: KeepAlive | undefined;
  #isStopped = false;

  constructor(ports: PeerNetworkPorts) {
    const { env, config, limits, features, head } = ports;
    const { clock, random } = env;
    this.#ports = ports;
    const configured = config.staticPeers ?? config.bootstrap;
    this.#book = new AddressBook(random, Math.max(limits.knownAddressesMax, configured.length));
    for (const address of configured) this.#book.add(address, '');
    this.#connections = this.#createConnections();
    const isDiscovering = features.discovery && config.staticPeers === undefined;
    this.#dialer = this.#createDialer(isDiscovering);
    const peers = (): readonly Peer[] => this.peers;
    const send = (peer: Peer, message: Message): boolean => this.send(peer, message);
    if (isDiscovering) {
      const fault = (peer: Peer, what: PeerFault): void => this.fault(peer, what);
      const onLearned = (): void => this.#dialer.plan();
      this.#discovery = new Discovery(
        config.listen,
        { clock, random, peers, send, fault, onLearned },
        this.#book,
      );
    }
    if (features.pings) {
      const close = (peer: Peer, reason: string): void => this.close(peer, reason);
      this.#keepAlive = new KeepAlive({ clock, limits, peers, head, send, close });
    }
  }

  /** In the order in which they came; a new array whenever it changes. */
  get peers(): readonly Peer[] {
    return this.#connections.peers;
  }

  get bannedCount(): number {
    return this.#connections.bannedCount;
  }

  get knownAddresses(): number {
    return this.#book.size;
  }

  peer(id: PeerId): Peer | undefined {
    return this.#connections.peer(id);
  }

  score(peer: Peer): number {
    return this.#connections.score(peer);
  }

  start(): void {
    const { storage, crypto } = this.#ports.env;
    if (this.#discovery !== undefined) {
      for (const anchor of loadAnchors(storage, crypto)) this.#book.add(anchor, '');
    }
    this.#dialer.start();
  }

  stop(reason: string): void {
    this.#isStopped = true;
    this.#dialer.stop();
    this.#discovery?.stop();
    this.#keepAlive?.stop();
    this.#connections.closeAll(reason);
  }

  dialNow(address: Address): void {
    if (!this.#isStopped) this.#dialer.dialNow(address);
  }

  onConnected(c: ConnectionId, info: ConnectionInfo): void {
    if (!this.#isStopped) this.#connections.onConnected(c, info);
    else this.#ports.env.network.close(c, 'now', 'stopped');
  }

  onDialFailed(address: Address, reason: DialFailure): void {
    this.#dialer.onDialFailed(address, reason);
  }

  /** The peer that a message comes from; undefined: it was part of a handshake, or came too early or too late. */
  onMessage(from: ConnectionId, message: Message): Peer | undefined {
    const peer = this.#connections.onMessage(from, message);
    if (peer !== undefined) this.#keepAlive?.onMessage(peer);
    return peer;
  }

  onMalformed(from: ConnectionId, reason: DecodeRejection): void {
    this.#connections.onMalformed(from, reason);
  }

  onWritable(c: ConnectionId): void {
    this.#connections.onWritable(c);
  }

  onDisconnected(c: ConnectionId, reason: DisconnectReason): void {
    this.#connections.onDisconnected(c, reason);
  }

  onPing(peer: Peer, message: PingMessage): void {
    peer.head = message.head;
    this.send(peer, { kind: 'Pong', nonce: message.nonce, head: this.#ports.head() });
  }

  onPong(peer: Peer, message: PongMessage): void {
    peer.head = message.head;
    this.#keepAlive?.onPong(peer, message);
  }

  onPeerInfo(peer: Peer, message: PeerInfoMessage): void {
    this.#discovery?.onMessage(peer, message);
  }

  /** False when nothing was queued: the peer is gone or its queue is full. */
  send(peer: Peer, message: Message): boolean {
    return this.#connections.send(peer, message);
  }

  /** `points` only where the fault has none of its own. */
  fault(peer: Peer, fault: PeerFault, points?: number): void {
    this.#connections.fault(peer, fault, points);
  }

  /** A request to the peer timed out. */
  stalled(peer: Peer): void {
    this.#connections.stalled(peer);
  }

  close(peer: Peer, reason: string): void {
    this.#connections.close(peer, reason);
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [
      { name: 'peers.addresses', size: this.#book.size, max: this.#book.max },
      {
        name: 'peers.answerBytes',
        size: Math.max(0, ...this.peers.map(({ window }) => window.inFlightBytes)),
        max: IN_FLIGHT_MAX_BYTES,
      },
      ...this.#connections.bounds(),
      ...this.#dialer.bounds(),
    ];
  }

  #onUp(peer: Peer, greeting: HandshakeMessage, told: BlockHash): void {
    if (peer.direction === 'out' && this.#dialer.isFeeler(peer.address)) {
      this.close(peer, 'feeler');
      return;
    }
    this.#keepAlive?.onPeerUp();
    this.#discovery?.onUp(peer, greeting.listen);
    if (this.#discovery !== undefined && peer.direction === 'out') this.#saveAnchors();
    this.#ports.onUp(peer, told);
  }

  #saveAnchors(): void {
    const { storage, crypto } = this.#ports.env;
    const anchors = this.peers.filter((peer) => peer.direction === 'out').map((peer) => peer.address);
    saveAnchors(storage, crypto, anchors.slice(-ANCHORS_MAX));
  }

  #createConnections(): Connections {
    const { env, config, limits, publicKey, genesisId, head } = this.#ports;
    const { schedule, identity, listen, protocolMax } = config;
    return new Connections(
      env,
      limits,
      {
        key: identity,
        publicKey,
        listen,
        genesisId,
        protocolMin: PROTOCOL_VERSION_MIN,
        protocolMax,
        forkId: () => forkIdOf(genesisId, schedule, head().height),
        checkFork: (remote) => checkForkId(genesisId, schedule, head().height, remote),
      },
      this.#book,
      () => this.#dialer,
      {
        head,
        onUp: (peer, greeting, told) => this.#onUp(peer, greeting, told),
        onDown: (peer) => this.#ports.onDown(peer),
        onEarly: (peer, message) => this.#ports.onEarly(peer, message),
      },
    );
  }

  #createDialer(isDiscovering: boolean): Dialer {
    const { env, config, limits } = this.#ports;
    const { listen, staticPeers } = config;
    return new Dialer(
      { listen, staticPeers, outboundTarget: limits.outboundTarget, feelers: isDiscovering },
      {
        clock: env.clock,
        random: env.random,
        dial: (address) => env.network.dial(address),
        isPeerUp: (peer) => this.peer(peer) !== undefined,
        onStarved: () => this.#discovery?.onStarved(),
      },
      this.#book,
    );
  }
}
