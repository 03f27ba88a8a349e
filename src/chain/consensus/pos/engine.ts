/** Stake-weighted BFT, the running part: one process a height, and what lasts longer than a height. Tendermint, arXiv:1807.04938. */
import { bytesToHex, hexToBytes } from '../../../env/bytes.ts';
import type { Timer } from '../../../env/clock.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import { type Ms, ms } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { type BlockHash, type Hash, type Height, height, type PeerId } from '../../types/units.ts';
import type { Candidate, Consensus, ConsensusHost, Engine, EngineStatus, PeerVerdict } from '../consensus.ts';
import { commitOfCertificate } from './commit-check.ts';
import { POS_NAME } from './config.ts';
import { DecidedHeight } from './decided-height.ts';
import { accusedOf, decodeEvidence, encodeEvidence, evidenceItems, type PosEvidence } from './evidence.ts';
import { EVIDENCE_POOL_MAX, EvidencePool } from './evidence-pool.ts';
import { answerTo, GOSSIP_MS, Gossip, shownBlocks, statusBytes } from './gossip.ts';
import { FAULT_PENALTY, HeightProcess } from './height-process.ts';
import { LastCommit } from './last-commit.ts';
import { decodePosMessage, encodePosMessage, type PosMessage, type StatusMessage } from './messages.ts';
import { Promises, type Recovered } from './promises.ts';
import { createPosRules } from './rules.ts';
import { SignGuard } from './sign-guard.ts';
import { placeOf } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import type { PosView } from './view.ts';

/** Messages of one peer for the next height that wait: a proposal and two votes are what a peer a little ahead has said itself. */
const NEXT_HEIGHT_MAX = 8;
/** Statuses of one peer that are answered in GOSSIP_MS: its own tick, a new connection, a polka that it lacks, and one more. */
const STATUSES_ANSWERED_MAX = 4;

const OK: PeerVerdict = { kind: 'ok' };

/** The engine of a genesis that names POS_NAME. */
export function createPos(): Consensus<PosView> {
  return { rules: createPosRules(), create: (host) => new PosEngine(host) };
}

/** When and how the newest decision came. */
interface Decision {
  readonly height: Height;
  readonly atMs: Ms;
}

class PosEngine implements Engine {
  readonly #host: ConsensusHost<PosView>;
  readonly #promises: Promises;
  readonly #gossip: Gossip;
  readonly #pool = new EvidencePool();
  /** Messages for the height after this one. */
  readonly #next = new Map<PeerId, PosMessage[]>();
  /** Statuses that were answered in the GOSSIP_MS from the first of them on. */
  readonly #answered = new Map<PeerId, { readonly fromMs: Ms; readonly count: number }>();
  #guard: SignGuard | undefined;
  /** The marker of complete records is durable. */
  #isMarked = false;
  #isMarking = false;
  #isPaused = false;
  #process: HeightProcess | undefined;
  /** The height of the head; undefined before the first one. */
  #decided: DecidedHeight | undefined;
  #decision: Decision | undefined;
  /** The highest that connected peers have spoken of. */
  readonly #spokenOf = new Map<PeerId, Height>();
  #timer: Timer | undefined;
  /** Hash of the set that votes next on this node's chain. */
  #setHash: Hash | undefined;

  constructor(host: ConsensusHost<PosView>) {
    this.#host = host;
    this.#promises = new Promises(host);
    const ports = {
      peers: () => host.peers(),
      send: (to: PeerId, body: Uint8Array) => host.send(to, body),
    };
    this.#gossip = new Gossip(ports, host.identity);
  }

