/** A world in memory for tests of the ledger: a disk that remembers its batches, two clocks, and a small engine. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import type { ConsensusRules } from '../../src/chain/consensus/consensus.ts';
import { compareNumbers } from '../../src/chain/consensus/weights.ts';
import { addressOf } from '../../src/chain/crypto/address.ts';
import type { LedgerEnv } from '../../src/chain/ledger/fold.ts';
import type { Ledger, LedgerConfig, LedgerHooks, OpenedLedger } from '../../src/chain/ledger/ledger.ts';
import { openLedger } from '../../src/chain/ledger/open-ledger.ts';
import type { Block } from '../../src/chain/types/block.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import type { Genesis } from '../../src/chain/types/genesis.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import {
  accountAddress,
  amount,
  type BlockHash,
  gas,
  height,
  type PublicKey,
  publicKey,
  signature,
  weight,
} from '../../src/chain/types/units.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex, compareBytes, hexToBytes } from '../../src/env/bytes.ts';
import type { Entry, KeyRange, Storage, StorageFault, WriteOp } from '../../src/env/storage.ts';
import { ms, unixMs } from '../../src/env/units.ts';

/** A disk whose batches can be replayed up to any one of them. */
export class MemoryDisk implements Storage {
  readonly batches: (readonly WriteOp[])[] = [];
  readonly entries = new Map<string, Entry>();
  readonly #flushes: ((fault?: StorageFault) => void)[] = [];

  get(key: Uint8Array): Uint8Array | undefined {
    return this.entries.get(bytesToHex(key))?.value;
  }

  scan(range: KeyRange, limit: number, reverse = false): readonly Entry[] {
    const found = [...this.entries.values()].filter(
      ({ key }) =>
        compareBytes(key, range.start) >= 0 && (range.end === undefined || compareBytes(key, range.end) < 0),
    );
    found.sort((a, b) => compareBytes(a.key, b.key));
    if (reverse) found.reverse();
    return found.slice(0, limit);
  }

  write(ops: readonly WriteOp[]): void {
    this.batches.push(ops);
    for (const op of ops) {
      if (op.kind === 'put') this.entries.set(bytesToHex(op.key), op);
      else this.entries.delete(bytesToHex(op.key));
    }
  }

  flush(onDurable: (fault?: StorageFault) => void): void {
    this.#flushes.push(onDurable);
  }

  /** Completes the oldest flush. */
  settleOne(): void {
    this.#flushes.shift()?.();
  }

