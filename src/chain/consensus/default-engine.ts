/** The running part of an engine that has no messages and does not mind its peers: it says only what is its own. */
import type { ConsensusHost, Engine } from './consensus.ts';

/** A fault that costs as much as a malformed message: who speaks to a silent engine runs other code. */
const MESSAGE_PENALTY = 10;

/** What an engine must say, and what it may. */
export type OwnParts = Pick<Engine, 'onHead' | 'onStop' | 'status'> & Partial<Engine>;

/** An engine that starts from the host's head. @param name of the engine, for who sends it a message. */
export function defaultEngine<View>(host: ConsensusHost<View>, name: string, own: OwnParts): Engine {
  return {
    onStart: () => (own.onStart === undefined ? own.onHead(host.head()) : own.onStart()),
    onHead: (head) => own.onHead(head),
    onPeerUp: (peer) => own.onPeerUp?.(peer),
    onPeerDown: (peer) => own.onPeerDown?.(peer),
    onMessage: (from, body) =>
      own.onMessage?.(from, body) ?? {
        kind: 'fault',
        fault: `${name} has no messages`,
        penalty: MESSAGE_PENALTY,
      },
    onBlock: (from, block) => own.onBlock?.(from, block),
    blockOf: (id) => own.blockOf?.(id),
    onMempool: () => own.onMempool?.(),
    onProposal: (body, reply) =>
      own.onProposal === undefined ? reply(`${name} takes no proposals`) : own.onProposal(body, reply),
    onStop: () => own.onStop(),
    status: () => own.status(),
    bounds: () => own.bounds?.() ?? [],
  };
}