  onStart(): void {
    const head = this.#host.head();
    const at = height(head.header.height + 1);
    const recovered = this.#promises.recover(at);
    const { hasMarker, hasCorrupt, highest } = recovered;
    this.#isMarked = hasMarker;
    const safeHeights = this.#host.view(head.id)?.config.safeHeights ?? 0;
    // Of a folder that was restored nobody can say it: the marker alone counts, which the guard lets be written anew.
    const isComplete = hasMarker || (this.#host.isVouched && this.#host.restoredMs === undefined);
    this.#guard = new SignGuard({ height: at, isComplete, hasCorrupt, highest, safeHeights });
    for (const peer of this.#host.peers()) this.#gossip.onPeerUp(peer);
    this.#begin(head, recovered);
  }

  onHead(head: Candidate): void {
    const { header } = head;
    if (this.#process !== undefined && header.height < this.#process.height) return;
    this.#begin(head, undefined);
  }

  onPeerUp(peer: PeerId): void {
    this.#gossip.onPeerUp(peer);
    const bytes = this.#status();
    if (bytes !== undefined) this.#host.send(peer, bytes);
  }

  onPeerDown(peer: PeerId): void {
    this.#gossip.onPeerDown(peer);
    this.#next.delete(peer);
    this.#answered.delete(peer);
    this.#spokenOf.delete(peer);
    this.#process?.driver.keeper.show(peer, []);
  }

  onMessage(from: PeerId, body: Uint8Array): PeerVerdict {
    const message = decodePosMessage(body);
    if (isDecodeRejection(message))
      return { kind: 'fault', fault: `malformed: ${message.code}`, penalty: FAULT_PENALTY };
    return this.#handle(from, message);
  }

  onBlock(_from: PeerId, block: Block): void {
    this.#process?.onBlock(block);
  }

  blockOf(id: BlockHash): Block | undefined {
    return this.#process?.blockOf(id);
  }

  onMempool(): void {}

  onProposal(_body: Uint8Array, reply: (refused: string | undefined) => void): void {
    reply(`${POS_NAME} takes no proposals: stake decides who validates`);
  }

  onStop(): void {
    this.#process?.stop();
    this.#process = undefined;
    this.#timer?.cancel();
  }

  status(): EngineStatus {
    if (this.#process === undefined) return { kind: 'idle' };
    const { height: at, driver } = this.#process;
    const { round, step, locked, valid } = driver.state;
    return {
      kind: 'round',
      height: at,
      round: Math.max(0, round),
      step,
      producers: driver.set.validators.length,
      isPaused: this.#isPaused,
      locked,
      valid,
    };
  }

  /** Who votes on a height has the one before. */
  heightOf(peer: PeerId): Height | undefined {
    const at = this.#spokenOf.get(peer);
    return at === undefined || at === 0 ? undefined : height(at - 1);
  }

  bounds(): ReturnType<Engine['bounds']> {
    const next = Math.max(0, ...[...this.#next.values()].map(({ length }) => length));
    return [
      { name: 'pos.nextOfPeer', size: next, max: NEXT_HEIGHT_MAX },
      { name: 'pos.evidence', size: this.#pool.size, max: EVIDENCE_POOL_MAX },
      ...(this.#process?.bounds() ?? []),
    ];
  }

  /** The height after this head. Lines 52 to 54. @param recovered at the start of a boot. */
  #begin(head: Candidate, recovered: Recovered | undefined): void {
    const view = this.#host.view(head.id);
    const last = this.#process;
    last?.stop();
    this.#timer?.cancel();
    this.#process = undefined;
    if (view === undefined) return;
    this.#follow(view);
    const lastCommit = this.#lastCommit(head, last);
    const driver = last?.height === head.header.height ? last.driver : undefined;
    this.#decided = new DecidedHeight(this.#host, { view, driver, lastCommit }, (evidence) =>
      this.#onEvidence(evidence),
    );
    this.#promises.moveTo(height(head.header.height + 1));
    this.#gossip.moveTo(view.current);
    this.#pool.onHead(view);
    const process = new HeightProcess(this.#context(), { head, view, lastCommit }, recovered);
    this.#process = process;
    this.#checkGuard(process);
    if (recovered?.state !== undefined) process.resume(recovered);
    else process.beginAfter(this.#pauseMs(process));
    this.#replay();
  }

  /** Tells when another set, or one with other powers, votes on the block after the head. */
  #follow({ height: at, current }: PosView): void {
    const before = this.#setHash;
    this.#setHash = validatorsHash(current);
    if (before === undefined || before === this.#setHash) return;
    this.#host.emit({ kind: 'ProducersChanged', height: at, producers: current.validators.length });
  }

  #context(): ConstructorParameters<typeof HeightProcess>[0] {
    return {
      host: this.#host,
      promises: this.#promises,
      gossip: this.#gossip,
      maySign: (at) => this.#isMarked && this.#guard?.maySign(at) === true,
      evidenceFor: (view) => this.#pool.take(view),
      onEvidence: (evidence) => this.#onEvidence(evidence),
      ask: (peer) => {
        const bytes = this.#status();
        if (bytes !== undefined) this.#host.send(peer, bytes);
      },
      onStarted: () => this.#tickLater(),
      onDecided: (process) => this.#onDecided(process),
      onValid: (block) => this.#decided?.compare(block),
    };
  }

  /** commitMs from the decision, for late precommits; all of it when the head came from elsewhere. */
  #pauseMs({ view, height: at }: HeightProcess): number {
    const { commitMs } = view.config;
    if (this.#decision?.height !== at - 1) return commitMs;
    const passedMs = this.#host.clock.monotonicMs() - this.#decision.atMs;
    return Math.max(0, commitMs - passedMs);
  }

  /** What the process counted, or the certificate. */
  #lastCommit({ id, header }: Candidate, last: HeightProcess | undefined): LastCommit | undefined {
    const decision = last?.height === header.height ? last.driver.state.decision : undefined;
    const votes = decision?.block === id ? last?.driver.commitVotes(decision.round, id) : undefined;
    if (decision !== undefined && votes !== undefined)
      return new LastCommit({ height: header.height, ...decision, votes }, header.timestampMs);
    const commit = commitOfCertificate(this.#host.certificate(id));
    return commit === undefined ? undefined : new LastCommit(commit, header.timestampMs);
  }

  #onDecided({ height: at, driver }: HeightProcess): void {
    this.#decision = { height: at, atMs: this.#host.clock.monotonicMs() };
    this.#guard?.onDecided(at, driver.set);
  }

  /** Signing begins when records are complete and the chain has left behind whatever the key may have signed. */
  #checkGuard({ height: at, view }: HeightProcess): void {
    const { identity } = this.#host;
    if (identity === undefined || this.#guard === undefined) return;
    const maySign = this.#guard.maySign(at);
    const isMember = placeOf(view.current, identity) !== undefined;
    if (!maySign && !this.#isPaused && isMember) {
      this.#isPaused = true;
      this.#emit('signing-paused', at);
    }
    if (!maySign || this.#isMarking) return;
    if (this.#isPaused) this.#emit('signing-resumed', at);
    this.#isPaused = false;
    if (this.#isMarked) return;
    this.#isMarking = true;
    this.#promises.mark(() => {
      this.#isMarked = true;
      this.#process?.onMaySign();
    });
  }

  #handle(from: PeerId, message: PosMessage): PeerVerdict {
    if (message.kind === 'status') return this.#onStatus(from, message);
    if (message.kind === 'evidence') return this.#onForeignEvidence(from, message.bytes);
    const process = this.#process;
    const at = message.kind === 'vote' ? message.vote.height : message.proposal.height;
    if (at > (this.#spokenOf.get(from) ?? 0)) this.#spokenOf.set(from, at);
    if (process === undefined) return OK;
    if (at === process.height) {
      return message.kind === 'vote'
        ? process.onVote(from, message.vote)
        : process.onProposal(from, message.proposal, message.block);
    }
    if (at === process.height + 1) this.#keepForNext(from, message);
    if (at !== process.height - 1) return OK;
    if (message.kind === 'vote') this.#decided?.onVote(from, message.vote);
    else this.#decided?.onProposal(from, message.proposal);
    return OK;
  }

  /** A peer that has decided is a little ahead: what it says counts here soon. */
  #keepForNext(from: PeerId, message: PosMessage): void {
    const waiting = this.#next.get(from) ?? [];
    if (waiting.length >= NEXT_HEIGHT_MAX) return;
    waiting.push(message);
    this.#next.set(from, waiting);
  }

  #replay(): void {
    const waiting = [...this.#next];
    this.#next.clear();
    for (const [from, messages] of waiting) for (const message of messages) this.#handle(from, message);
  }

  #onStatus(from: PeerId, status: StatusMessage): PeerVerdict {
    const process = this.#process;
    if (process === undefined) return OK;
    if (!this.#mayAnswer(from)) return OK;
    const { driver, view } = process;
    if (placeOf(view.current, from) !== undefined) this.#guard?.onClaim(from, status.head.height);
    if (status.head.height >= process.height && !this.#isImporting(process)) {
      this.#host.claim(from, status.head);
      if (status.head.height === process.height) this.#host.fetch(status.head.id, from);
    } else if (status.height < process.height) {
      const bytes = this.#status();
      if (bytes !== undefined) this.#host.send(from, bytes);
    } else if (status.height === process.height) {
      driver.keeper.show(from, shownBlocks(status, driver.set));
      for (const bytes of answerTo(status, driver, (id) => process.blockOf(id))) this.#host.send(from, bytes);
    }
    return OK;
  }

  #mayAnswer(peer: PeerId): boolean {
    const nowMs = this.#host.clock.monotonicMs();
    const known = this.#answered.get(peer);
    const answered =
      known !== undefined && nowMs - known.fromMs < GOSSIP_MS ? known : { fromMs: nowMs, count: 0 };
    if (answered.count >= STATUSES_ANSWERED_MAX) return false;
    this.#answered.set(peer, { ...answered, count: answered.count + 1 });
    return true;
  }

  /** What was decided here a moment ago is on its way into the ledger: nobody has to be asked for it. */
  #isImporting({ height: at, driver }: HeightProcess): boolean {
    if (driver.state.step !== 'decided' || this.#decision?.height !== at) return false;
    return this.#host.clock.monotonicMs() - this.#decision.atMs < GOSSIP_MS;
  }

  #status(): Uint8Array | undefined {
    if (this.#process === undefined) return undefined;
    const { driver, height: at, head } = this.#process;
    return statusBytes(driver, at, { id: head.id, height: head.header.height, weight: head.weight });
  }

  /** Repairs begin when a height has lasted GOSSIP_MS: where all is well it is over by then, and nothing is said. */
  #tickLater(): void {
    this.#timer?.cancel();
    this.#timer = this.#host.clock.setTimer('pos.gossip', ms(GOSSIP_MS), () => {
      this.#onTick();
      this.#tickLater();
    });
  }

  #onTick(): void {
    this.#process?.onTick();
    const bytes = this.#status();
    if (bytes !== undefined) this.#gossip.broadcast(bytes);
  }

  /** Found here: its signatures were checked when its parts came. */
  #onEvidence(evidence: PosEvidence): void {
    const view = this.#process?.view;
    if (view === undefined || accusedOf(evidence) === this.#host.identity) return;
    if (!this.#pool.wants(view, evidence)) return;
    this.#pool.add(evidence);
    const bytes = encodeEvidence(evidence);
    this.#host.evidence({ bytes });
    this.#gossip.broadcast(evidenceMessage(evidence));
  }

  /** Passed on once, by who did not know it. */
  #onForeignEvidence(from: PeerId, text: string): PeerVerdict {
    const bytes = hexToBytes(text);
    const evidence = bytes === undefined ? undefined : decodeEvidence(bytes);
    if (evidence === undefined || isDecodeRejection(evidence))
      return { kind: 'fault', fault: 'malformed evidence', penalty: FAULT_PENALTY };
    const view = this.#process?.view;
    if (view === undefined || !this.#pool.wants(view, evidence)) return OK;
    this.#host.verify(evidenceItems(view.chain, evidence), (valid) => {
      if (valid.includes(false)) this.#host.fault(from, 'wrong signature', FAULT_PENALTY);
      else this.#onEvidence(evidence);
    });
    return OK;
  }

  #emit(what: string, at: Height): void {
    this.#host.emit({ kind: 'Engine', engine: POS_NAME, what, height: at });
  }
}

function evidenceMessage(evidence: PosEvidence): Uint8Array {
  return encodePosMessage({ kind: 'evidence', bytes: bytesToHex(encodeEvidence(evidence)) });
}
