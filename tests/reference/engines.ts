/** What a header must hold for its engine: docs/protocol.md, Proof of work, Round robin, Proof of authority; that of stake is in proof-of-stake.ts. */
import { hash, Malformed, need, Reader } from './bytes.ts';
import { type Engine, isSignature, type Report, type Signatures } from './engine.ts';
import { type Genesis, type Header, isPublicKey, SUPPLY_MAX } from './layouts.ts';
import { proofOfStake } from './proof-of-stake.ts';

/** @throws {Malformed} when the engine is not known or its configuration cannot be read. */
export function engineOf(genesis: Genesis, signatures: Signatures): Engine {
  if (genesis.engine === 'pow') return proofOfWork(genesis);
  if (genesis.engine === 'pos') return proofOfStake(genesis, signatures);
  if (genesis.engine === 'poa') return proofOfAuthority(genesis, signatures);
  need(genesis.engine === 'round-robin', `engine ${genesis.engine} is not known here`);
  return roundRobin(genesis, signatures);
}

function number(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

function padded(value: bigint, size: number): string {
  return value.toString(16).padStart(2 * size, '0');
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
    weightText: (total) => padded(total, 32),
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
    weightText: (total) => padded(total, 8),
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

/** The consensus field of proof of authority. */
interface Authority {
  readonly difficulty: number;
  readonly signer: string;
  readonly vote: { readonly target: string; readonly adds: boolean } | undefined;
  readonly listed: readonly string[];
}

/** Who may sign after a block, and what is voted. `votes`: signer, then target, in the order in which they were cast. */
interface Authorities {
  readonly signers: readonly string[];
  readonly votes: ReadonlyMap<string, { readonly signer: string; readonly target: string }>;
}

const SIGNERS_MAX = 30;
const VOTES_OF_SIGNER = 16;

function readAuthority(field: Buffer): Authority | undefined {
  try {
    const r = new Reader(field);
    const difficulty = r.uint(1);
    const signer = r.hex();
    const isVote = r.uint(1);
    need(difficulty <= 2 && isVote <= 1, 'difficulty and flag are in range');
    const target = isVote === 1 ? r.hex() : '';
    const adds = isVote === 1 ? r.uint(1) : 0;
    need(adds <= 1, 'a vote adds or drops');
    const listed = r.list(1, SIGNERS_MAX, () => r.hex());
    r.end();
    return { difficulty, signer, vote: isVote === 1 ? { target, adds: adds === 1 } : undefined, listed };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** A vote counts or not, replaces the signer's own about the same key, and may decide about that key alone. */
function afterVote({ signers, votes }: Authorities, signer: string, vote: Authority['vote']): Authorities {
  if (vote === undefined) return { signers, votes };
  const { target, adds } = vote;
  const isSigner = signers.includes(target);
  const isFull = signers.length >= SIGNERS_MAX;
  const standing = new Map(votes);
  standing.delete(signer + target);
  if (adds ? !isSigner && !isFull && isPublicKey(target) : isSigner) {
    const own = [...standing].filter(([, cast]) => cast.signer === signer);
    if (own.length >= VOTES_OF_SIGNER) standing.delete(own[0]?.[0] ?? '');
    standing.set(signer + target, { signer, target });
  }
  const tally = [...standing.values()].filter((cast) => cast.target === target).length;
  if (tally < (signers.length >> 1) + 1 || (!isSigner && isFull)) return { signers, votes: standing };
  for (const [key, cast] of standing)
    if (cast.target === target || (isSigner && cast.signer === target)) standing.delete(key);
  const changed = isSigner ? signers.filter((key) => key !== target) : [...signers, target].sort();
  return { signers: changed, votes: standing };
}

function proofOfAuthority(genesis: Genesis, signatures: Signatures): Engine {
  const r = new Reader(genesis.engineConfig);
  const [periodMs, , epoch, tieBreak] = [r.uint(4), r.uint(4), r.uint(4), r.uint(1)];
  r.end();
  need(
    periodMs >= 1 && epoch >= 1 && tieBreak <= 1,
    'period and epoch are at least 1, the tie-break is known',
  );
  const first = genesis.validators.map(({ key }) => key);
  need(first.length >= 1 && first.length <= SIGNERS_MAX, '1 to 30 signers');
  /** What stands after a block, by its id. */
  const after = new Map<string, Authorities>();

  function standing(head: Header | undefined): Authorities {
    if (head === undefined || head.height === 0) return { signers: first, votes: new Map() };
    return after.get(head.id) ?? { signers: [], votes: new Map() };
  }

  function judge(header: Header, chain: readonly Header[], report: Report): void {
    const parent = chain.at(-1);
    const { signers, votes } = standing(parent);
    const field = readAuthority(header.consensus);
    if (field === undefined || parent === undefined) return report('consensus-field', 'it cannot be read');
    const { difficulty, signer, vote, listed } = field;
    if (header.timestampMs < parent.timestampMs + periodMs) report('timestamp', 'it is before the period');
    const recent = chain
      .slice(1)
      .slice(-SIGNERS_MAX)
      .map((one) => readAuthority(one.consensus)?.signer);
    const barred = recent.slice(Math.max(0, recent.length - (signers.length >> 1)));
    if (!signers.includes(signer)) report('signer', `${signer} is none`);
    else if (barred.includes(signer)) report('signer', `${signer} has signed recently`);
    const due = signers[header.height % signers.length] === signer ? 2 : 1;
    if (difficulty !== due) report('difficulty', `${due} is due`);
    const isEpoch = header.height % epoch === 0;
    if (listed.join() !== (isEpoch ? signers.join() : '')) report('checkpoint', 'it lists other signers');
    if (isEpoch && vote !== undefined) report('checkpoint', 'it holds a vote');
    if (header.seal.length !== 64) report('seal', 'a signature has 64 bytes');
    else if (
      signatures === 'ed25519' &&
      !isSignature(header.seal, Buffer.concat([Buffer.of(0x31), header.sealBytes]), signer)
    )
      report('seal', 'the signature is wrong');
    after.set(
      header.id,
      isEpoch ? { signers, votes: new Map() } : afterVote({ signers, votes }, signer, vote),
    );
  }

  return {
    genesisConsensus: Buffer.concat([Buffer.of(first.length), Buffer.from(first.join(''), 'hex')]),
    weightText(total, chain) {
      if (tieBreak === 0) return padded(total, 8);
      const head = chain.at(-1);
      const { signers } = standing(chain.at(-2));
      const signer =
        head === undefined || head.height === 0 ? undefined : readAuthority(head.consensus)?.signer;
      const height = head?.height ?? 0;
      const n = signers.length;
      const ago = signer === undefined ? 0 : (height + n - signers.indexOf(signer)) % n;
      return padded(total, 8) + padded(2n ** 64n - 1n - BigInt(height), 8) + padded(255n - BigInt(ago), 1);
    },
    issued: () => 0n,
    weight: (header) => BigInt(header.consensus[0] ?? 0),
    check: judge,
  };
}
