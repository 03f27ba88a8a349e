/** Steps of a schedule in words: who got which message of whom. */
import { decodePosMessage } from '../../chain/consensus/pos/messages.ts';
import { VOTE, type Vote } from '../../chain/consensus/pos/vote.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { Delivery, Step } from '../../sim/chosen-steps.ts';
import { COMPONENT } from '../../sim/kernel.ts';
import { CONTROL_OP, HOST_OP } from '../../sim/trace-kinds.ts';

/** Digits of a block's id: enough to tell those of a run apart. */
const ID_DIGITS = 8;

/** `n0 gets from n1: prevote, height 1, round 0, block 3f2a…`. */
export function describeStep(step: Step, nameOf: (host: number) => string): string {
  if (step.kind === 'delivery')
    return `${nameOf(step.to)} gets from ${nameOf(step.from)}: ${describeMessage(step)}`;
  return `${step.host < 0 ? 'the harness' : nameOf(step.host)}: ${localName(step.code)}`;
}

function localName(code: number): string {
  const op = code & 255;
  if (code >>> 8 === COMPONENT.host) return nameIn(HOST_OP, op) ?? 'its own event';
  if (code >>> 8 === COMPONENT.control) return nameIn(CONTROL_OP, op) ?? 'a call';
  return 'an event of a connection';
}

function nameIn(names: Readonly<Record<string, number>>, op: number): string | undefined {
  return Object.entries(names).find(([, number]) => number === op)?.[0];
}

function describeMessage({ message, messageKind }: Delivery): string {
  const body = bodyOf(message);
  const bytes = body === undefined ? undefined : hexToBytes(body);
  const decoded = bytes === undefined ? undefined : decodePosMessage(bytes);
  if (decoded === undefined || isDecodeRejection(decoded)) return messageKind;
  switch (decoded.kind) {
    case 'vote':
      return describeVote(decoded.vote);
    case 'proposal': {
      const { height, round, block, validRound } = decoded.proposal;
      const again = validRound === undefined ? '' : `, valid since round ${validRound}`;
      return `proposal, height ${height}, round ${round}, block ${short(block)}${again}`;
    }
    case 'status':
      return `status, height ${decoded.height}, round ${decoded.round}`;
    default:
      return decoded.kind;
  }
}

function describeVote({ type, height, round, block }: Vote): string {
  const name = type === VOTE.prevote ? 'prevote' : 'precommit';
  return `${name}, height ${height}, round ${round}, ${block === undefined ? 'nil' : `block ${short(block)}`}`;
}

/** Of a message for an engine its own bytes. */
function bodyOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('body' in message)) return undefined;
  return typeof message.body === 'string' ? message.body : undefined;
}

function short(id: string): string {
  return id.slice(0, ID_DIGITS);
}
