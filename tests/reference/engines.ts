/** What a header must hold for its engine: docs/protocol.md, Proof of work, Round robin. */
import { createHash, createPublicKey, verify as verifyStrictly } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';
import { hash, need, Reader } from './bytes.ts';
import type { Genesis, Header } from './layouts.ts';

/** Notes that a rule is broken. */
export type Report = (rule: string, fact: string) => void;

/** Whether signatures are judged; those of a simulation may be modelled. */
export type Signatures = 'ed25519' | 'skip';

/** The rules of one engine for one chain. */
export interface Engine {
  /** The consensus field of block 0. */
  readonly genesisConsensus: Buffer;
  /** Bytes of an encoded weight. */
  readonly weightSize: number;
  /** Newly issued at a height. */
  issued(height: number): bigint;
  /** What the block adds to the weight of its chain. */
  weight(header: Header): bigint;
  /** `chain` is every ancestor, genesis first. */
  check(header: Header, chain: readonly Header[], report: Report): void;
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

/** @throws {Malformed} when the engine is not known or its configuration cannot be read. */
export function engineOf(genesis: Genesis, signatures: Signatures): Engine {
  if (genesis.engine === 'pow') return proofOfWork(genesis);
  need(genesis.engine === 'round-robin', `engine ${genesis.engine} is not known here`);
  return roundRobin(genesis, signatures);
}

function number(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

function hex256(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function proofOfWork(genesis: Genesis): Engine {
  const r = new Reader(genesis.engineConfig);
  const retarget = r.uint(1);
  const blockTimeMs = r.safe();
  const halfLifeMs = r.safe();
  const initial = number(r.hex());
  const most = number(r.hex());
  const powScale = r.u64();
  r.uint(4); // depth of finality: no rule of validity
  const steps = r.list(1, 255, () => ({ height: r.safe(), amount: r.u64() }));
  r.end();
  need(retarget <= 1 && blockTimeMs >= 1 && halfLifeMs >= 1 && powScale >= 1n, 'proof of work is configured');
  need(initial >= 1n && initial <= most, 'the first target is in 1..the largest');

  /** aserti3-2d with genesis as anchor, for the block above `parent`. */
  function target(parent: Header): bigint {
    if (retarget === 0) return initial;
    const lateMs =
      BigInt(parent.timestampMs - genesis.timestampMs) - BigInt(blockTimeMs) * BigInt(parent.height);
    const exponent = (lateMs * 65_536n) / BigInt(halfLifeMs); // towards zero
    const whole = exponent >> 16n;
    const x = exponent & 0xffffn;
    const cubic = 195_766_423_245_049n * x + 971_821_376n * x * x + 5_127n * x * x * x;
    const factor = 65_536n + ((cubic + (1n << 47n)) >> 48n);
    const found = whole >= 16n ? (initial * factor) << (whole - 16n) : (initial * factor) >> (16n - whole);
    return found < 1n ? 1n : found > most ? most : found;
  }

  return {
    genesisConsensus: Buffer.from(hex256(initial), 'hex'),
    weightSize: 32,
    issued: (height) => steps.findLast((step) => step.height <= height)?.amount ?? 0n,
    weight: (header) => 2n ** 256n / (number(header.consensus.toString('hex')) + 1n),
    check(header, chain, report) {
      const parent = chain.at(-1);
      if (parent === undefined) return;
      const times = chain.slice(-11).map((ancestor) => ancestor.timestampMs);
      const median = times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
      if (header.timestampMs <= median) report('timestamp', `${header.timestampMs} is not after ${median}`);
      const due = target(parent);
      if (header.consensus.toString('hex') !== hex256(due)) report('target', `${hex256(due)} is due`);
      if (header.seal.length !== 8) report('seal', 'a nonce has 8 bytes');
      else if (number(hash(0x17, header.sealBytes, header.seal)) > due * powScale)
        report('seal', 'the hash is above the target');
    },
  };
}

function roundRobin(genesis: Genesis, signatures: Signatures): Engine {
  const r = new Reader(genesis.engineConfig);
  const periodMs = r.uint(4);
  const stepMs = r.uint(4);
  r.uint(4); // depth of finality: no rule of validity
  r.end();
  const { validators } = genesis;
  need(validators.length >= 1, 'round robin has validators');

  return {
    genesisConsensus: Buffer.alloc(0),
    weightSize: 8,
    issued: () => 0n,
    weight: (header) => (header.consensus.readUInt16BE(0) === 0 ? 2n : 1n),
    check(header, chain, report) {
      const parent = chain.at(-1);
      if (parent === undefined) return;
      if (header.consensus.length !== 34) return report('consensus-field', 'a turn and a key are 34 bytes');
      const turn = header.consensus.readUInt16BE(0);
      const signer = header.consensus.toString('hex', 2);
      const earliest = parent.timestampMs + periodMs + turn * stepMs;
      if (header.timestampMs < earliest) report('timestamp', `${header.timestampMs} is before ${earliest}`);
      if (turn >= validators.length || validators[(header.height + turn) % validators.length]?.key !== signer)
        report('turn', `it is not the turn of ${signer}`);
      else if (header.seal.length !== 64) report('seal', 'a signature has 64 bytes');
      else if (
        signatures === 'ed25519' &&
        !isSignature(header.seal, Buffer.concat([Buffer.of(0x31), header.sealBytes]), signer)
      )
        report('seal', 'the signature is wrong');
    },
  };
}
