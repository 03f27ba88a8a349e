/** The stored values read from their bytes: docs/protocol.md, Transaction, Header, Block, Account and receipt, Genesis. */
import { hash, need, Reader, u64, uint } from './bytes.ts';

/** What a transaction does; which fields stand depends on the tag. */
export interface Action {
  readonly tag: number;
  readonly to?: string;
  readonly amount: bigint;
}

/** A transaction with its bytes, its id and what is signed. */
export interface Transaction {
  readonly raw: Buffer;
  readonly id: string;
  readonly signed: Buffer;
  readonly version: number;
  readonly chainId: string;
  readonly senderKey: string;
  readonly nonce: number;
  readonly validUntilHeight: number;
  readonly gasLimit: number;
  readonly gasPrice: bigint;
  readonly action: Action;
  readonly signature: Buffer;
}

/** A header with its id and what a seal is over. */
export interface Header {
  readonly id: string;
  readonly sealBytes: Buffer;
  readonly version: number;
  readonly height: number;
  readonly parent: string;
  readonly timestampMs: number;
  readonly beneficiary: string;
  readonly txCount: number;
  readonly transactionsRoot: string;
  readonly receiptsRoot: string;
  readonly stateRoot: string;
  readonly systemRoot: string;
  readonly messagesRoot: string;
  readonly historyRoot: string;
  readonly gasUsed: number;
  readonly consensus: Buffer;
  readonly seal: Buffer;
}

/** A whole block. */
export interface Block {
  readonly size: number;
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  readonly evidence: readonly Buffer[];
  readonly lastCommit: Buffer;
}

/** Everything that a chain's genesis states. */
export interface Genesis {
  readonly hash: string;
  readonly name: string;
  readonly shard: number;
  readonly engine: string;
  readonly engineConfig: Buffer;
  readonly blockGasMax: number;
  readonly blockBytesMax: number;
  readonly gasPerByte: number;
  readonly gasPerSignature: number;
  readonly gasPerNewAccount: number;
  readonly gasPriceMin: bigint;
  readonly allocation: readonly { readonly address: string; readonly balance: bigint }[];
  readonly validators: readonly { readonly key: string; readonly power: bigint }[];
  readonly timestampMs: number;
  readonly version: number;
}

/** The part of an account leaf that can change. */
export interface Account {
  readonly nonce: number;
  readonly balance: bigint;
}

/** Numbers of the actions. */
export const ACTION = { transfer: 0, stake: 1, unstake: 2, burn: 3 } as const;

/** Supply and power are at most this, 2^63 - 1. */
export const SUPPLY_MAX = 2n ** 63n - 1n;

function readAction(r: Reader): Action {
  const tag = r.uint(1);
  need(tag <= ACTION.burn, `action ${tag} is not listed`);
  return tag === ACTION.transfer ? { tag, to: r.hex(), amount: r.u64() } : { tag, amount: r.u64() };
}

function readTransaction(r: Reader): Transaction {
  const start = r.at;
  const fields = {
    version: r.uint(2),
    chainId: r.hex(),
    senderKey: r.hex(),
    nonce: r.safe(),
    validUntilHeight: r.safe(),
    gasLimit: r.safe(),
    gasPrice: r.u64(),
    action: readAction(r),
  };
  const unsigned = r.bytes.subarray(start, r.at);
  const signature = r.sized(1, 64, 64);
  const raw = r.bytes.subarray(start, r.at);
  const signed = Buffer.concat([Buffer.of(0x30), unsigned, Buffer.of(0)]);
  return { raw, id: hash(0x11, raw), signed, ...fields, signature };
}

/** @throws {Malformed} */
export function readHeader(r: Reader): Header {
  const start = r.at;
  const fields = {
    version: r.uint(2),
    height: r.safe(),
    parent: r.hex(),
    timestampMs: r.safe(),
    beneficiary: r.hex(),
    txCount: r.uint(4),
    transactionsRoot: r.hex(),
    receiptsRoot: r.hex(),
    stateRoot: r.hex(),
    systemRoot: r.hex(),
    messagesRoot: r.hex(),
    historyRoot: r.hex(),
    gasUsed: r.safe(),
    consensus: r.sized(2, 0, 1024),
  };
  const sealBytes = Buffer.concat([r.bytes.subarray(start, r.at), uint(2, 0)]);
  const seal = r.sized(2, 0, 1024);
  return { id: hash(0x10, r.bytes.subarray(start, r.at)), sealBytes, ...fields, seal };
}

