/** What a stranger or a bad peer may send to the P2P port: no protocol at all, wrong handshakes, damaged and replayed messages. */
import fc from 'fast-check';
import type { Message } from '../../src/chain/types/message.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import { damagedBytes, damagedJson } from './json-damage.ts';

const codec = createMessageCodec();

/** What is sent over one connection. */
export type P2pInput =
  /** Without a handshake. */
  | { readonly kind: 'stranger'; readonly lines: readonly Buffer[]; readonly isLineOpen: boolean }
  /** With a handshake that is none. */
  | { readonly kind: 'opening'; readonly how: OpeningDamage }
  /** As a peer. */
  | { readonly kind: 'peer'; readonly lines: readonly Buffer[] };

/** How a handshake is wrong. */
export type OpeningDamage =
  | 'otherChain'
  | 'otherProtocol'
  | 'otherFork'
  | 'otherKey'
  | 'badProof'
  | 'proofOnly'
  | 'twice'
  | 'half'
  | 'mute'
  | 'cut'
  | 'long';

const OPENING_DAMAGES: readonly OpeningDamage[] = [
  ...(['otherChain', 'otherProtocol', 'otherFork', 'otherKey', 'badProof', 'proofOnly', 'twice'] as const),
  ...(['half', 'mute', 'cut', 'long'] as const),
];
const LINES_MAX = 12;
/** A line that no message is: past the limit of messages, sent once in a while. */
const LONG_LINE_BYTES = 8 * 1_024 * 1_024 + 10;

/** @param messages valid ones, of this chain and others: replayed, damaged, in any order. */
export function p2pInputs(messages: readonly Message[]): fc.Arbitrary<P2pInput> {
  const valid = messages.map((message) => Buffer.from(codec.encode(message)));
  const whole = fc.constantFrom(...valid);
  const damaged = fc.oneof(
    damagedJson(whole.map((bytes): unknown => JSON.parse(bytes.toString('utf8')))),
    whole.chain(damagedBytes),
  );
  const noise = fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes));
  const line = fc.oneof(
    { arbitrary: whole, weight: 5 },
    { arbitrary: damaged, weight: 5 },
    { arbitrary: noise, weight: 1 },
  );
  const lines = fc.array(line, { minLength: 1, maxLength: LINES_MAX });
  return fc.oneof(
    { arbitrary: lines.map((all): P2pInput => ({ kind: 'peer', lines: all })), weight: 12 },
    {
      arbitrary: fc
        .tuple(lines, fc.boolean())
        .map(([all, isLineOpen]): P2pInput => ({ kind: 'stranger', lines: all, isLineOpen })),
      weight: 3,
    },
    {
      arbitrary: fc.constantFrom(...OPENING_DAMAGES).map((how): P2pInput => ({ kind: 'opening', how })),
      weight: 2,
    },
  );
}

/** Longer than any message, in one piece; it is skipped. */
export function longLine(): Buffer {
  return Buffer.alloc(LONG_LINE_BYTES, 'a');
}

/** Each line, and each damaged handshake, is one. */
export function countOf(input: P2pInput): number {
  return input.kind === 'opening' ? 1 : input.lines.length;
}
