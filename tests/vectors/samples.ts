/** Sample values behind the golden vectors: fixed keys, every kind of transaction, a genesis, headers, messages of every kind. */
import { getPublicKey, hashes, sign } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { addressOf } from '../../src/chain/crypto/address.ts';
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../../src/chain/crypto/history.ts';
import { sha256, taggedBytes, ZERO_HASH } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import type { Receipt } from '../../src/chain/types/account.ts';
import type { Block, Header, SystemData } from '../../src/chain/types/block.ts';
import { receiptsRoot, systemRoot, transactionsRoot } from '../../src/chain/types/block-codec.ts';
import type { Genesis } from '../../src/chain/types/genesis.ts';
import { blockId, headerSignBytes } from '../../src/chain/types/header-codec.ts';
import type { HeadClaim, Message } from '../../src/chain/types/message.ts';
import type { Action, Transaction } from '../../src/chain/types/transaction.ts';
import { transactionId, transactionSignBytes } from '../../src/chain/types/transaction-codec.ts';
import {
  type AccountAddress,
  amount,
  blockHash,
  gas,
  hash,
  height,
  type PublicKey,
  publicKey,
  signature,
  weight,
} from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { address, unixMs } from '../../src/env/units.ts';

hashes.sha512 = sha512;

/** A key pair of the vectors: the secret is SHA-256 of its number as one byte. */
export interface SampleKey {
  readonly secret: Uint8Array;
  readonly key: PublicKey;
  readonly address: AccountAddress;
}

/** The key pair of a number below 256. */
export function sampleKey(number: number): SampleKey {
  const secret = sha256(Uint8Array.of(number));
  const key = publicKey(bytesToHex(getPublicKey(secret)));
  return { secret, key, address: addressOf(key) };
}

/** Four keys in the order of their numbers. */
export const SAMPLE_KEYS: readonly SampleKey[] = [0, 1, 2, 3].map(sampleKey);

const [ALICE, BOB, CAROL, DAVE] = SAMPLE_KEYS as [SampleKey, SampleKey, SampleKey, SampleKey];

