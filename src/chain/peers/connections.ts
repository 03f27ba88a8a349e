/** Connections: handshake, identities, duplicates, scores and bans; above it the node sees peers only. */
import { bytesToHex, concatBytes } from '../../env/bytes.ts';
import type { Timer } from '../../env/clock.ts';
import type { ConnectionInfo, DecodeRejection, DisconnectReason } from '../../env/network.ts';
import type { Env } from '../../env/program.ts';
import { type ConnectionId, ms } from '../../env/units.ts';
import type { NodeLimits } from '../node-config.ts';
import type { ChainWorld } from '../types/command.ts';
import type { HandshakeMessage, HeadClaim, Message } from '../types/message.ts';
import type { BlockHash, PeerId } from '../types/units.ts';
import type { AddressBook } from './address-book.ts';
import { addressGroup } from './address-group.ts';
import type { Dialer } from './dialer.ts';
import { selectEviction } from './eviction.ts';
import { PENALTY, type PeerFault } from './fault.ts';
import {
  checkGreeting,
  greeting,
  type HandshakeRefusal,
  type LocalIdentity,
  proofItem,
  proveIdentity,
  resolveDuplicate,
} from './handshake.ts';
import { Peer } from './peer.ts';
import { ScoreBoard } from './score-board.ts';

/** What a peer may send while this side still verifies its proof: it finished first and does not wait. */
const EARLY_MESSAGES_MAX = 64;
/** Inbound connections without an identity, beside `inboundMax` peers. */
const STRANGERS_MAX = 32;

/** What the node is told of its peers. */
export interface PeerHooks {
  readonly head: () => HeadClaim;
  /** @param told what this side has said of its own head. */
  onUp(peer: Peer, greeting: HandshakeMessage, told: BlockHash): void;
  onDown(peer: Peer, reason: string): void;
  /** A message that arrived before its sender had an identity. */
  onEarly(peer: Peer, message: Message): void;
}

type Step = 'greeting' | 'proving' | 'verifying' | 'up' | 'closed';

interface Connection {
  readonly id: ConnectionId;
  readonly info: ConnectionInfo;
  readonly challenge: string;
  readonly told: HeadClaim;
  readonly begunMs: number;
  step: Step;
  remote: HandshakeMessage | undefined;
  early: Message[] | undefined;
  timer: Timer | undefined;
  peer: Peer | undefined;
}

/** All connections of one node. */
export class Connections {
  readonly #env: Env<ChainWorld>;
  readonly #limits: NodeLimits;
  readonly #local: LocalIdentity;
  readonly #hooks: PeerHooks;
  readonly #book: AddressBook;
  readonly #dialer: () => Dialer;
  readonly #scores: ScoreBoard;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #byId = new Map<PeerId, Peer>();
  /** Orders address groups for the lot of an eviction; nobody else knows it. Drawn when it is needed first. */
  #lotKey: Uint8Array | undefined;
  #peers: readonly Peer[] = [];
  #inbound = 0;
  #unknownMessages = 0;

  constructor(
    env: Env<ChainWorld>,
    limits: NodeLimits,
    local: LocalIdentity,
    book: AddressBook,
    dialer: () => Dialer,
    hooks: PeerHooks,
  ) {
    this.#env = env;
    this.#limits = limits;
    this.#local = local;
    this.#book = book;
    this.#dialer = dialer;
    this.#hooks = hooks;
    this.#scores = new ScoreBoard(limits);
  }

  /** Peers in the order in which they came; a new array whenever it changes, so that loops over an old one are safe. */
  get peers(): readonly Peer[] {
    return this.#peers;
  }

  get bannedCount(): number {
    return this.#scores.bannedCount;
  }

  peer(id: PeerId): Peer | undefined {
    return this.#byId.get(id);
  }

  score(peer: Peer): number {
    return this.#scores.score(peer.id, this.#nowMs());
  }

