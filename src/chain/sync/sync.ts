/** Sync: runs the transitions of sync-state.ts against ledger, peers and timers. */
import { assertNever } from '../../env/assert.ts';
import { TIMER_DELAY_MAX_MS } from '../../env/clock.ts';
import type { Env } from '../../env/program.ts';
import { ms } from '../../env/units.ts';
import { checkBody } from '../execution/check-body.ts';
import type { ImportOutcome, Ledger, LedgerHalt, MissingBlock } from '../ledger/ledger.ts';
import type { NodeLimits } from '../node-config.ts';
import type { PeerFault } from '../peers/fault.ts';
import { headerFault } from '../peers/header-fault.ts';
import type { Peer } from '../peers/peer.ts';
import type { SealCheck } from '../peers/seal-check.ts';
import type { Block, Header } from '../types/block.ts';
import type { ChainWorld } from '../types/command.ts';
import { blockId } from '../types/header-codec.ts';
import type { Message, SyncResponseMessage } from '../types/message.ts';
import {
  ANSWER_MAX_BYTES,
  answerBytesOf,
  HEADER_JSON_BYTES,
  LOCATOR_IDS_MAX,
} from '../types/message-codec.ts';
import type { BlockHash, Height, PeerId, Weight } from '../types/units.ts';
import { HeaderPlan } from './header-plan.ts';
import { OpenRequests } from './open-requests.ts';
import { Patience } from './patience.ts';
import { ReceivingBodies } from './receiving.ts';
import { isCut } from './sync-server.ts';
import {
  type BodyRequest,
  SYNC_IDLE,
  type SyncAction,
  type SyncFault,
  type SyncInput,
  type SyncState,
  type SyncView,
  stepSync,
} from './sync-state.ts';

/** What sync needs of the node. */
export interface SyncPorts {
  readonly env: Env<ChainWorld>;
  readonly limits: NodeLimits;
  readonly blockBytesMax: number;
  readonly ledger: Ledger<unknown>;
  /** As ConsensusRules.isCertified. */
  readonly isCertified: boolean;
  readonly seals: SealCheck;
  readonly peers: () => readonly Peer[];
  /** The engine's order of claims: whom to ask, never which chain is better. */
  compareWeight(claim: Weight, own: Weight): -1 | 0 | 1;
  peer(id: PeerId): Peer | undefined;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  stalled(peer: Peer): void;
  /** True while gossip fetches that body. */
  isRequested(id: BlockHash): boolean;
  /** True while that body waits for its import. */
  isWaiting(id: BlockHash): boolean;
  /** Bodies that wait for their parents. */
  orphanCount(): number;
  onBody(block: Block, certificate: string, from: Peer): void;
  /** Nothing is left to fetch. */
  onFinished(): void;
  onHalt(halt: LedgerHalt): void;
}

