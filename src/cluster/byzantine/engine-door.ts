/** The door of a layer into the engine: the host that the engine acts through, changed in part. */
import type { Consensus, ConsensusHost, Engine } from '../../chain/consensus/consensus.ts';

/** What the engine asks of its host and gets another answer to. */
export type Change = (host: ConsensusHost<unknown>) => Partial<ConsensusHost<unknown>>;

/**
 * The engine with another host, the rules as they are. @param onEngine wraps what the node calls; the answer replaces it.
 */
export function withHost(
  honest: Consensus,
  change: Change,
  onEngine: (engine: Engine, host: ConsensusHost<unknown>) => Engine = (engine) => engine,
): Consensus {
  return {
    ...honest,
    create: (host) => onEngine(honest.create({ ...bound(host), ...change(host) }), host),
  };
}

/** A host may be an object of a class: a copy of it would lose its methods. */
function bound(host: ConsensusHost<unknown>): ConsensusHost<unknown> {
  return {
    clock: host.clock,
    random: host.random,
    search: host.search,
    identity: host.identity,
    isVouched: host.isVouched,
    restoredMs: host.restoredMs,
    beneficiary: host.beneficiary,
    head: () => host.head(),
    view: (id) => host.view(id),
    state: (id) => host.state(id),
    build: (plan) => host.build(plan),
    validate: (block, then) => host.validate(block, then),
    verify: (items, then) => host.verify(items, then),
    submit: (block, certificate) => host.submit(block, certificate),
    sign: (what) => host.sign(what),
    record: (ops, then) => host.record(ops, then),
    read: (range) => host.read(range),
    peers: () => host.peers(),
    send: (to, body) => host.send(to, body),
    fetch: (id, from) => host.fetch(id, from),
    claim: (from, head) => host.claim(from, head),
    certificate: (id) => host.certificate(id),
    fault: (from, fault, penalty) => host.fault(from, fault, penalty),
    evidence: (item) => host.evidence(item),
    emit: (event) => host.emit(event),
  };
}

/** The engine, with other handlers in place of some of its own. */
export function withHandlers(engine: Engine, change: Partial<Engine>): Engine {
  return {
    onStart: () => engine.onStart(),
    onHead: (head) => engine.onHead(head),
    onPeerUp: (peer) => engine.onPeerUp(peer),
    onPeerDown: (peer) => engine.onPeerDown(peer),
    onMessage: (from, body) => engine.onMessage(from, body),
    onBlock: (from, block) => engine.onBlock(from, block),
    blockOf: (id) => engine.blockOf(id),
    onMempool: () => engine.onMempool(),
    onProposal: (body, reply) => engine.onProposal(body, reply),
    onStop: () => engine.onStop(),
    status: () => engine.status(),
    bounds: () => engine.bounds(),
    ...change,
  };
}
