/** A signer of proof of authority: waits for the period, out of turn a little longer, and seals. EIP-225, Authorization strategies. */
import { ms } from '../../../env/units.ts';
import { height } from '../../types/units.ts';
import type { Candidate, Consensus, ConsensusHost, Engine } from '../consensus.ts';
import { defaultEngine } from '../default-engine.ts';
import { SignRecords } from '../sign-records.ts';
import { WallTimer } from '../wall-timer.ts';
import { POA_NAME } from './config.ts';
import { Proposals } from './proposals.ts';
import { createPoaRules, earliestMs, fieldOn, maySign } from './rules.ts';
import { signerInTurn } from './signers.ts';
import type { PoaView } from './view.ts';
import { VOTES_OF_SIGNER_MAX } from './votes.ts';

/** Nobody may sign before the parent's time and a period: what a signer that lies about the time costs the others at most. As clients of EIP-225. */
const FUTURE_MAX_MS = ms(15_000);

/** The engine of a genesis that names POA_NAME. */
export function createPoa(): Consensus<PoaView> {
  return { rules: createPoaRules(), futureMaxMs: FUTURE_MAX_MS, create: createSigner };
}

function createSigner(host: ConsensusHost<PoaView>): Engine {
  const timer = new WallTimer(host.clock, 'poa.turn');
  const records = new SignRecords(host, POA_NAME);
  const proposals = new Proposals(host);
  let head: Candidate | undefined;
  let signers: PoaView['signers'] | undefined;

  /** Tells when the set on this node's chain is another one: by a vote, or by a reorganisation. */
  function follow(view: PoaView): void {
    const before = signers;
    signers = view.signers;
    if (before === undefined || before === signers) return;
    const isSame = before.length === signers.length && before.every((key, i) => key === view.signers[i]);
    if (isSame) return;
    host.emit({ kind: 'ProducersChanged', height: view.height, producers: signers.length });
  }

  function seal(parent: Candidate, view: PoaView, key: PoaView['signers'][number]): void {
    const consensus = fieldOn(view, key, proposals.next(view, key));
    const plan = { timestampMs: host.clock.wallMs(), consensus };
    records.seal(parent, plan, () => head?.id === parent.id);
  }

  function onHead(parent: Candidate): void {
    head = parent;
    timer.cancel();
    const view = host.view(parent.id);
    if (view !== undefined) follow(view);
    const key = host.identity;
    if (view === undefined || key === undefined || !maySign(view, key)) return;
    const atMs = earliestMs(view) + delayMs(host, view, key);
    timer.wait(atMs, () => seal(parent, view, key));
  }

  return defaultEngine(host, POA_NAME, {
    onStart() {
      proposals.open();
      onHead(host.head());
    },
    onHead,
    onProposal: (body, reply) => proposals.order(body, reply),
    onStop() {
      head = undefined;
      timer.cancel();
    },
    status() {
      const view = head === undefined ? undefined : host.view(head.id);
      const turnOf = view === undefined ? undefined : signerInTurn(view.signers, view.height + 1);
      if (view === undefined || turnOf === undefined) return { kind: 'idle' };
      return { kind: 'waiting', height: height(view.height + 1), turnOf, producers: view.signers.length };
    },
    bounds: () => [{ name: 'poa.proposals', size: proposals.size, max: VOTES_OF_SIGNER_MAX }],
  });
}

/**
 * How long after the first moment of a block this signer waits: in turn not at all, else rand(SIGNER_COUNT * 500ms), counted from
 * now where that moment has passed. A head older than two periods is one that a node begins or falls behind with: others have a
 * better one, which comes within a period, or nobody signs. EIP-225 leaves strategies to the signers.
 */
function delayMs(host: ConsensusHost<PoaView>, view: PoaView, key: string): number {
  const { signers, config } = view;
  const lateMs = Math.max(0, host.clock.wallMs() - earliestMs(view));
  const graceMs = lateMs > config.periodMs ? lateMs + config.periodMs : 0;
  if (signerInTurn(signers, view.height + 1) === key) return graceMs;
  return Math.max(lateMs, graceMs) + host.random.below(signers.length * config.wiggleMs + 1);
}
