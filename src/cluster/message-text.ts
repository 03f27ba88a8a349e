/** What a message is, in a few words for people: its kind, what it is about. One object reaches many, and is described once. */
import { decodePosMessage, type PosMessage } from '../chain/consensus/pos/messages.ts';
import { VOTE } from '../chain/consensus/pos/vote.ts';
import { bodyOf } from '../chain/node-engine.ts';
import { blockId } from '../chain/types/header-codec.ts';
import type { Message } from '../chain/types/message.ts';
import { assertNever } from '../env/assert.ts';

/** Digits of ids: they are uniform, and are only compared with each other. */
const ID_DIGITS = 12;

export interface MessageText {
  /** A kind of the wire, of consensus messages what they say: `Prevote`. */
  readonly kind: string;
  readonly text: string;
}

function short(id: string): string {
  return id.slice(0, ID_DIGITS);
}

function consensusText(message: PosMessage): MessageText {
  switch (message.kind) {
    case 'proposal': {
      const { height, round, block } = message.proposal;
      return { kind: 'Proposal', text: `height ${height}, round ${round}, block ${short(block)}` };
    }
    case 'vote': {
      const { type, height, round, block } = message.vote;
      const kind = type === VOTE.prevote ? 'Prevote' : 'Precommit';
      const what = block === undefined ? 'nil' : `block ${short(block)}`;
      return { kind, text: `height ${height}, round ${round}, ${what}` };
    }
    case 'status':
      return { kind: 'Status', text: `height ${message.height}, round ${message.round}` };
    case 'evidence':
      return { kind: 'Evidence', text: '' };
    default:
      return assertNever(message);
  }
}

function transactionsText(message: Extract<Message, { kind: 'Transactions' }>): string {
  const { have, want, bodies } = message;
  return [
    ...(have.length > 0 ? [`has ${have.length}`] : []),
    ...(want.length > 0 ? [`wants ${want.length}`] : []),
    ...(bodies.length > 0 ? [`brings ${bodies.length}`] : []),
  ].join(', ');
}

/** What a message of this kind says. */
export function messageText(message: Message): MessageText {
  const { kind } = message;
  switch (kind) {
    case 'Handshake':
    case 'Ping':
    case 'Pong':
      return { kind, text: `head ${short(message.head.id)} at height ${message.head.height}` };
    case 'HandshakeProof':
      return { kind, text: '' };
    case 'Block':
      return { kind, text: `block ${short(blockId(message.header))} of height ${message.header.height}` };
    case 'GetBlock':
      return { kind, text: `block ${short(message.id)}` };
    case 'GetBlockResponse':
      return { kind, text: `block ${short(message.id)}, ${message.result.kind}` };
    case 'SyncRequest':
      return { kind, text: `request ${message.requestId} for ${message.want.kind}` };
    case 'SyncResponse':
      return { kind, text: `answers request ${message.requestId}: ${message.result.kind}` };
    case 'PeerInfo':
      return { kind, text: `${message.peers.length} addresses` };
    case 'Transactions':
      return { kind, text: transactionsText(message) };
    case 'Consensus': {
      const decoded = decodePosMessage(bodyOf(message));
      return 'code' in decoded ? { kind, text: '' } : consensusText(decoded);
    }
    default:
      return assertNever(message);
  }
}
