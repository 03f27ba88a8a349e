/** A signer of proof of authority: waits for the period, out of turn a little longer, and seals. EIP-225, Authorization strategies. */
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

/** The engine of a genesis that names POA_NAME. */
export function createPoa(): Consensus<PoaView> {
  return { rules: createPoaRules(), create: createSigner };
}

function createSigner(host: ConsensusHost<PoaView>): Engine {
  const timer = new WallTimer(host.clock, 'poa.turn');
  const records = new SignRecords(host);
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
    const atMs = earliestMs(view) + wiggleMs(host, view, key);
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
      return { kind: 'waiting', height: height(view.height + 1), turnOf };
    },
  });
}

/** How long after the first moment of the block a signer waits: not in turn; else rand(SIGNER_COUNT * 500ms), and from now on where that has passed. */
function wiggleMs(host: ConsensusHost<PoaView>, view: PoaView, key: string): number {
  const { signers, config } = view;
  if (signerInTurn(signers, view.height + 1) === key) return 0;
  const lateMs = Math.max(0, host.clock.wallMs() - earliestMs(view));
  return lateMs + host.random.below(signers.length * config.wiggleMs + 1);
}
