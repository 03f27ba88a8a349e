/** The one interface of consensus engines: pure rules, and the running part that acts only through its host. PROTOCOL.md, Consensus. */
import type { Clock } from '../../env/clock.ts';
import type { SignedItem } from '../../env/crypto.ts';
import type { DecodeRejection } from '../../env/network.ts';
import type { Random } from '../../env/random.ts';
import type { Entry, KeyRange, WriteOp } from '../../env/storage.ts';
import type { Ms, UnixMs } from '../../env/units.ts';
import type { StateReader, StateWriter } from '../state/state.ts';
import type { ReceiptStatus } from '../types/account.ts';
import type { Block, Header, SystemData } from '../types/block.ts';
import type { DomainEvent } from '../types/event.ts';
import type { Finality } from '../types/finality.ts';
import type { Genesis } from '../types/genesis.ts';
import type { HeadClaim } from '../types/message.ts';
import type {
  BlockRejection,
  CertificateRejection,
  ConfigRejection,
  HeaderRejection,
} from '../types/rejection.ts';
import type { Action } from '../types/transaction.ts';
import type {
  AccountAddress,
  Amount,
  BlockHash,
  Height,
  PeerId,
  PublicKey,
  Signature,
  Weight,
} from '../types/units.ts';

/** A block that may be the head, with what the tree stores of it. */
export interface Candidate {
  readonly id: BlockHash;
  readonly header: Header;
  readonly weight: Weight;
}

/** The main chain that ends in a candidate, as finality reads it. */
export interface ChainView {
  /** The id at this height on the main chain; undefined above the head and below the oldest kept header. */
  idAt(height: Height): BlockHash | undefined;
  headerOf(id: BlockHash): Header | undefined;
}

/** A leaf that genesis writes for the engine. */
export interface SystemRecord {
  readonly namespace: 'system' | 'validators' | 'unbonding' | 'evidence';
  readonly id: string;
  readonly value: Uint8Array;
}

/** What stands of a header before its block is executed: a block that is being built has no more. */
export type HeaderDraft = Pick<
  Header,
  'version' | 'height' | 'parent' | 'timestampMs' | 'beneficiary' | 'consensus'
>;

/** The block in execution, as an engine sees it. */
export interface BlockContext {
  readonly header: HeaderDraft;
  readonly system: SystemData;
  /** Sum of the fees, which the executor has paid to the beneficiary before phase 'end'; 0 in phase 'begin'. */
  readonly fees: Amount;
}

/** Who stakes. */
export interface Staker {
  readonly address: AccountAddress;
  readonly key: PublicKey;
}

/** The actions that an engine with stake executes. */
export type StakeAction = Extract<Action, { readonly kind: 'stake' | 'unstake' }>;

/** What an engine's execution changed that its view or the supply must follow. */
export interface SystemEffects {
  /** Newly issued base units, which the engine has credited. */
  readonly issued: Amount;
  /** Burnt base units, which the engine has debited. */
  readonly burnt: Amount;
  /** For the engine's own afterExecution; canonical bytes. */
  readonly data: Uint8Array;
}

/** Who votes on a block. */
export interface CommitteeMember {
  readonly key: PublicKey;
  readonly power: bigint;
}

