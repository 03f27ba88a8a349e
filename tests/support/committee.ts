/** A certified engine for tests of the node: a fixed committee of three, one leader for each height, two signatures decide. */
import type {
  Candidate,
  Consensus,
  ConsensusHost,
  ConsensusRules,
  Engine,
  PeerVerdict,
} from '../../src/chain/consensus/consensus.ts';
import { checkHeight, defaultRules } from '../../src/chain/consensus/default-rules.ts';
import { badConfig, viewCodec } from '../../src/chain/consensus/engine-fields.ts';
import { addWeight, numberWeight } from '../../src/chain/consensus/weights.ts';
import { taggedBytes } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import type { Block } from '../../src/chain/types/block.ts';
import { decodeBlock, encodeBlock } from '../../src/chain/types/block-codec.ts';
import type { ChainWorld } from '../../src/chain/types/command.ts';
import { blockId } from '../../src/chain/types/header-codec.ts';
import { decodeLayout, encodeLayout } from '../../src/chain/types/layout/codec.ts';
import {
  blockHashField,
  heightField,
  publicKeyField,
  signatureField,
  timeField,
} from '../../src/chain/types/layout/fields.ts';
import { type Layout, listOf, unsigned } from '../../src/chain/types/layout/layout.ts';
import { struct } from '../../src/chain/types/layout/struct.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import {
  amount,
  type BlockHash,
  type Height,
  height,
  type PeerId,
  type PublicKey,
  type Signature,
  signature,
} from '../../src/chain/types/units.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex, hexToBytes } from '../../src/env/bytes.ts';
import type { Timer } from '../../src/env/clock.ts';
import type { SignedItem } from '../../src/env/crypto.ts';
import { ms, type UnixMs, unixMs } from '../../src/env/units.ts';
import type { SimulatorConfig } from '../../src/sim/config.ts';
import { type HostPlan, NodeWorld } from './node-world.ts';

const MEMBERS = 3;
const QUORUM = 2;
const COMMIT_MAX_BYTES = 1_024;
/** From a decision to the next proposal. */
const PERIOD_MS = 1_000;

interface CommitteeView {
  readonly committee: readonly PublicKey[];
  readonly height: Height;
  readonly timestampMs: UnixMs;
  /** False between `advance` and `afterExecution`, as where the next set is known after the execution only. */
  readonly isExecuted: boolean;
}

/** One member's word for a block. */
interface CommitteeVote {
  readonly member: number;
  readonly signature: Signature;
}

const voteLayout: Layout<CommitteeVote> = struct<CommitteeVote>({
  member: unsigned<number>(8, MEMBERS - 1),
  signature: signatureField,
});
const commitLayout: Layout<readonly CommitteeVote[]> = listOf(voteLayout, 8, MEMBERS);
const viewLayout = struct<Omit<CommitteeView, 'isExecuted'>>({
  committee: listOf(publicKeyField, 8, MEMBERS),
  height: heightField,
  timestampMs: timeField,
});

const MESSAGE = { propose: 1, vote: 2, head: 3 } as const;
interface CommitteeMessage extends CommitteeVote {
  readonly kind: number;
  readonly id: BlockHash;
  readonly height: Height;
}
const messageLayout = struct<CommitteeMessage>({
  kind: unsigned<number>(8, 3),
  id: blockHashField,
  height: heightField,
  member: unsigned<number>(8, MEMBERS - 1),
  signature: signatureField,
});
const NO_SIGNATURE = signature('00'.repeat(64));

/** What a commit of these votes is, as a block or a certificate carries it. */
function encodeVotes(votes: readonly CommitteeVote[]): Uint8Array {
  return encodeLayout(commitLayout, votes);
}

/** Undefined: no commit. */
function decodeVotes(bytes: Uint8Array): readonly CommitteeVote[] | undefined {
  const votes = decodeLayout(commitLayout, bytes, COMMIT_MAX_BYTES);
  return isRejection(votes) ? undefined : (votes as readonly CommitteeVote[]);
}

/** The same commit with a signature of nobody. */
export function withWrongSignature(commit: Uint8Array): Uint8Array {
  const votes = decodeVotes(commit) ?? [];
  return encodeVotes(
    votes.map((vote, i) => (i === 0 ? { ...vote, signature: signature('11'.repeat(64)) } : vote)),
  );
}