function sorted<T>(list: readonly T[], key: (item: T) => string): readonly T[] {
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** A valid genesis of three accounts and two validators. */
export const SAMPLE_GENESIS: Genesis = {
  name: 'golden-1',
  shard: 0,
  engine: 'round-robin',
  /** Round robin: a period of 1 s, 0.5 s for each producer that is passed over, depth 4. */
  engineConfig: '000003e8000001f400000004',
  parameters: {
    blockGasMax: gas(10_000_000),
    blockBytesMax: 1_048_576,
    gasPerByte: gas(10),
    gasPerSignature: gas(2_000),
    gasPerNewAccount: gas(25_000),
    gasPriceMin: amount(1n),
  },
  allocation: sorted(
    [
      { address: ALICE.address, balance: amount(1_000_000_000_000n) },
      { address: BOB.address, balance: amount(9_007_199_254_740_993n) },
      { address: CAROL.address, balance: amount(1n) },
    ],
    (entry) => entry.address,
  ),
  validators: sorted(
    [
      { key: ALICE.key, power: amount(10n) },
      { key: BOB.key, power: amount(11n) },
    ],
    (entry) => entry.key,
  ),
  timestampMs: unixMs(1_800_000_000_000),
  version: 1,
};

/** Signs a sample transaction. */
export function signSample(from: SampleKey, body: Omit<Transaction, 'signature' | 'senderKey'>): Transaction {
  const unsigned = { ...body, senderKey: from.key };
  return { ...unsigned, signature: signature(bytesToHex(sign(transactionSignBytes(unsigned), from.secret))) };
}

const CHAIN_ID = hash(bytesToHex(sha256(Uint8Array.of(99))));

function sampleTransaction(from: SampleKey, nonce: number, version: number, action: Action): Transaction {
  return signSample(from, {
    version,
    chainId: CHAIN_ID,
    nonce,
    validUntilHeight: height(nonce * 1_000),
    gasLimit: gas(40_000 + nonce),
    gasPrice: amount(3n + BigInt(nonce)),
    action,
  });
}

/** One transaction of every kind. */
export const SAMPLE_TRANSACTIONS: readonly Transaction[] = [
  sampleTransaction(ALICE, 0, 1, {
    kind: 'transfer',
    to: DAVE.address,
    amount: amount(123_456_789_012_345n),
  }),
  sampleTransaction(ALICE, 1, 1, { kind: 'stake', amount: amount(5_000n) }),
  sampleTransaction(BOB, 2, 1, { kind: 'unstake', amount: amount(18_446_744_073_709_551_615n) }),
  sampleTransaction(CAROL, 9_007_199_254_740, 2, { kind: 'burn', amount: amount(0n) }),
];

/** One receipt for each sample transaction, each with another status. */
export const SAMPLE_RECEIPTS: readonly Receipt[] = SAMPLE_TRANSACTIONS.map((transaction, index) => ({
  txId: transactionId(transaction),
  status: ([0, 1, 3, 6] as const)[index] ?? 0,
  gasUsed: gas(21_000 + index),
  logsRoot: ZERO_HASH,
}));

const SYSTEM: SystemData = { evidence: ['00ff', ''], lastCommit: 'c0ffee' };

function sampleHeader(at: number, parent: Header | undefined, body: Partial<Header>): Header {
  const history = parent === undefined ? EMPTY_HISTORY : historyAppend(EMPTY_HISTORY, blockId(parent));
  const header: Header = {
    version: 1,
    height: height(at),
    parent: parent === undefined ? blockHash(ZERO_HASH) : blockId(parent),
    timestampMs: unixMs(1_800_000_000_000 + at * 1_000),
    beneficiary: BOB.address,
    txCount: 0,
    transactionsRoot: transactionsRoot([]),
    receiptsRoot: receiptsRoot([]),
    stateRoot: ZERO_HASH,
    systemRoot: systemRoot({ evidence: [], lastCommit: '' }),
    messagesRoot: ZERO_HASH,
    historyRoot: historyRoot(history),
    gasUsed: gas(0),
    consensus: '',
    seal: '',
    ...body,
  };
  return header;
}

function sealed(header: Header, by: SampleKey): Header {
  const signed = sign(taggedBytes(TAG.signSeal, headerSignBytes(header)), by.secret);
  return { ...header, seal: bytesToHex(signed) };
}

const GENESIS_HEADER = sampleHeader(0, undefined, { consensus: '01' });

/** A header without seal, and one with everything. */
export const SAMPLE_HEADERS: readonly Header[] = [
  GENESIS_HEADER,
  sealed(
    sampleHeader(1, GENESIS_HEADER, {
      txCount: SAMPLE_TRANSACTIONS.length,
      transactionsRoot: transactionsRoot(SAMPLE_TRANSACTIONS),
      receiptsRoot: receiptsRoot(SAMPLE_RECEIPTS),
      systemRoot: systemRoot(SYSTEM),
      stateRoot: CHAIN_ID,
      gasUsed: gas(84_006),
      consensus: '0011223344',
    }),
    BOB,
  ),
];

/** A block that holds every kind of transaction, evidence and a last commit. */
export const SAMPLE_BLOCK: Block = {
  header: SAMPLE_HEADERS[1] as Header,
  transactions: SAMPLE_TRANSACTIONS,
  system: SYSTEM,
};

const ID = blockId(SAMPLE_BLOCK.header);
const HEAD: HeadClaim = { id: ID, height: height(1), weight: weight('00000000000000000000000000000002') };
const TX_IDS = SAMPLE_TRANSACTIONS.map((t) => transactionId(t));

/** Every kind of message, with every form of its optional fields and results. */
export const SAMPLE_MESSAGES: readonly Message[] = [
  {
    kind: 'Handshake',
    protocolMin: 1,
    protocolMax: 2,
    genesisId: blockId(GENESIS_HEADER),
    forkHash: '0badcafe',
    forkNext: height(50),
    nodeKey: ALICE.key,
    listen: address('node-1.example:30303'),
    challenge: bytesToHex(sha256(Uint8Array.of(7))),
    head: HEAD,
  },
  { kind: 'HandshakeProof', signature: SAMPLE_TRANSACTIONS[0]?.signature ?? signature('') },
  { kind: 'Ping', nonce: 7, head: HEAD },
  { kind: 'Pong', nonce: 9_007_199_254_740_991, head: { ...HEAD, weight: weight('') } },
  { kind: 'Block', header: SAMPLE_BLOCK.header, weight: HEAD.weight },
  {
    kind: 'Block',
    header: SAMPLE_BLOCK.header,
    weight: HEAD.weight,
    shortIds: { nonce: '0102030405060708', ids: ['000000000001', 'fffffffffffe'] },
  },
  { kind: 'GetBlock', id: ID },
  { kind: 'GetBlock', id: ID, indexes: [0, 2, 70_000] },
  { kind: 'GetBlockResponse', id: ID, result: { kind: 'block', block: SAMPLE_BLOCK, certificate: 'aa55' } },
  {
    kind: 'GetBlockResponse',
    id: ID,
    result: { kind: 'transactions', indexes: [1, 3], transactions: SAMPLE_TRANSACTIONS.slice(0, 2) },
  },
  { kind: 'GetBlockResponse', id: ID, result: { kind: 'unknown' } },
  {
    kind: 'SyncRequest',
    requestId: 1,
    want: { kind: 'headers', locator: [ID, blockId(GENESIS_HEADER)], limit: 512 },
  },
  { kind: 'SyncRequest', requestId: 2, want: { kind: 'blocks', ids: [ID] } },
  {
    kind: 'SyncResponse',
    requestId: 1,
    head: HEAD,
    result: { kind: 'headers', headers: SAMPLE_HEADERS, certificates: ['', 'aa55'] },
  },
  {
    kind: 'SyncResponse',
    requestId: 2,
    head: HEAD,
    result: { kind: 'blocks', blocks: [SAMPLE_BLOCK], certificates: ['01'] },
  },
  { kind: 'PeerInfo', request: true, peers: [address('a:1'), address('[2001:db8::1]:30303')] },
  { kind: 'PeerInfo', request: false, peers: [] },
  {
    kind: 'Transactions',
    have: TX_IDS.slice(0, 2),
    want: TX_IDS.slice(2, 3),
    bodies: SAMPLE_TRANSACTIONS.slice(3),
  },
  { kind: 'Consensus', body: 'deadbeef' },
  { kind: 'SyncRequest', requestId: 3, want: { kind: 'snapshot', id: CHAIN_ID, item: 0, offset: 0 } },
  {
    kind: 'SyncRequest',
    requestId: 4,
    want: { kind: 'snapshot', id: CHAIN_ID, item: 65_536, offset: 32_768 },
  },
  { kind: 'SyncResponse', requestId: 3, head: HEAD, result: { kind: 'snapshot', size: 3, bytes: '00ff7f' } },
  { kind: 'SyncResponse', requestId: 4, head: HEAD, result: { kind: 'unavailable' } },
  { kind: 'GetBlockResponse', id: ID, result: { kind: 'part', offset: 0, size: 1_048_576, bytes: '00ff7f' } },
  { kind: 'SyncRequest', requestId: 0, want: { kind: 'part', id: ID, offset: 32_768 } },
  {
    kind: 'SyncResponse',
    requestId: 0,
    head: HEAD,
    result: { kind: 'part', id: ID, offset: 32_768, size: 32_770, bytes: '7fff' },
  },
  {
    kind: 'SyncResponse',
    requestId: 5,
    head: HEAD,
    result: { kind: 'part', id: ID, offset: 0, size: 0, bytes: '' },
  },
];
