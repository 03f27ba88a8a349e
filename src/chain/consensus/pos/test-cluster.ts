/** Engines of one chain in tests: hosts on one clock, with a network that can be cut, disks that take their time, crashes at a record. */
import { assert } from '../../../env/assert.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../../../env/bytes.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { Entry, WriteOp } from '../../../env/storage.ts';
import { ms } from '../../../env/units.ts';
import { sha256, taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { executeBlock } from '../../execution/execute-block.ts';
import { testAddress, testKey } from '../../execution/test-chain.ts';
import type { Block } from '../../types/block.ts';
import type { DomainEvent } from '../../types/event.ts';
import type { Genesis } from '../../types/genesis.ts';
import { blockId } from '../../types/header-codec.ts';
import type { HeadClaim } from '../../types/message.ts';
import { type BlockRejection, isRejection } from '../../types/rejection.ts';
import {
  type BlockHash,
  type PeerId,
  type PublicKey,
  publicKey,
  type Signature,
  signature,
} from '../../types/units.ts';
import type { Evidence, SigningBytes } from '../consensus.ts';
import { TestClock, TestHost } from '../test-host.ts';
import type { PosConfig } from './config.ts';
import { createPos } from './engine.ts';
import { decodePosMessage, type PosMessage } from './messages.ts';
import { posTestGenesis } from './test-chain.ts';
import type { PosView } from './view.ts';

const SIGN_TAG = { seal: TAG.signSeal, vote: TAG.signVote, proposal: TAG.signProposal } as const;
const LATENCY_MS = 10;
const DISK_MS = 2;

/** People's time-outs, scaled down: a few latencies each. */
const TEST_TIMES: Partial<PosConfig> = {
  proposeMs: 200,
  proposeDeltaMs: 50,
  prevoteMs: 100,
  prevoteDeltaMs: 50,
  precommitMs: 100,
  precommitDeltaMs: 50,
  commitMs: 100,
};

/** A signature that only the holder of the key makes: nobody in a test takes another's. */
export function testSign(key: PublicKey, message: Uint8Array): Signature {
  const keyBytes = hexToBytes(key) ?? new Uint8Array(0);
  const half = sha256(concatBytes(keyBytes, message));
  return signature(bytesToHex(concatBytes(half, sha256(half))));
}

/** When a host dies at a record: before it is durable, or after it and before the engine hears of it. */
type CrashPoint = { readonly record: number; readonly isDurable: boolean };

/** One node. What is not durable dies with a boot. */
export class PosHost extends TestHost<PosView> {
  readonly events: DomainEvent[] = [];
  readonly faults: string[] = [];
  readonly accusations: Evidence[] = [];
  readonly certificates = new Map<BlockHash, Uint8Array>();
  readonly disk = new Map<string, Entry>();
  crashAt: CrashPoint | undefined;
  diskMs = DISK_MS;
  recordCount = 0;
  isUp = false;
  boot = 0;
  readonly cluster: PosCluster;
  readonly key: PublicKey;

  constructor(cluster: PosCluster, genesis: Genesis, index: number) {
    const key = testKey(index);
    super(genesis, createPos(), { clock: cluster.clock, beneficiary: testAddress(index), identity: key });
    this.cluster = cluster;
    this.key = key;
  }

  get height(): number {
    return this.head().header.height;
  }

  /** A boot; nothing when it is up. */
  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.restart();
    for (const peer of this.cluster.connected(this)) {
      this.engine.onPeerUp(peer.key);
      peer.engine.onPeerUp(this.key);
    }
  }

  /** Power is lost: nothing of this boot happens any more, and the disk has what was durable. */
  crash(): void {
    this.isUp = false;
    this.boot++;
    // Its timers are on the clock of all.
    this.engine.onStop();
    this.records.clear();
    for (const [name, entry] of this.disk) this.records.set(name, entry);
    for (const peer of this.cluster.hosts) if (peer.isUp) peer.engine.onPeerDown(this.key);
  }

  /** What happened of this kind in all boots. */
  count(what: string): number {
    return this.events.filter((event) => event.kind === 'Engine' && event.what === what).length;
  }

  override record(ops: readonly WriteOp[], then: () => void): void {
    if (!this.isUp) return;
    this.recordCount++;
    const crashAt = this.crashAt?.record === this.recordCount ? this.crashAt : undefined;
    super.record(ops, () => {});
    if (crashAt !== undefined && !crashAt.isDurable) return this.#dieSoon();
    this.later(this.diskMs, () => {
      for (const op of ops) {
        const name = op.key.join(' ');
        if (op.kind === 'delete') this.disk.delete(name);
        else this.disk.set(name, { key: op.key, value: op.value });
      }
      if (crashAt !== undefined) this.#dieSoon();
      else then();
    });
  }

  /** Another disk: with nothing on it, or with a copy. */
  replaceDisk(entries: ReadonlyMap<string, Entry> = new Map()): void {
    this.disk.clear();
    this.records.clear();
    for (const [name, entry] of entries) {
      this.disk.set(name, entry);
      this.records.set(name, entry);
    }
  }

  /** A record rots: its checksum fails, which the host tells by an empty value. */
  corrupt(name: string): void {
    const entry = this.disk.get(name);
    assert(entry !== undefined, 'a test corrupts what is there');
    const rotten = { key: entry.key, value: new Uint8Array(0) };
    this.disk.set(name, rotten);
    this.records.set(name, rotten);
  }

  override sign(what: SigningBytes): Signature {
    const { tag, bytes } = what;
    this.signed.push(what);
    return testSign(this.key, taggedBytes(SIGN_TAG[tag], bytes));
  }

  override verify(items: readonly SignedItem[], then: (valid: readonly boolean[]) => void): void {
    const valid = items.map(
      (item) => bytesToHex(item.signature) === testSign(publicKey(bytesToHex(item.publicKey)), item.message),
    );
    this.later(0, () => then(valid));
  }

  override validate(block: Block, then: (rejection: BlockRejection | undefined) => void): void {
    const { parent } = block.header;
    const view = this.view(parent);
    const state = this.state(parent);
    this.later(1, () => {
      if (view === undefined || state === undefined) return then({ code: 'PARENT_UNKNOWN', parent });
      const executed = executeBlock(this.context, view, state, block);
      then(isRejection(executed) ? executed : undefined);
    });
  }

  override submit(block: Block, certificate?: Uint8Array): void {
    this.submitted.push(block);
    this.later(1, () => this.adopt(block, certificate ?? new Uint8Array(0)));
  }

  /** Import with its certificate, as node and sync do. */
  adopt(block: Block, certificate: Uint8Array): void {
    const { parent } = block.header;
    const view = this.view(parent);
    const state = this.state(parent);
    if (view === undefined || state === undefined) return;
    const executed = executeBlock(this.context, view, state, block);
    assert(!isRejection(executed), 'a decided block is valid');
    const flaw = this.context.rules.checkCertificate(executed.view, block.header, certificate);
    assert(flaw === undefined, 'a decision has a certificate that the rules accept');
    this.certificates.set(blockId(block.header), certificate);
    this.cluster.onDecided(block);
    this.receive(block);
  }

  override certificate(id: BlockHash): Uint8Array {
    return this.certificates.get(id) ?? new Uint8Array(0);
  }

  override fault(_peer: PeerId, what: string): void {
    this.faults.push(what);
  }

  override evidence(item: Evidence): void {
    this.accusations.push(item);
  }

  override emit(event: DomainEvent): void {
    this.events.push(event);
  }

  override peers(): readonly PublicKey[] {
    return this.cluster.connected(this).map(({ key }) => key);
  }

  override send(to: PeerId, body: Uint8Array): boolean {
    // What is left of a handler that died at a record has no effect.
    if (this.isUp) this.cluster.send(this, to, body);
    return this.isUp;
  }

  override fetch(id: BlockHash, from: PeerId): void {
    const peer = this.cluster.hosts.find(({ key }) => key === from);
    if (peer === undefined) return;
    this.later(2 * LATENCY_MS, () => {
      if (!peer.isUp || !this.cluster.isConnected(this, peer)) return;
      const decided = peer.chain().find((block) => blockId(block.header) === id);
      const block = decided ?? peer.engine.blockOf(id);
      if (block === undefined) return;
      if (decided === undefined) this.engine.onBlock(from, block);
      else this.adopt(block, peer.certificate(id));
    });
  }

  override claim(from: PeerId, _head: HeadClaim): void {
    const peer = this.cluster.hosts.find(({ key }) => key === from);
    if (peer === undefined) return;
    this.later(2 * LATENCY_MS, () => {
      if (!peer.isUp || !this.cluster.isConnected(this, peer)) return;
      for (const block of peer.chain())
        if (block.header.height > this.height) this.adopt(block, peer.certificate(blockId(block.header)));
    });
  }

  /** A later event of this boot. */
  later(delayMs: number, run: () => void): void {
    const { boot } = this;
    if (!this.isUp) return;
    this.clock.setTimer('test', ms(delayMs), () => {
      if (this.boot === boot && this.isUp) run();
    });
  }

  #dieSoon(): void {
    this.crashAt = undefined;
    this.crash();
    this.clock.setTimer('restart', ms(50), () => this.start());
  }
}