/** Pure rules: used by node, sync, light client and oracles. View = opaque fold over headers (targets, recents, sets); it has no field `code`. */
export interface ConsensusRules<View> {
  readonly name: string;
  /**
   * True: a block counts only with a certificate, so that no header is kept before its block, nothing is announced, and
   * a body without a certificate is the engine's. False: certificates are empty.
   */
  readonly isCertified: boolean;
  genesis(genesis: Genesis):
    | {
        readonly view: View;
        readonly consensus: Uint8Array;
        readonly records: readonly SystemRecord[];
        readonly weight: Weight;
        /** Base units that `records` hold beside the allocation, as part of the genesis supply; absent: none. */
        readonly staked?: Amount;
      }
    | ConfigRejection;
  /** Fields, seal, time against ancestors. No clock. NEEDS_EXECUTION: the set for this height is not known yet. */
  advance(view: View, header: Header): View | HeaderRejection;
  /**
   * Signatures that the seal consists of. Whoever takes a header from outside has them checked by env.crypto before
   * `advance`, which only checks that the signer, whom `consensus` names, is entitled. A function of the header alone,
   * so that headers are checked in any order and once. A malformed seal gives none, and fails in `advance`.
   */
  sealItems(header: Header): readonly SignedItem[];
  /**
   * Signatures of certificate, last commit and evidence. `view` is the parent's, which was executed. Whoever imports or
   * validates a block has them checked by env.crypto before `checkSystem` and `checkCertificate`, which count on it.
   * What is malformed gives none, and fails there. @param certificate empty: of a block that is not decided yet.
   */
  systemItems(view: View, block: Block, certificate: Uint8Array): readonly SignedItem[];
  /** Last commit, evidence. `view` is the parent's. */
  checkSystem(view: View, block: Block): BlockRejection | undefined;
  /** Rewards, slashing, sets. `view` is the parent's: a block that is being built has no seal to advance with. */
  execute(phase: 'begin' | 'end', view: View, block: BlockContext, state: StateWriter): SystemEffects;
  /**
   * An engine with stake moves it between the sender's account and its own records; without this method the receipt
   * says STAKE_UNSUPPORTED. What the fee needs is already set aside. Writes are reverted unless the answer is OK.
   */
  applyAction?(
    view: View,
    block: BlockContext,
    staker: Staker,
    action: StakeAction,
    state: StateWriter,
  ): ReceiptStatus;
  /** Who votes on the next block, and with what power; empty or absent: nobody votes. */
  committee?(view: View): readonly CommitteeMember[];
  /** Base units that the engine's own records hold in this state: with all balances they are the supply. Absent: none, ever. */
  held?(state: StateReader): Amount;
  /** Follows the effects of each phase, 'begin' then 'end', from the view that `advance` answered. */
  afterExecution(view: View, effects: SystemEffects): View;
  /** Canonical bytes, stored with the block. `view` is the block's own, which `advance` answered. */
  weigh(parent: Weight, view: View, header: Header): Weight;
  /** -1: `b` is the better head; 1: `a` is; 0: the first seen stays. A total preorder. */
  compare(a: Candidate, b: Candidate): -1 | 0 | 1;
  /**
   * The part of `compare` that weights alone decide, for claims of peers of which no header is here: where it is not 0,
   * `compare` of two candidates with these weights answers the same. Total over any bytes: a claim may be no weight of
   * this engine. Decides whom to ask, never which chain is better.
   */
  compareWeight(a: Weight, b: Weight): -1 | 0 | 1;
  checkCertificate(view: View, header: Header, certificate: Uint8Array): CertificateRejection | undefined;
  /**
   * Whether the holder of this key may ever seal a block on this view, at whatever time: what proves that a chain stands
   * still. Absent: anybody may, with work or luck.
   */
  mayExtend?(view: View, key: PublicKey): boolean;
  /** `view` is the head's. */
  finality(head: Candidate, chain: ChainView, view: View): Finality;
  encodeView(view: View): Uint8Array;
  decodeView(bytes: Uint8Array): View | DecodeRejection;
}

/** An engine as genesis names it. */
export interface Consensus<View = unknown> {
  readonly rules: ConsensusRules<View>;
  /**
   * Blocks further in the future than this are held until their time, unless the node's own settings say otherwise; absent:
   * DEFAULT_STORE. Where the next block waits for the time of the last one, whoever states a late time stops the chain
   * until then: such an engine bears seconds.
   */
  readonly futureMaxMs?: Ms;
  create(host: ConsensusHost<View>): Engine;
}

/** Why a peer is scored; `ok` costs nothing. */
export type PeerVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'fault'; readonly fault: string; readonly penalty: number };

/** What metrics and the API show of an engine. */
export type EngineStatus =
  | { readonly kind: 'idle' }
  | { readonly kind: 'mining'; readonly height: Height; readonly target: string; readonly hashRate: number }
  | {
      readonly kind: 'waiting';
      readonly height: Height;
      readonly turnOf: PublicKey;
      readonly producers: number;
    }
  | {
      readonly kind: 'round';
      readonly height: Height;
      readonly round: number;
      readonly step: string;
      /** Validators of this height. */
      readonly producers: number;
      /** True: a validator that signs nothing yet, since it lost what it had signed before. */
      readonly isPaused: boolean;
      /** What it is locked on, and the newest block that it saw two thirds prevote for; undefined: nothing. */
      readonly locked: RoundOfBlock | undefined;
      readonly valid: RoundOfBlock | undefined;
    };

/** A block, and the round in which two thirds prevoted for it. */
export interface RoundOfBlock {
  readonly round: number;
  readonly block: BlockHash;
}