function signBytes(id: BlockHash): Uint8Array {
  return hexToBytes(id) ?? new Uint8Array(0);
}

function voteItem(view: CommitteeView, id: BlockHash, vote: CommitteeVote): SignedItem {
  return {
    publicKey: hexToBytes(view.committee[vote.member] ?? '') ?? new Uint8Array(0),
    message: taggedBytes(TAG.signVote, signBytes(id)),
    signature: hexToBytes(vote.signature) ?? new Uint8Array(0),
  };
}

function itemsOf(view: CommitteeView, id: BlockHash, commit: Uint8Array): readonly SignedItem[] {
  return (decodeVotes(commit) ?? []).map((vote) => voteItem(view, id, vote));
}

function isCommit(commit: Uint8Array): boolean {
  const members = new Set((decodeVotes(commit) ?? []).map(({ member }) => member));
  return members.size >= QUORUM;
}

function leaderOf(at: number): number {
  return at % MEMBERS;
}

const codec = viewCodec(viewLayout, ({ committee }) =>
  committee.length === MEMBERS ? undefined : `${MEMBERS} members expected`,
);

function committeeRules(): ConsensusRules<CommitteeView> {
  return {
    ...defaultRules<CommitteeView>(),
    name: 'committee',
    isCertified: true,
    genesis({ validators, timestampMs }) {
      const committee = validators.map(({ key }) => key);
      if (committee.length !== MEMBERS) return badConfig('validators', `${MEMBERS}`);
      const view = { committee, height: height(0), timestampMs, isExecuted: true };
      return { view, consensus: new Uint8Array(0), records: [], weight: numberWeight(0n, 8) };
    },
    advance(view, header) {
      if (!view.isExecuted) return { code: 'NEEDS_EXECUTION' };
      const wrong = checkHeight(view.height, header);
      if (wrong !== undefined) return wrong;
      if (header.consensus !== `0${leaderOf(header.height)}` || header.seal !== '')
        return { code: 'BAD_CONSENSUS_FIELD', fact: 'the leader and no seal were expected' };
      if (header.timestampMs <= view.timestampMs)
        return { code: 'TIMESTAMP_TOO_EARLY', timestampMs: header.timestampMs, after: view.timestampMs };
      return { ...view, height: header.height, timestampMs: header.timestampMs, isExecuted: false };
    },
    systemItems: (view, { header, system }, certificate) => [
      ...itemsOf(view, header.parent, hexToBytes(system.lastCommit) ?? new Uint8Array(0)),
      ...itemsOf(view, blockId(header), certificate),
    ],
    checkSystem(view, { system }) {
      const commit = hexToBytes(system.lastCommit) ?? new Uint8Array(0);
      if (view.height === 0 ? system.lastCommit === '' : isCommit(commit)) return undefined;
      return { code: 'SYSTEM_DATA_INVALID', fact: 'a commit for the parent was expected' };
    },
    afterExecution: (view) => ({ ...view, isExecuted: true }),
    weigh: (parent) => addWeight(parent, 1n),
    checkCertificate: (_view, _header, certificate) =>
      isCommit(certificate) ? undefined : { code: 'BAD_CERTIFICATE', fact: 'two members were expected' },
    finality: (head) => ({ final: head.header.height, acknowledged: head.header.height, kind: 'absolute' }),
    encodeView: (view) => codec.encodeView(view),
    decodeView(bytes) {
      const view = codec.decodeView(bytes);
      return 'code' in view ? view : { ...view, isExecuted: true };
    },
  };
}

/** How a test changes a running part. */
export interface CommitteeOptions {
  /** Nothing is proposed above that height. */
  readonly until?: number;
  readonly periodMs?: number;
  /** The block of that height carries a last commit with a wrong signature. */
  readonly wrongCommitAt?: number;
  /** Votes for what it has not validated. */
  readonly isCredulous?: boolean;
  /** Blocks handed to onBlock. */
  readonly onBlock?: (id: BlockHash) => void;
}