  onConnected(id: ConnectionId, info: ConnectionInfo): void {
    if (info.direction === 'in') {
      if (this.#inbound >= this.#limits.inboundMax + STRANGERS_MAX) {
        this.#env.emit({ kind: 'HandshakeRefused', address: info.remote, code: 'TOO_MANY_PEERS' });
        this.#env.network.close(id, 'now', 'TOO_MANY_PEERS');
        return;
      }
      this.#inbound++;
    }
    const connection = this.#newConnection(id, info);
    this.#connections.set(id, connection);
    if (this.#scores.isBannedAddress(info.dialed ?? info.remote, this.#nowMs())) {
      this.#refuse(connection, 'BANNED');
      return;
    }
    connection.timer = this.#env.clock.setTimer('handshake', ms(this.#limits.handshakeTimeoutMs), () => {
      if (connection.step !== 'up' && connection.step !== 'closed') this.#refuse(connection, 'TIMEOUT');
    });
    this.#env.network.send(id, greeting(this.#local, connection.challenge, connection.told));
  }

  /** The peer that a message comes from; undefined: it was part of a handshake, or came too early or too late. */
  onMessage(from: ConnectionId, message: Message): Peer | undefined {
    const connection = this.#connections.get(from);
    if (connection === undefined) return undefined;
    if (connection.peer !== undefined) {
      if (connection.step !== 'up') return undefined;
      if (message.kind === 'Handshake' || message.kind === 'HandshakeProof') {
        this.fault(connection.peer, 'UNEXPECTED_MESSAGE');
        return undefined;
      }
      return connection.peer;
    }
    this.#onStranger(connection, message);
    return undefined;
  }

  onMalformed(from: ConnectionId, reason: DecodeRejection): void {
    const connection = this.#connections.get(from);
    if (connection === undefined || connection.step === 'closed') return;
    if (reason.code === 'UNKNOWN_KIND') {
      this.#unknownMessages++;
      this.#env.emit({ kind: 'UnknownMessageIgnored', count: this.#unknownMessages });
      return;
    }
    const { peer } = connection;
    if (peer === undefined) {
      this.#refuse(connection, 'MALFORMED');
      return;
    }
    this.fault(peer, 'MALFORMED');
    if (peer.isUp) this.close(peer, 'malformed');
  }

  onWritable(id: ConnectionId): void {
    const peer = this.#connections.get(id)?.peer;
    if (peer !== undefined) peer.full = false;
  }

  onDisconnected(id: ConnectionId, reason: DisconnectReason): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    if (connection.step !== 'closed') this.#end(connection, reason);
    this.#connections.delete(id);
    if (connection.info.direction === 'in') this.#inbound--;
  }

  /** False when nothing was queued: the peer is gone or its queue is full. */
  send(peer: Peer, message: Message): boolean {
    if (!peer.isUp || peer.full) return false;
    const result = this.#env.network.send(peer.connection, message);
    if (result === 'full') peer.full = true;
    return result === 'queued';
  }

  /** Scores a peer; past the threshold it is banned and gone. `points` only where the fault has none of its own. */
  fault(peer: Peer, fault: PeerFault, points: number = PENALTY[fault]): void {
    if (points <= 0 || !peer.isUp) return;
    const nowMs = this.#nowMs();
    const score = this.#scores.add(peer.id, points, nowMs);
    this.#env.emit({ kind: 'PeerScored', peer: peer.id, fault, score });
    if (score < this.#limits.banScore) return;
    const dialed = this.#connections.get(peer.connection)?.info.dialed;
    this.#scores.ban(peer.id, dialed, nowMs);
    if (dialed !== undefined) this.#book.defer(dialed, nowMs + this.#limits.banDurationMs);
    this.#env.emit({ kind: 'PeerBanned', peer: peer.id, address: peer.address, fault });
    this.close(peer, 'banned');
  }

  /** A request timed out; the third in a row ends the connection: another peer may answer. */
  stalled(peer: Peer): void {
    peer.stalls++;
    if (peer.stalls < STALLS_MAX) return;
    this.fault(peer, 'STALLED');
    this.close(peer, 'stalled');
  }

  /** Ends a connection that has an identity. */
  close(peer: Peer, reason: string): void {
    const connection = this.#connections.get(peer.connection);
    if (connection === undefined || connection.step === 'closed') return;
    this.#end(connection, reason);
    this.#env.network.close(connection.id, 'now', reason);
  }

  /** Ends every connection, what is queued first. */
  closeAll(reason: string): void {
    for (const connection of [...this.#connections.values()]) {
      if (connection.step === 'closed') continue;
      this.#end(connection, reason);
      this.#env.network.close(connection.id, 'afterQueued', reason);
    }
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [
      {
        name: 'peers.inbound',
        size: this.#inbound,
        max: this.#limits.inboundMax + STRANGERS_MAX,
      },
      ...this.#scores.bounds(),
    ];
  }

  #newConnection(id: ConnectionId, info: ConnectionInfo): Connection {
    const challenge = bytesToHex(this.#env.random.bytes(32));
    return {
      id,
      info,
      challenge,
      told: this.#hooks.head(),
      begunMs: this.#nowMs(),
      step: 'greeting',
      remote: undefined,
      early: undefined,
      timer: undefined,
      peer: undefined,
    };
  }

  #onStranger(connection: Connection, message: Message): void {
    if (connection.step === 'closed') return;
    if (connection.step === 'greeting' && message.kind === 'Handshake') {
      this.#onGreeting(connection, message);
    } else if (connection.step === 'proving' && message.kind === 'HandshakeProof') {
      const { remote } = connection;
      if (remote === undefined) return;
      connection.step = 'verifying';
      const item = proofItem(this.#local, connection.challenge, remote, message);
      this.#env.spend('verify', 1);
      this.#env.crypto.verify([item], (valid) => {
        if (connection.step !== 'verifying') return;
        if (valid[0] === true) this.#onIdentity(connection, remote);
        else this.#refuse(connection, 'BAD_PROOF');
      });
    } else if (connection.step === 'verifying' && (connection.early?.length ?? 0) < EARLY_MESSAGES_MAX) {
      connection.early ??= [];
      connection.early.push(message);
    } else {
      this.#refuse(connection, 'UNEXPECTED_MESSAGE');
    }
  }

  #onGreeting(connection: Connection, remote: HandshakeMessage): void {
    const refusal = checkGreeting(this.#local, remote);
    if (refusal !== undefined) {
      if (refusal === 'SELF' && connection.info.dialed !== undefined)
        this.#dialer().onSelf(connection.info.dialed);
      this.#refuse(connection, refusal);
      return;
    }
    if (this.#scores.isBanned(remote.nodeKey, this.#nowMs())) {
      this.#refuse(connection, 'BANNED');
      return;
    }
    // Before the proof, so that the other side does not give up the good connection for one that only feels.
    const { dialed } = connection.info;
    if (dialed !== undefined && this.#byId.has(remote.nodeKey) && this.#dialer().isFeeler(dialed)) {
      this.#refuse(connection, 'DUPLICATE');
      return;
    }
    connection.remote = remote;
    connection.step = 'proving';
    this.#env.spend('sign', 1);
    const proof = proveIdentity(this.#env.crypto, this.#local, connection.challenge, remote);
    this.#env.network.send(connection.id, proof);
  }

  #onIdentity(connection: Connection, remote: HandshakeMessage): void {
    const { dialed, direction } = connection.info;
    if (dialed !== undefined) this.#dialer().onIdentity(dialed, remote.nodeKey);
    const known = this.#byId.get(remote.nodeKey);
    if (known !== undefined) {
      const keep = resolveDuplicate({
        local: this.#local.publicKey,
        remote: remote.nodeKey,
        oldDirection: known.direction,
        newDirection: direction,
      });
      if (keep === 'old') {
        this.#refuse(connection, 'DUPLICATE');
        return;
      }
      this.close(known, 'duplicate');
    } else if (direction === 'in' && !this.#hasRoomFor(connection)) {
      this.#refuse(connection, 'TOO_MANY_PEERS');
      return;
    }
    this.#raise(connection, remote);
  }

  #raise(connection: Connection, remote: HandshakeMessage): void {
    connection.timer?.cancel();
    connection.timer = undefined;
    const { dialed, direction } = connection.info;
    const nowMs = this.#nowMs();
    const address = dialed ?? remote.listen;
    const { id } = connection;
    const group = addressGroup(connection.info.remote);
    const pingMs = nowMs - connection.begunMs;
    const peer = new Peer(
      { id: remote.nodeKey, connection: id, address, direction, group, pingMs },
      remote.head,
      nowMs,
    );
    connection.peer = peer;
    connection.step = 'up';
    this.#byId.set(peer.id, peer);
    this.#peers = [...this.#peers, peer];
    this.#env.emit({ kind: 'PeerUp', peer: peer.id, address, direction });
    const early = connection.early;
    connection.early = undefined;
    this.#hooks.onUp(peer, remote, connection.told.id);
    for (const message of early ?? []) if (peer.isUp) this.#hooks.onEarly(peer, message);
  }

  #refuse(connection: Connection, code: HandshakeRefusal): void {
    const { info } = connection;
    this.#env.emit({ kind: 'HandshakeRefused', address: info.dialed ?? info.remote, code });
    this.#end(connection, code);
    this.#env.network.close(connection.id, 'afterQueued', code);
  }

  /** Everything that the end of a connection means, before onDisconnected says so. */
  #end(connection: Connection, reason: string): void {
    connection.timer?.cancel();
    connection.timer = undefined;
    connection.step = 'closed';
    connection.early = undefined;
    const { peer } = connection;
    const { dialed } = connection.info;
    if (peer !== undefined) {
      peer.isUp = false;
      peer.window.shut();
      this.#byId.delete(peer.id);
      this.#peers = this.#peers.filter((other) => other !== peer);
      this.#env.emit({ kind: 'PeerDown', peer: peer.id, reason });
      this.#hooks.onDown(peer, reason);
    }
    if (dialed !== undefined) {
      this.#dialer().onEnded(dialed, peer === undefined ? undefined : this.#nowMs() - peer.upMs);
    } else if (peer !== undefined) this.#dialer().plan();
  }

  /** There is a place for one more inbound peer, or one was made by evicting another. */
  #hasRoomFor(connection: Connection): boolean {
    const inbound = this.#peers.filter((peer) => peer.direction === 'in');
    if (inbound.length < this.#limits.inboundMax) return true;
    this.#lotKey ??= this.#env.random.bytes(32);
    const key = this.#lotKey;
    const lotOf = (group: string): string => {
      const text = Uint8Array.from(group, (character) => character.charCodeAt(0) & 0xff);
      return bytesToHex(this.#env.crypto.sha256(concatBytes(key, text)));
    };
    const id = selectEviction(inbound, addressGroup(connection.info.remote), lotOf);
    const victim = id === undefined ? undefined : this.#byId.get(id);
    if (victim !== undefined) this.close(victim, 'evicted');
    return victim !== undefined;
  }

  #nowMs(): number {
    return this.#env.clock.monotonicMs();
  }
}

/** One time-out may be the network's fault, three in a row are a dead end. */
const STALLS_MAX = 3;