/** The running part. Handlers run to completion; effects only through the host. */
export interface Engine {
  /** Reads its own records first. */
  onStart(): void;
  /** Start, change or stop producing. */
  onHead(head: Candidate): void;
  /** After the handshake: an identity, not a connection. */
  onPeerUp(peer: PeerId): void;
  onPeerDown(peer: PeerId): void;
  /** Body of the one 'consensus' wire kind, limited, decoded here. */
  onMessage(from: PeerId, body: Uint8Array): PeerVerdict;
  /** A body that `fetch` brought and that has no certificate; its id was checked and nothing else. Only for certified engines. */
  onBlock(from: PeerId, block: Block): void;
  /** A block that is not decided yet, for peers that ask for it; undefined: it is not here. */
  blockOf(id: BlockHash): Block | undefined;
  /** More transactions wait than at the last build: an engine may build anew. */
  onMempool(): void;
  /**
   * What the operator of this node wants it to propose to the others, in the engine's own bytes. `reply` is called once, when
   * the order is durable, or with the reason why it is refused.
   */
  onProposal(body: Uint8Array, reply: (refused: string | undefined) => void): void;
  onStop(): void;
  /** Height, round, rate: metrics and API. */
  status(): EngineStatus;
  /** The height that a peer's own messages to the engine show it to have, for people; a liar states what it likes. */
  heightOf?(peer: PeerId): Height | undefined;
  /** Sizes of every bounded collection, with their bounds: what the memory oracle reads. */
  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[];
}

/** What to search a seal for. */
export interface SealJob {
  /**
   * Builds the block as of now and answers its canonical header bytes with an empty seal; undefined: there is nothing
   * to seal any more. A real search asks when it begins, a modelled one when its time is up, so that the block carries
   * the time and the transactions of that moment and is built once. The seal found is for the bytes asked for last.
   */
  readonly headerBytes: () => Uint8Array | undefined;
  /** Unscaled 256-bit target: work and expected time follow from it. */
  readonly target: bigint;
  /** What the seal's hash is held against: target × powScale, at most 2^256 - 1. */
  readonly checkTarget: bigint;
}

/** Ends a search; harmless when repeated or too late. */
export type Cancel = () => void;

/** Searches one seal; calls back as a later event, at most once, and never after its cancel. */
export type SealSearch = (job: SealJob, onFound: (seal: Uint8Array) => void) => Cancel;

/** What the engine decides of a block to build; the node fills in the rest. */
export interface BlockPlan {
  readonly parent: BlockHash;
  readonly timestampMs: UnixMs;
  readonly beneficiary: AccountAddress;
  readonly consensus: Uint8Array;
  readonly system: SystemData;
}

/** What may be signed: the tag says what for, so that no signature serves two ends. */
export interface SigningBytes {
  readonly tag: 'seal' | 'vote' | 'proposal';
  readonly bytes: Uint8Array;
}

/** A claim that somebody broke the rules, in the engine's encoding. */
export interface Evidence {
  readonly bytes: Uint8Array;
}

export interface ConsensusHost<View> {
  readonly clock: Clock;
  readonly random: Random;
  /** PoW; simulated: the modelled time. Calls back as a later event. */
  readonly search: SealSearch;
  readonly identity: PublicKey | undefined;
  /** True: somebody who knows vouches that the key has signed nothing that is not in the records here. */
  readonly isVouched: boolean;
  /**
   * The folder was restored from a backup at that time of the wall clock: what the key signed before may not be in the
   * records here, whoever vouches. Undefined: never.
   */
  readonly restoredMs: UnixMs | undefined;
  /** Where fees and rewards of blocks built here go. */
  readonly beneficiary: AccountAddress;
  head(): Candidate;
  view(id: BlockHash): View | undefined;
  /** The stored certificate of an executed block, for the next one's last commit; empty when there is none. */
  certificate(id: BlockHash): Uint8Array;
  /** State after a block, for engines that read their records; undefined when it is not kept. */
  state(id: BlockHash): StateReader | undefined;
  /** The node picks and executes transactions; seal empty. Undefined: the parent's state is not kept. */
  build(plan: BlockPlan): Block | undefined;
  /** Full execution, not adopted; `then` runs as a later event, since signatures are checked off the main thread. */
  validate(block: Block, then: (rejection: BlockRejection | undefined) => void): void;
  /** Checks signatures; `then` runs as a later event. What was found valid before is not checked again. */
  verify(items: readonly SignedItem[], then: (valid: readonly boolean[]) => void): void;
  /** Import; the NODE applies compare and finality. */
  submit(block: Block, certificate?: Uint8Array): void;
  sign(what: SigningBytes): Signature;
  /** Own namespace; `then` only when durable. */
  record(ops: readonly WriteOp[], then: () => void): void;
  /** Entries of the own namespace by key. A record that fails its checksum comes with an empty value: it was one. */
  read(range: KeyRange): readonly Entry[];
  peers(): readonly PeerId[];
  send(to: PeerId, body: Uint8Array): boolean;
  /** Asks for a block: one with a certificate is imported, one without comes back by `onBlock`. */
  fetch(id: BlockHash, from: PeerId): void;
  /** A peer has said that its chain ends in this block, which is not here: sync looks whether it is behind. */
  claim(from: PeerId, head: HeadClaim): void;
  /** A fault of a peer that showed after `onMessage` had answered: a wrong signature. */
  fault(peer: PeerId, fault: string, penalty: number): void;
  evidence(item: Evidence): void;
  emit(event: DomainEvent): void;
}