/** Who may hear what: false loses the message. */
export type Filter = (from: PosHost, to: PosHost, message: PosMessage) => boolean;

export class PosCluster {
  readonly clock = new TestClock(1_700_000_000_000);
  readonly hosts: readonly PosHost[];
  readonly genesis: Genesis;
  readonly sent: PosMessage[] = [];
  filter: Filter = () => true;
  latencyMs: (from: PosHost, to: PosHost) => number = () => LATENCY_MS;
  isConnected: (a: PosHost, b: PosHost) => boolean = () => true;
  readonly #said = new Map<string, string>();
  readonly #decided = new Map<number, BlockHash>();

  /** @param followers hosts without a stake. */
  constructor(stakes: readonly bigint[], overrides: Partial<PosConfig> = {}, followers = 0) {
    this.genesis = posTestGenesis(stakes, { ...TEST_TIMES, ...overrides });
    const count = stakes.length + followers;
    this.hosts = Array.from({ length: count }, (_, index) => new PosHost(this, this.genesis, index));
  }

  start(hosts: readonly PosHost[] = this.hosts): void {
    for (const host of hosts) host.start();
  }

  host(index: number): PosHost {
    const host = this.hosts[index];
    assert(host !== undefined, 'a test names a host that there is');
    return host;
  }