/** @throws {Malformed} */
export function decodeBlock(bytes: Buffer): Block {
  need(bytes.length <= 1_048_576, 'a block has at most 1,048,576 bytes');
  const r = new Reader(bytes);
  const header = readHeader(r);
  const transactions = r.list(4, 6096, () => readTransaction(r));
  const evidence = r.list(1, 64, () => r.sized(4, 0, 65_536));
  const lastCommit = r.sized(4, 0, 65_536);
  r.end();
  return { size: bytes.length, header, transactions, evidence, lastCommit };
}

function readName(r: Reader): string {
  const name = r.sized(1, 1, 64).toString('latin1');
  need(/^[a-z0-9-]+$/.test(name), 'a name is of a-z, 0-9 and -');
  return name;
}

/** @throws {Malformed} */
export function decodeGenesis(bytes: Buffer): Genesis {
  const r = new Reader(bytes);
  const genesis: Genesis = {
    hash: hash(0x13, bytes),
    name: readName(r),
    shard: r.uint(4),
    engine: readName(r),
    engineConfig: r.sized(4, 0, 65_536),
    blockGasMax: r.safe(),
    blockBytesMax: r.uint(4),
    gasPerByte: r.safe(),
    gasPerSignature: r.safe(),
    gasPerNewAccount: r.safe(),
    gasPriceMin: r.u64(),
    allocation: r.list(4, 1_000_000, () => ({ address: r.hex(), balance: r.u64() })),
    validators: r.list(4, 512, () => ({ key: r.hex(), power: r.u64() })),
    timestampMs: r.safe(),
    version: r.uint(2),
  };
  r.end();
  need(genesis.blockGasMax >= 1, 'blockGasMax is at least 1');
  need(genesis.blockBytesMax >= 4096 && genesis.blockBytesMax <= 1_048_576, 'blockBytesMax is out of range');
  need(grows(genesis.allocation.map((a) => a.address)), 'addresses of the allocation grow strictly');
  need(grows(genesis.validators.map((v) => v.key)), 'keys of validators grow strictly');
  need(
    genesis.validators.every((v) => v.power >= 1n && isPublicKey(v.key)),
    'a validator has a good key, and power',
  );
  need(
    sum(genesis.allocation.map((a) => a.balance)) <= SUPPLY_MAX,
    'the sum of balances is at most 2^63 - 1',
  );
  need(sum(genesis.validators.map((v) => v.power)) <= SUPPLY_MAX, 'the sum of powers is at most 2^63 - 1');
  return genesis;
}

function grows(list: readonly string[]): boolean {
  return list.every((text, i) => i === 0 || (list[i - 1] ?? '') < text);
}

/** The sum of amounts. */
export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/** Account leaf: version 1, and both later fields zero. */
export function encodeAccount(account: Account): Buffer {
  return Buffer.concat([uint(2, 1), u64(account.nonce), u64(account.balance), Buffer.alloc(64)]);
}

/** @throws {Malformed} */
export function decodeAccount(bytes: Buffer): Account {
  const r = new Reader(bytes);
  need(r.uint(2) === 1, 'an account leaf has version 1');
  const account = { nonce: r.safe(), balance: r.u64() };
  need(
    r.take(64).every((byte) => byte === 0),
    'codeHash and storageRoot are zero',
  );
  r.end();
  return account;
}

/** The bytes of a receipt. */
export function encodeReceipt(txId: string, status: number, gasUsed: number): Buffer {
  return Buffer.concat([Buffer.from(txId, 'hex'), uint(1, status), u64(gasUsed), Buffer.alloc(32)]);
}

const FIELD_PRIME = 2n ** 255n - 19n;
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  littleEndian('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  littleEndian('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]);

function littleEndian(hex: string): bigint {
  return BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);
}

/** Canonical and not of small order: docs/protocol.md, Keys. */
export function isPublicKey(hex: string): boolean {
  const y = littleEndian(hex) & (2n ** 255n - 1n);
  return y < FIELD_PRIME && !SMALL_ORDER_Y.has(y);
}

/** The address of a key. */
export function addressOf(key: string): string {
  return hash(0x12, key);
}