/** The sync of one node. */
export class Sync {
  readonly #ports: SyncPorts;
  #state: SyncState = SYNC_IDLE;
  readonly #open: OpenRequests;
  readonly #receiving: ReceivingBodies;
  readonly #plan: HeaderPlan;
  /** Heads whose headers lie too far in the future to be kept now. */
  readonly #tooEarly = new Set<BlockHash>();
  /** Bodies handed to the import; those that turn out to wait for a parent are the intake's. */
  readonly #importing = new Set<BlockHash>();
  readonly #patience: Patience;
  #isStepping = false;
  readonly #inputs: SyncInput[] = [];
  #isStopped = false;

  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#plan = new HeaderPlan(ports.limits.syncHeadersMax);
    this.#open = new OpenRequests({
      clock: ports.env.clock,
      send: (peer, message) => ports.send(peer, message),
      onTimeout: (requestId) => this.#onTimeout(requestId),
    });
    this.#receiving = new ReceivingBodies(ports);
    this.#patience = new Patience({
      ...ports,
      clock: ports.env.clock,
      random: ports.env.random,
      forgive: () => this.#step({ kind: 'forgive' }),
      onSetAside: ({ id, height }) => ports.env.emit({ kind: 'BranchSetAside', id, height }),
    });
  }

  get phase(): SyncState['phase'] {
    return this.#state.phase;
  }

  /** The greatest height that a peer claims, or our own. */
  get target(): Height {
    let target = this.#ports.ledger.head().header.height;
    for (const peer of this.#ports.peers()) if (peer.head.height > target) target = peer.head.height;
    return target;
  }

  /** Something that sync depends on may have changed. */
  look(): void {
    this.#step({ kind: 'look' });
  }

  /** A peer stated its head. Cheap while nothing is to be done: most claims are of blocks that are here. */
  onClaim(peer: Peer): void {
    if (this.#state.phase !== 'idle' || this.#isAhead(peer, this.#ports.ledger.head().weight)) this.look();
  }

  onPeerDown(peer: Peer): void {
    this.#receiving.forget(peer.id);
    if (this.#state.phase !== 'idle') this.#step({ kind: 'peerDown', peer: peer.id });
    this.#replan(peer.id);
  }

  onResponse(peer: Peer, message: SyncResponseMessage): void {
    peer.head = message.head;
    const { result, requestId } = message;
    const { header, bodies } = this.#state;
    if (result.kind === 'headers' && header?.requestId === requestId && header.peer === peer.id) {
      peer.stalls = 0;
      this.#open.end(requestId);
      const more = isCut(result.headers, this.#ports.limits);
      const { env, limits, seals } = this.#ports;
      seals.checkAll(env.crypto, result.headers.slice(0, limits.syncHeadersMax), (good) =>
        this.#onHeaders(peer, requestId, result.headers, good, more),
      );
      return;
    }
    if (result.kind === 'unavailable' && header?.requestId === requestId && header.peer === peer.id) {
      peer.stalls = 0;
      this.#step({ kind: 'headers', requestId, peer: peer.id, more: false, ...EXCUSED });
      return;
    }
    const request = bodies.find((body) => body.requestId === requestId && body.peer === peer.id);
    if (result.kind === 'blocks' && request !== undefined) {
      peer.stalls = 0;
      this.#onBlocks(peer, requestId, request.ids, result.blocks, result.certificates);
      // Who gives headers without bodies may have pruned them, or made them up.
      if (result.blocks.length === 0 && request.ids.some((id) => this.#plan.has(id))) this.#replan(peer.id);
    } else if (result.kind === 'part' && request !== undefined) {
      peer.stalls = 0;
      this.#onPart(peer, request, result);
    } else this.#ports.fault(peer, 'UNREQUESTED');
  }

  /** A body came to its end in the import, whoever brought it. */
  onOutcome(id: BlockHash, from: Peer | undefined, outcome: ImportOutcome | undefined): void {
    if (!this.#importing.delete(id) && this.#state.phase === 'idle') return;
    const source = this.#plan.has(id) ? this.#plan.source : undefined;
    const blame = this.#blameOf(from, source, outcome);
    if (blame !== undefined) this.#step(blame);
    if (source !== undefined && isPlanWrong(source, from, outcome)) this.#replan(source);
    // Its header comes too early as well, and tells how much.
    else if (source !== undefined && outcome?.kind === 'future') this.#plan.clear();
    if (blame === undefined) this.look();
  }

  stop(): void {
    this.#patience.stop();
    this.#open.stop();
    this.#receiving.clear();
    this.#isStopped = true;
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    const { limits } = this.#ports;
    return [
      {
        name: 'sync.importing',
        size: this.#importing.size,
        max: limits.syncWindowMax + limits.syncBlocksMax,
      },
      { name: 'sync.receiving', size: this.#receiving.size, max: this.#ports.peers().length },
      ...this.#plan.bounds(),
      { name: 'sync.tooEarly', size: this.#tooEarly.size, max: TOO_EARLY_MAX },
    ];
  }

  /** @param good so many headers have a valid seal. */
  #onHeaders(peer: Peer, requestId: number, headers: readonly Header[], good: number, more: boolean): void {
    // What it was asked for before its headers turned out to have no bodies.
    let verdict = this.#ports.isCertified && this.#state.failed.has(peer.id) ? EXCUSED : GOOD;
    let parent: BlockHash | undefined;
    let isNew = false;
    for (let i = 0; i < good && verdict === GOOD; i++) {
      const header = headers[i] as Header;
      const id = blockId(header);
      isNew ||= !this.#plan.has(id);
      verdict =
        parent === undefined || header.parent === parent ? this.#acceptHeader(peer, id, header) : BROKEN;
      parent = id;
    }
    if (verdict === GOOD && good < headers.length) verdict = INVALID;
    // Who gives again what is planned already leads nowhere.
    if (verdict === GOOD && more && !isNew) verdict = EXCUSED;
    this.#step({ kind: 'headers', requestId, peer: peer.id, more, ...verdict });
    if (verdict.fault !== undefined) this.#replan(peer.id);
  }

  #acceptHeader(peer: Peer, id: BlockHash, header: Header): HeadersVerdict {
    if (this.#plan.has(id)) return GOOD;
    if (this.#plan.has(header.parent)) return this.#planHeader(peer, id, header);
    const outcome = this.#ports.ledger.acceptHeader(header);
    switch (outcome.kind) {
      case 'accepted':
      case 'known':
        return GOOD;
      case 'needsExecution':
        return this.#planHeader(peer, id, header);
      case 'orphan':
        return BROKEN;
      case 'future':
        this.#deferHead(peer.head.id, outcome.retryMs);
        return EXCUSED;
      case 'rejected': {
        const fault = headerFault(outcome.why);
        return fault === undefined ? EXCUSED : INVALID;
      }
      case 'halt':
        this.#ports.onHalt(outcome);
        return EXCUSED;
      default:
        return assertNever(outcome);
    }
  }

  /** One plan at a time, from one peer: who gave it answers for it. */
  #planHeader(peer: Peer, id: BlockHash, header: Header): HeadersVerdict {
    return this.#plan.add(peer.id, id, header) ? GOOD : EXCUSED;
  }

  /** Follows the headers of that peer no more. */
  #replan(source: PeerId): void {
    if (this.#plan.source !== source) return;
    this.#plan.clear();
    this.#step({ kind: 'replan', source });
  }

  #deferHead(id: BlockHash, retryMs: number): void {
    if (this.#tooEarly.size >= TOO_EARLY_MAX || this.#tooEarly.has(id)) return;
    this.#tooEarly.add(id);
    const waitMs = ms(Math.min(retryMs, TIMER_DELAY_MAX_MS));
    this.#ports.env.clock.setTimer('sync-early', waitMs, () => {
      this.#tooEarly.delete(id);
      this.look();
    });
  }

  #onBlocks(
    peer: Peer,
    requestId: number,
    ids: readonly BlockHash[],
    blocks: readonly Block[],
    certificates: readonly string[],
  ): void {
    const asked = new Set(ids);
    const good: [BlockHash, Block, string][] = [];
    let fault: SyncFault | undefined;
    for (let i = 0; i < blocks.length && fault === undefined; i++) {
      const block = blocks[i] as Block;
      const id = blockId(block.header);
      if (!asked.delete(id) || checkBody(block) !== undefined) fault = 'BODY_MISMATCH';
      else if (this.#ports.isCertified && (certificates[i] ?? '') === '') fault = 'INVALID_CERTIFICATE';
      else good.push([id, block, certificates[i] ?? '']);
    }
    for (const [id, block] of good) {
      this.#importing.add(id);
      const { height } = block.header;
      this.#ports.env.emit({ kind: 'BlockReceived', id, height, from: peer.id, via: 'sync' });
    }
    if (good.length > 0) this.#patience.onProgress();
    this.#step({ kind: 'blocks', requestId, peer: peer.id, received: good.length, fault });
    for (const [, block, certificate] of good) this.#ports.onBody(block, certificate, peer);
  }

  #onPart(peer: Peer, { requestId, ids }: BodyRequest, part: SyncPart): void {
    const received = this.#receiving.add(peer.id, ids, part);
    const base = { requestId, peer: peer.id };
    switch (received.kind) {
      case 'more':
        this.#step({ kind: 'part', ...base, id: part.id, offset: received.offset });
        return;
      case 'whole': {
        const { block, certificate } = received.found;
        this.#onBlocks(peer, requestId, [part.id], [block], [certificate]);
        return;
      }
      case 'gone':
        this.#step({ kind: 'blocks', ...base, received: 0, fault: undefined });
        if (ids.some((id) => this.#plan.has(id))) this.#replan(peer.id);
        return;
      case 'garbage':
        this.#step({ kind: 'blocks', ...base, received: 0, fault: 'BODY_MISMATCH' });
        return;
      default:
        assertNever(received);
    }
  }

  /** Who does not answer is not followed. */
  #onTimeout(requestId: number): void {
    const { header, bodies } = this.#state;
    const asked = [header, ...bodies].find((request) => request?.requestId === requestId)?.peer;
    this.#step({ kind: 'timeout', requestId });
    if (asked !== undefined) this.#replan(asked);
  }

  /** @param source who gave the header that the plan has of it. */
  #blameOf(
    from: Peer | undefined,
    source: PeerId | undefined,
    outcome: ImportOutcome | undefined,
  ): SyncInput | undefined {
    if (outcome?.kind !== 'rejected') return undefined;
    if (!outcome.covered) {
      const fault = outcome.why.code === 'BAD_CERTIFICATE' ? 'INVALID_CERTIFICATE' : 'BODY_MISMATCH';
      return from === undefined ? undefined : { kind: 'blame', peer: from.id, fault };
    }
    const why = outcome.why.code === 'INVALID_HEADER' ? outcome.why.why : outcome.why;
    if (source === undefined || headerFault(why) === undefined) return undefined;
    return { kind: 'blame', peer: source, fault: 'INVALID_HEADER' };
  }

  /** One step at a time: what its actions cause is looked at after it. */
  #step(input: SyncInput): void {
    if (this.#isStopped) return;
    if (input.kind !== 'look' || this.#inputs.at(-1)?.kind !== 'look') this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const step = stepSync(this.#state, next, this.#view());
      this.#state = step.state;
      for (const action of step.actions) this.#act(action);
    }
    this.#isStepping = false;
  }

  #act(action: SyncAction): void {
    const { env, ledger, limits } = this.#ports;
    switch (action.kind) {
      case 'askHeaders': {
        const from = this.#plan.last;
        const known =
          from === undefined ? ledger.locator(ledger.bestHeader().id) : [from, ...ledger.locator()];
        const locator = known.slice(0, LOCATOR_IDS_MAX);
        const bytes = this.#headerBytes(action.peer);
        const { syncHeadersMax: limit } = limits;
        this.#ask(action.requestId, action.peer, bytes, { kind: 'headers', locator, limit });
        return;
      }
      case 'askBlocks':
        this.#receiving.forget(action.peer);
        this.#ask(action.requestId, action.peer, this.#bodyBytes(action.ids), {
          kind: 'blocks',
          ids: action.ids,
        });
        return;
      case 'askPart': {
        const { id, offset } = action;
        this.#ask(action.requestId, action.peer, ANSWER_MAX_BYTES, { kind: 'part', id, offset });
        return;
      }
      case 'endRequest':
        this.#open.end(action.requestId);
        return;
      case 'fault':
        this.#fault(action.peer, action.fault);
        return;
      case 'started':
        env.emit({ kind: 'SyncStarted', from: ledger.head().header.height, to: this.target });
        return;
      case 'finished':
        this.#plan.clear();
        this.#patience.onProgress();
        env.emit({ kind: 'SyncFinished', at: ledger.head().header.height });
        this.#ports.onFinished();
        return;
      case 'pause':
        // Nobody gives its bodies: whoever is asked next begins another.
        this.#plan.clear();
        this.#patience.onNobodyLeft();
        return;
      default:
        assertNever(action);
    }
  }

  #ask(requestId: number, to: PeerId, bytes: number, want: SyncWant): void {
    const request = { kind: 'SyncRequest', requestId, want } as const;
    this.#open.ask(this.#ports.peer(to), request, bytes, () =>
      want.kind === 'part' ? this.#receiving.waitMs(to) : this.#ports.limits.syncRequestTimeoutMs,
    );
  }

  /** About what the headers take that a peer claims to have. */
  #headerBytes(id: PeerId): number {
    const claimed = this.#ports.peer(id)?.head.height ?? 0;
    const own = this.#ports.ledger.head().header.height;
    return Math.max(1, claimed - own) * HEADER_JSON_BYTES;
  }

  #bodyBytes(ids: readonly BlockHash[]): number {
    let bytes = 0;
    for (const id of ids) bytes += answerBytesOf(this.#ports.ledger.header(id));
    return bytes;
  }

  #fault(id: PeerId, fault: SyncFault): void {
    this.#ports.env.emit({ kind: 'SyncPeerDropped', peer: id, fault });
    const peer = this.#ports.peer(id);
    if (peer === undefined) return;
    if (fault === 'STALLED') this.#ports.stalled(peer);
    else this.#ports.fault(peer, fault);
  }

  #view(): SyncView {
    const { ledger, limits } = this.#ports;
    const own = ledger.head().weight;
    const wanted = this.#wanted();
    const peers = this.#ports.peers().map((peer) => ({
      id: peer.id,
      isAhead: this.#isAhead(peer, own),
      isOutbound: peer.direction === 'out',
      group: peer.group,
      height: peer.head.height,
    }));
    return {
      peers,
      wanted: wanted.filter((block) => this.#isOpen(block.id)),
      idsPerRequestMax: limits.syncBlocksMax,
      windowMax: limits.syncWindowMax,
      buffered: this.#buffered(wanted),
      wantsHeaders: this.#plan.isOpen,
      isImporting: this.#importing.size > 0 || wanted.some((block) => this.#ports.isWaiting(block.id)),
    };
  }

  /** Where headers are planned, bodies of an earlier plan may wait for ever: they give way, and do not count. */
  #buffered(wanted: readonly MissingBlock[]): number {
    if (this.#ports.isCertified) return wanted.filter(({ id }) => this.#ports.isWaiting(id)).length;
    return this.#importing.size + this.#ports.orphanCount();
  }

  #isAhead(peer: Peer, own: Weight): boolean {
    const { id, weight } = peer.head;
    if (this.#ports.ledger.status(id) !== 'unknown' || this.#ports.compareWeight(weight, own) < 0)
      return false;
    return !this.#isOnItsWay(id);
  }

  #isOnItsWay(id: BlockHash): boolean {
    return (
      this.#plan.has(id) ||
      this.#tooEarly.has(id) ||
      this.#ports.isRequested(id) ||
      // A body that waits says nothing of those below it, of which nothing is here but the plan.
      (!this.#ports.isCertified && this.#ports.isWaiting(id))
    );
  }

  /** Every body that is missing on the way to the best known header, lowest first, the disk's losses before them. */
  #wanted(): readonly MissingBlock[] {
    const { ledger, limits } = this.#ports;
    const max = limits.syncWindowMax;
    const ahead = ledger.wantedBodies(max);
    const wanted = [...ledger.missingBodies().slice(0, max), ...ahead];
    // What was set aside waits for the branch that is followed.
    if (this.#plan.source === undefined)
      return ahead.length > 0 ? wanted : [...wanted, ...this.#patience.probes()];
    this.#plan.prune((id) => ledger.status(id) === 'executed');
    return [...wanted, ...this.#plan.first(max)];
  }

  #isOpen(id: BlockHash): boolean {
    return !this.#importing.has(id) && !this.#ports.isWaiting(id) && !this.#ports.isRequested(id);
  }
}

/** A body of the plan is no block of the chain, whatever its sender says, or its sender has made up its header too. */
function isPlanWrong(source: PeerId, from: Peer | undefined, outcome: ImportOutcome | undefined): boolean {
  return outcome?.kind === 'rejected' && (outcome.covered || from?.id === source);
}

interface HeadersVerdict {
  readonly fault: SyncFault | undefined;
  readonly isExcused: boolean;
}

type SyncWant = Extract<Message, { kind: 'SyncRequest' }>['want'];
type SyncPart = Extract<SyncResponseMessage['result'], { kind: 'part' }>;

const GOOD: HeadersVerdict = { fault: undefined, isExcused: false };
const BROKEN: HeadersVerdict = { fault: 'BROKEN_CHAIN', isExcused: false };
const INVALID: HeadersVerdict = { fault: 'INVALID_HEADER', isExcused: false };
const EXCUSED: HeadersVerdict = { fault: undefined, isExcused: true };
/** Heads of the future remembered: one for each peer is the worst. */
const TOO_EARLY_MAX = 128;