  connected(of: PosHost): readonly PosHost[] {
    return this.hosts.filter((host) => host !== of && host.isUp && this.isConnected(of, host));
  }

  /** Turns the clock until it holds. */
  runUntil(holds: () => boolean, limitMs = 60_000): void {
    const endMs = this.clock.nowMs + limitMs;
    while (!holds() && this.clock.nowMs < endMs) this.clock.advance(5);
    assert(holds(), 'what a test waits for comes in time');
  }

  /** All hosts that are up have this height. */
  runToHeight(height: number, limitMs = 60_000): void {
    this.runUntil(() => this.hosts.every((host) => !host.isUp || host.height >= height), limitMs);
  }

  send(from: PosHost, to: PeerId, body: Uint8Array): void {
    const message = decodePosMessage(body);
    assert(!isDecodeRejection(message), 'engines send messages');
    this.sent.push(message);
    this.#checkPromise(from, message, body);
    const peer = this.hosts.find(({ key }) => key === to);
    if (peer === undefined || !this.filter(from, peer, message)) return;
    peer.later(this.latencyMs(from, peer), () => {
      if (!this.isConnected(from, peer)) return;
      const verdict = peer.engine.onMessage(from.key, body);
      if (verdict.kind === 'fault') peer.faults.push(verdict.fault);
    });
  }

  onDecided({ header }: Block): void {
    const id = blockId(header);
    const before = this.#decided.get(header.height);
    assert(before === undefined || before === id, 'one block is decided at each height');
    this.#decided.set(header.height, id);
  }

  /** What a host says of itself is durable, and never said otherwise. */
  #checkPromise(from: PosHost, message: PosMessage, body: Uint8Array): void {
    if (message.kind !== 'vote' && message.kind !== 'proposal') return;
    const said = message.kind === 'vote' ? message.vote : message.proposal;
    const by = 'validator' in said ? said.validator : said.proposer;
    if (by !== from.key) return;
    const slot = `${by} ${said.height} ${said.round} ${'type' in said ? said.type : 0}`;
    const before = this.#said.get(slot);
    assert(before === undefined || before === said.signature, 'nothing is said twice differently');
    this.#said.set(slot, said.signature);
    if (said.height <= from.height) return;
    const text = bytesToHex(body);
    const isDurable = [...from.disk.values()].some(({ value }) => bytesToHex(value) === text);
    assert(isDurable, 'a promise is durable before it leaves');
  }
}