  /** Completes every flush asked so far and those that follow from it. */
  settle(fault?: StorageFault): void {
    for (let next = this.#flushes.shift(); next !== undefined; next = this.#flushes.shift()) next(fault);
  }

  /** The disk as a crash after the first `count` batches leaves it. */
  prefix(count: number): MemoryDisk {
    const disk = new MemoryDisk();
    for (const ops of this.batches.slice(0, count)) disk.write(ops);
    return disk;
  }

  /** Flips one bit of the value under that key. */
  rot(key: string, bit: number): void {
    const entry = this.entries.get(key);
    assert(entry !== undefined, 'only what is there can rot');
    const value = entry.value.slice();
    const at = (bit >> 3) % value.length;
    value[at] = (value[at] as number) ^ (1 << (bit & 7));
    this.entries.set(key, { key: entry.key, value });
  }

  /** Hexadecimal keys that begin with that byte. */
  keysOf(prefix: number): readonly string[] {
    const start = prefix.toString(16).padStart(2, '0');
    return [...this.entries.keys()].filter((key) => key.startsWith(start)).sort();
  }
}

/** One boot of one host. */
export interface Host extends LedgerEnv {
  readonly events: DomainEvent[];
  readonly disk: MemoryDisk;
  wallMs: number;
  /** Lets time pass and fires what comes due, in order. */
  advance(byMs: number): void;
  of<K extends DomainEvent['kind']>(kind: K): readonly Extract<DomainEvent, { kind: K }>[];
}

/** A memo for all hosts of a test. */
export class SharedMemo {
  readonly #values = new Map<string, unknown>();
  get<T>(kind: string, key: string, compute: () => T): T {
    const name = `${kind}/${key}`;
    if (!this.#values.has(name)) this.#values.set(name, compute());
    return this.#values.get(name) as T;
  }
}

/** @param memo absent: nothing is shared. */
export function createHost(disk = new MemoryDisk(), memo?: SharedMemo): Host {
  let nowMs = 0;
  let timers: { dueMs: number; run: () => void }[] = [];
  const events: DomainEvent[] = [];
  const host: Host = {
    events,
    disk,
    wallMs: 1_000_000_000_000,
    clock: {
      monotonicMs: () => ms(nowMs),
      wallMs: () => unixMs(host.wallMs),
      setTimer(_name, delayMs, run) {
        const timer = { dueMs: nowMs + delayMs, run };
        timers.push(timer);
        return { cancel: () => void (timers = timers.filter((other) => other !== timer)) };
      },
    },
    storage: disk,
    crypto: {
      sha256,
      verify: () => assert(false, 'the ledger verifies no signature'),
      sign: () => new Uint8Array(64),
      publicKey: () => new Uint8Array(32),
    },
    memo: memo ?? { get: (_kind, _key, compute) => compute() },
    emit: (event) => void events.push(event),
    spend: () => undefined,
    advance(byMs) {
      const end = nowMs + byMs;
      for (;;) {
        const next = timers.filter((t) => t.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        host.wallMs += Math.max(0, next.dueMs - nowMs);
        nowMs = Math.max(nowMs, next.dueMs);
        next.run();
      }
      host.wallMs += end - nowMs;
      nowMs = end;
    },
    of: (kind) => events.filter((e): e is Extract<DomainEvent, { kind: typeof kind }> => e.kind === kind),
  };
  return host;
}

/** View of the toy engine: the height, and how many phases were executed on the way, so that a wrong view shows. */
export interface ToyView {
  readonly height: number;
  readonly phases: number;
}

/** Weight of a block is the one byte of its consensus field; the heaviest chain wins. */
export function toyRules(finality: { kind: 'absolute' | 'depth'; depth: number }): ConsensusRules<ToyView> {
  return {
    name: 'toy',
    genesis: () => ({
      view: { height: 0, phases: 0 },
      consensus: Uint8Array.of(0),
      records: [],
      weight: weight('0000000000000000'),
    }),
    advance(view, header) {
      if (!/^[0-9a-f]{2}$/.test(header.consensus)) {
        return { code: 'BAD_CONSENSUS_FIELD', fact: 'one byte was expected' };
      }
      return { height: view.height + 1, phases: view.phases };
    },
    isCertified: finality.kind === 'absolute',
    systemItems: () => [],
    sealItems: () => [],
    checkSystem: () => undefined,
    execute: () => ({ issued: amount(0n), burnt: amount(0n), data: new Uint8Array(0) }),
    afterExecution: (view) => ({ height: view.height, phases: view.phases + 1 }),
    weigh(parent, _view, header) {
      const sum = BigInt(`0x${parent}`) + BigInt(`0x${header.consensus}`);
      return weight(sum.toString(16).padStart(16, '0'));
    },
    compare: (a, b) => compareNumbers(a.weight, b.weight),
    compareWeight: compareNumbers,
    checkCertificate(_view, header, certificate) {
      const expected = finality.kind === 'absolute' ? `cc${header.stateRoot}` : '';
      if (bytesToHex(certificate) === expected) return undefined;
      return { code: 'BAD_CERTIFICATE', fact: 'it certifies another state' };
    },
    finality(head) {
      const final = height(Math.max(0, head.header.height - finality.depth));
      return { final, acknowledged: final, kind: finality.kind };
    },
    encodeView: ({ height: at, phases }) => Uint8Array.of(at >>> 8, at & 0xff, phases >>> 8, phases & 0xff),
    decodeView(bytes) {
      if (bytes.length !== 4) return { code: 'TRUNCATED', detail: 'four bytes were expected' };
      const at = (i: number): number => (bytes[i] as number) * 256 + (bytes[i + 1] as number);
      return { height: at(0), phases: at(2) };
    },
  };
}

/** The certificate that the absolute toy engine wants. */
export function certificateOf(block: Block): string {
  return `cc${block.header.stateRoot}`;
}

function keyOfSeed(seed: number): PublicKey {
  const der = hexToBytes(`302e020100300506032b657004220420${seed.toString(16).padStart(64, '0')}`);
  assert(der !== undefined, 'the prefix of PKCS #8 is hexadecimal');
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return publicKey(spki.subarray(-32).toString('hex'));
}

/** Accounts with money. */
const KEYS: readonly PublicKey[] = [1, 2, 3, 4].map(keyOfSeed);
/** Their addresses. */
export const ADDRESSES = KEYS.map(addressOf);
const BENEFICIARY = accountAddress('b'.repeat(64));

/** @param name makes another chain. */
export function toyGenesis(name = 'toy'): Genesis {
  return {
    name,
    shard: 0,
    engine: 'toy',
    engineConfig: '',
    parameters: {
      blockGasMax: gas(100_000_000),
      blockBytesMax: 1_048_576,
      gasPerByte: gas(1),
      gasPerSignature: gas(100),
      gasPerNewAccount: gas(1_000),
      gasPriceMin: amount(1n),
    },
    allocation: [...ADDRESSES].sort().map((address) => ({ address, balance: amount(1_000_000_000n) })),
    validators: [],
    timestampMs: unixMs(1_000_000),
    version: 1,
  };
}

export function toyConfig(changes: Partial<LedgerConfig<ToyView>> = {}): LedgerConfig<ToyView> {
  return {
    genesis: toyGenesis(),
    schedule: [],
    rules: toyRules({ kind: 'depth', depth: 6 }),
    protocolMax: 1,
    codeVersion: 'test',
    bodies: 'archive',
    baseDepth: 4,
    undoDepth: 8,
    futureMaxMs: ms(10_000),
    accountIndex: true,
    flushBlocks: 1,
    scrubIntervalMs: 0,
    scrubRecords: 64,
    snapshotInterval: 0,
    snapshotChunkBytes: 300,
    trustedSnapshot: undefined,
    ...changes,
  };
}

export const NO_HOOKS: LedgerHooks = {
  onReleased: () => undefined,
  onLost: () => undefined,
  onStorageFault: () => undefined,
};

/** Opens, or fails the test. */
export function open(host: Host, config = toyConfig(), hooks: LedgerHooks = NO_HOOKS): OpenedLedger<ToyView> {
  const opened = openLedger(host, config, hooks);
  assert(!('code' in opened), 'the folder opens');
  return opened;
}

/** A transfer between the accounts of the test; its signature is nobody's business here. */
export function transfer(
  chainId: BlockHash,
  from: number,
  nonce: number,
  to: number,
  value = 5,
): Transaction {
  return {
    version: 1,
    chainId,
    senderKey: KEYS[from] as PublicKey,
    nonce,
    validUntilHeight: height(0),
    gasLimit: gas(10_000),
    gasPrice: amount(1n),
    action: { kind: 'transfer', to: accountAddress(ADDRESSES[to] as string), amount: amount(BigInt(value)) },
    signature: signature('00'.repeat(64)),
  };
}

/** A block on `parent`, built by a ledger that has executed it; `difficulty` is its weight, `salt` makes it another one. */
export function build(
  ledger: Ledger<ToyView>,
  parent: BlockHash,
  options: {
    difficulty?: number;
    salt?: number;
    transactions?: readonly Transaction[];
    timestampMs?: number;
    lastCommit?: string;
  } = {},
): Block {
  const { difficulty = 1, salt = 0, transactions = [] } = options;
  const before = ledger.candidate(parent);
  assert(before !== undefined, 'a block is built on a known one');
  const block = ledger.assemble(
    {
      parent,
      timestampMs: unixMs(options.timestampMs ?? before.header.timestampMs + 1_000),
      beneficiary: BENEFICIARY,
      consensus: Uint8Array.of(difficulty),
      system: { evidence: [], lastCommit: options.lastCommit ?? '' },
    },
    transactions,
  );
  assert(block !== undefined, 'the parent is executed');
  return { ...block, header: { ...block.header, seal: salt.toString(16).padStart(4, '0') } };
}