/** Keys of genesis in their order are the committee; everybody else follows. */
function committeeConsensus(options: CommitteeOptions = {}): Consensus<CommitteeView> {
  return { rules: committeeRules(), create: (host) => new CommitteeEngine(host, options) };
}

/** The member's own vote, as a record: the block that it voted for. */
const VOTE_KEY = Uint8Array.of(1);

class CommitteeEngine implements Engine {
  readonly #host: ConsensusHost<CommitteeView>;
  readonly #options: CommitteeOptions;
  #head: Candidate;
  /** The block of the next height, when it is here and valid. */
  #block: Block | undefined;
  #isChecking = false;
  /** Of the next height, by block and member. */
  readonly #votes = new Map<BlockHash, Map<number, Signature>>();
  #timer: Timer | undefined;

  constructor(host: ConsensusHost<CommitteeView>, options: CommitteeOptions) {
    this.#host = host;
    this.#options = options;
    this.#head = host.head();
  }

  onStart(): void {
    this.onHead(this.#host.head());
  }

  onHead(head: Candidate): void {
    this.#head = head;
    this.#block = undefined;
    this.#isChecking = false;
    this.#votes.clear();
    this.#timer?.cancel();
    for (const peer of this.#host.peers()) this.#tellHead(peer);
    const voted = this.#voted();
    if (voted !== undefined) this.#accept(voted);
    else if (this.#next <= (this.#options.until ?? Number.MAX_SAFE_INTEGER) && this.#isLeader()) {
      this.#timer = this.#host.clock.setTimer(
        'committee.propose',
        ms(this.#options.periodMs ?? PERIOD_MS),
        () => this.#propose(),
      );
    }
  }

  onPeerUp(peer: PeerId): void {
    this.#tellHead(peer);
    if (this.#block === undefined) return;
    const id = blockId(this.#block.header);
    this.#send(peer, { kind: MESSAGE.propose, id });
    const member = this.#member();
    const own = this.#votes.get(id)?.get(member);
    if (own !== undefined) this.#send(peer, { kind: MESSAGE.vote, id, member, signature: own });
  }

  onPeerDown(): void {}

  onMessage(from: PeerId, body: Uint8Array): PeerVerdict {
    const message = decodeLayout(messageLayout, body, COMMIT_MAX_BYTES);
    if ('code' in message) return { kind: 'fault', fault: 'malformed', penalty: 10 };
    const { kind, id } = message;
    if (kind === MESSAGE.head) {
      const { height: at } = message;
      if (at === this.#next) this.#host.fetch(id, from);
      if (at > this.#head.header.height)
        this.#host.claim(from, { id, height: at, weight: numberWeight(BigInt(at), 8) });
      return { kind: 'ok' };
    }
    if (message.height !== this.#next) return { kind: 'ok' };
    if (this.#block === undefined && !this.#isChecking) this.#host.fetch(id, from);
    if (kind === MESSAGE.vote) this.#onVote(message);
    return { kind: 'ok' };
  }

  onBlock(_from: PeerId, block: Block): void {
    const parent = this.#head.id;
    this.#options.onBlock?.(blockId(block.header));
    if (block.header.parent !== parent || this.#block !== undefined || this.#isChecking) return;
    if (this.#options.isCredulous === true) {
      this.#accept(block);
      return;
    }
    this.#isChecking = true;
    this.#host.validate(block, (why) => {
      if (this.#head.id !== parent) return;
      this.#isChecking = false;
      if (why === undefined) this.#accept(block);
    });
  }

  blockOf(id: BlockHash): Block | undefined {
    return this.#block !== undefined && blockId(this.#block.header) === id ? this.#block : undefined;
  }

  onMempool(): void {}

  onProposal(_body: Uint8Array, reply: (refused: string | undefined) => void): void {
    reply('the committee is fixed');
  }

  onStop(): void {
    this.#timer?.cancel();
  }

  status(): ReturnType<Engine['status']> {
    return { kind: 'idle' };
  }

  bounds(): ReturnType<Engine['bounds']> {
    return [];
  }

  get #next(): Height {
    return height(this.#head.header.height + 1);
  }

  #member(): number {
    const view = this.#host.view(this.#head.id);
    return view === undefined ? -1 : view.committee.indexOf(this.#host.identity as PublicKey);
  }

  #isLeader(): boolean {
    return this.#member() === leaderOf(this.#next);
  }

  #voted(): Block | undefined {
    const [entry] = this.#host.read({ start: VOTE_KEY });
    const block = entry === undefined ? undefined : decodeBlock(entry.value);
    if (block === undefined || isRejection(block)) return undefined;
    return block.header.parent === this.#head.id ? block : undefined;
  }

  #propose(): void {
    const { id, header } = this.#head;
    const commit = this.#host.certificate(id);
    const isWrong = this.#options.wrongCommitAt === this.#next;
    const block = this.#host.build({
      parent: id,
      timestampMs: unixMs(Math.max(header.timestampMs + 1, this.#host.clock.wallMs())),
      beneficiary: this.#host.beneficiary,
      consensus: Uint8Array.of(leaderOf(this.#next)),
      system: { evidence: [], lastCommit: bytesToHex(isWrong ? withWrongSignature(commit) : commit) },
    });
    assert(block !== undefined, 'the head is executed');
    this.#accept(block);
  }

  /** A valid block of the next height: members vote for the first. */
  #accept(block: Block): void {
    this.#block = block;
    const id = blockId(block.header);
    const member = this.#member();
    if (member < 0) {
      this.#decide(id);
      return;
    }
    this.#host.record([{ kind: 'put', key: VOTE_KEY, value: encodeBlock(block) }], () => {
      if (this.#block !== block) return;
      const own = this.#host.sign({ tag: 'vote', bytes: signBytes(id) });
      for (const peer of this.#host.peers()) {
        if (this.#isLeader()) this.#send(peer, { kind: MESSAGE.propose, id });
        this.#send(peer, { kind: MESSAGE.vote, id, member, signature: own });
      }
      this.#count(id, { member, signature: own });
    });
  }

  #onVote({ id, member, signature: signed }: CommitteeMessage): void {
    const view = this.#host.view(this.#head.id);
    if (view === undefined) return;
    const parent = this.#head.id;
    this.#host.verify([voteItem(view, id, { member, signature: signed })], ([isValid]) => {
      if (isValid === true && this.#head.id === parent) this.#count(id, { member, signature: signed });
    });
  }

  #count(id: BlockHash, vote: CommitteeVote): void {
    const votes = this.#votes.get(id) ?? new Map<number, Signature>();
    this.#votes.set(id, votes.set(vote.member, vote.signature));
    this.#decide(id);
  }

  #decide(id: BlockHash): void {
    const votes = [...(this.#votes.get(id) ?? [])].sort(([a], [b]) => a - b);
    const block = this.blockOf(id);
    if (block === undefined || votes.length < QUORUM) return;
    const commit = votes.map(([member, signed]) => ({ member, signature: signed }));
    this.#host.submit(block, encodeVotes(commit));
  }

  #tellHead(peer: PeerId): void {
    const { id, header } = this.#head;
    this.#send(peer, { kind: MESSAGE.head, id, height: header.height });
  }

  #send(peer: PeerId, message: Pick<CommitteeMessage, 'kind' | 'id'> & Partial<CommitteeMessage>): void {
    const whole = { height: this.#next, member: 0, signature: NO_SIGNATURE, ...message };
    this.#host.send(peer, encodeLayout(messageLayout, whole));
  }
}

/** The first three hosts are the committee, each dials those before it. */
export function committeeWorld(
  others: readonly HostPlan[] = [],
  options: CommitteeOptions = {},
  overrides: Partial<SimulatorConfig<ChainWorld>> = {},
  config: HostPlan['config'] = {},
): NodeWorld {
  const consensus = committeeConsensus(options);
  const members = Array.from({ length: MEMBERS }, (_, i) => ({
    consensus,
    config,
    dials: Array.from({ length: i }, (_, to) => to),
  }));
  const followers = others.map((plan) => ({ consensus, config, ...plan }));
  return new NodeWorld([...members, ...followers], overrides, (nodeKeys) => ({
    engine: 'committee',
    validators: nodeKeys
      .slice(0, MEMBERS)
      .sort()
      .map((key) => ({ key, power: amount(1n) })),
  }));
}
