/** What a header must hold for its engine: docs/protocol.md, Proof of work, Round robin; that of stake is in proof-of-stake.ts. */
import { hash, need, Reader } from './bytes.ts';
import { type Engine, isSignature, type Signatures } from './engine.ts';
import { type Genesis, type Header, SUPPLY_MAX } from './layouts.ts';
import { proofOfStake } from './proof-of-stake.ts';

/** @throws {Malformed} when the engine is not known or its configuration cannot be read. */
export function engineOf(genesis: Genesis, signatures: Signatures): Engine {
  if (genesis.engine === 'pow') return proofOfWork(genesis);
  if (genesis.engine === 'pos') return proofOfStake(genesis, signatures);
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
  const difficulty = r.uint(1);
  need(difficulty <= 1, 'difficulty is constant or asert');
  const [intervalMs, halfLifeMs] = difficulty === 0 ? [1, 1] : [r.safe(), r.safe()];
  const initial = number(r.hex());
  const most = number(r.hex());
  const powScale = r.u64();
  const finalityDepth = r.uint(4);
  const steps = r.list(1, 64, () => ({ height: r.safe(), reward: r.u64() }));
  r.end();
  need(intervalMs >= 1 && intervalMs <= 31_536_000_000, 'the interval is 1 ms to a year');
  need(halfLifeMs >= 1 && halfLifeMs <= 3_153_600_000_000, 'the half-life is 1 ms to a hundred years');
  need(initial >= 1n && initial <= most, 'the first target is in 1..the limit');
  need(powScale >= 1n && finalityDepth >= 1, 'scale and depth are at least 1');
  for (const [i, step] of steps.entries())
    need(step.height > (steps[i - 1]?.height ?? 0) && step.reward <= SUPPLY_MAX, 'issuance is in order');

  /** aserti3-2d with genesis as anchor, for the block above `parent`. */
  function target(parent: Header): bigint {
    if (difficulty === 0) return initial;
    const lateMs =
      BigInt(parent.timestampMs - genesis.timestampMs) - BigInt(intervalMs) * BigInt(parent.height);
    const exponent = (lateMs * 65_536n) / BigInt(halfLifeMs); // towards zero
    const whole = exponent >> 16n;
    if (whole > 512n) return most;
    if (whole < -512n) return 1n;
    const x = exponent & 0xffffn;
    const cubic = 195_766_423_245_049n * x + 971_821_376n * x * x + 5_127n * x * x * x;
    const factor = 65_536n + ((cubic + (1n << 47n)) >> 48n);
    const found = whole >= 16n ? (initial * factor) << (whole - 16n) : (initial * factor) >> (16n - whole);
    return found < 1n ? 1n : found > most ? most : found;
  }

  return {
    genesisConsensus: Buffer.from(hex256(initial), 'hex'),
    weightSize: 32,
    issued: (height) => steps.findLast((step) => step.height <= height)?.reward ?? 0n,
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
  const skipMs = r.uint(4);
  const finalityDepth = r.uint(4);
  r.end();
  need(periodMs >= 1 && skipMs >= 1 && finalityDepth >= 1, 'period, wait and depth are at least 1');
  const { validators } = genesis;
  need(validators.length >= 1, 'round robin has validators');

  return {
    genesisConsensus: Buffer.alloc(0),
    weightSize: 8,
    issued: () => 0n,
    weight: (header) => BigInt(validators.length - header.consensus.readUInt16BE(0)),
    check(header, chain, report) {
      const parent = chain.at(-1);
      if (parent === undefined) return;
      if (header.consensus.length !== 34) return report('consensus-field', 'a turn and a key are 34 bytes');
      const turn = header.consensus.readUInt16BE(0);
      const signer = header.consensus.toString('hex', 2);
      const earliest = parent.timestampMs + periodMs + turn * skipMs;
      if (header.timestampMs < earliest) report('timestamp', `${header.timestampMs} is before ${earliest}`);
      if (turn >= validators.length) report('consensus-field', 'everybody is passed over');
      else if (validators[(header.height + turn) % validators.length]?.key !== signer)
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
