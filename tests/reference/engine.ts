/** What an engine is to the checker, and signatures: docs/protocol.md, Keys, signatures, addresses. */
import { createHash, createPublicKey, verify as verifyStrictly } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';
import type { Leaves } from './bytes.ts';
import type { Action, Block, Header } from './layouts.ts';

/** Notes that a rule is broken. */
export type Report = (rule: string, fact: string) => void;

/** Whether signatures are judged; those of a simulation may be modelled. */
export type Signatures = 'ed25519' | 'skip';

/** The rules of one engine for one chain. */
export interface Engine {
  /** The consensus field of block 0. */
  readonly genesisConsensus: Buffer;
  /** The weight of the last block of a chain, encoded. `total` is the sum of what the blocks add; `chain` begins with genesis. */
  weightText(total: bigint, chain: readonly Header[]): string;
  /** What a height issues, while the supply allows. */
  issued(height: number): bigint;
  /** What a valid block adds to the weight of its chain. */
  weight(header: Header): bigint;
  /** `chain` is every ancestor, genesis first. */
  check(header: Header, chain: readonly Header[], report: Report): void;
  /** Undefined: actions of stake are unsupported, and a block carries no system data. */
  readonly stake?: Stake;
}

/** What an engine with stake holds, block by block. It writes its own leaves. */
export interface Stake {
  /** Evidence and last commit. `chain` is every ancestor, genesis first. */
  checkSystem(block: Block, chain: readonly Header[], report: Report): void;
  /** The leaves of block 0. @returns what is staked in it. */
  start(leaves: Leaves): bigint;
  /** Before the first transaction. @returns what is burnt. */
  begin(block: Block): bigint;
  /** The status of the receipt; a stake that is OK is taken from the balance. */
  act(action: Action, key: string, spendable: bigint, header: Header): number;
  /** After the last transaction. */
  end(header: Header, pay: (address: string, amount: bigint) => void): void;
  /** What is bonded or on its way back. */
  held(): bigint;
}

const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
ed25519.hashes.sha512 = (message) => new Uint8Array(createHash('sha512').update(message).digest());

/** ZIP-215. What OpenSSL accepts (no cofactor) is a part of it, and is asked first because it is fast. */
export function isSignature(signature: Buffer, message: Buffer, key: string): boolean {
  const raw = Buffer.from(key, 'hex');
  const spki = Buffer.concat([SPKI_ED25519, raw]);
  if (verifyStrictly(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature))
    return true;
  return ed25519.verify(signature, message, raw, { zip215: true });
}
