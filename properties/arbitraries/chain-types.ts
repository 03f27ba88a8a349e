/** Arbitrary values of the chain's types, within their limits and small enough for many runs. */
import fc from 'fast-check';
import type { Account, Receipt, ReceiptStatus } from '../../src/chain/types/account.ts';
import type { Block, Header, SystemData } from '../../src/chain/types/block.ts';
import type { Genesis } from '../../src/chain/types/genesis.ts';
import type { HeadClaim, Message } from '../../src/chain/types/message.ts';
import type { Action, Transaction } from '../../src/chain/types/transaction.ts';
import {
  accountAddress,
  amount,
  blockHash,
  gas,
  hash,
  height,
  publicKey,
  signature,
  txId,
  weight,
} from '../../src/chain/types/units.ts';
import { address, unixMs } from '../../src/env/units.ts';

/** Lower-case hexadecimal of `min` to `max` bytes. */
export function hexText(min: number, max: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: min, maxLength: max })
    .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}

/** fc.record with ordinary objects, as decoders make them: equality is then strict. */
export function record<T, K extends keyof T = keyof T>(
  model: { [N in keyof T]: fc.Arbitrary<T[N]> },
  constraints?: { readonly requiredKeys?: K[] },
) {
  return fc.record<T, K>(model, { ...constraints, noNullPrototype: true });
}

const safe = fc.oneof(fc.nat(), fc.maxSafeNat());
const u16 = fc.nat({ max: 0xffff });
/** Numbers of four bytes, small ones often. */
export const u32 = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffff_ffff }));
/** Amounts of eight bytes. */
export const amounts = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map(amount);
/** Heights. */
export const heights = safe.map(height);
/** 32 bytes as text. */
export const hash32 = hexText(32, 32);
const addressText = fc
  .string({ minLength: 1, maxLength: 255, unit: 'grapheme-ascii' })
  .map((text) => text.replaceAll(/["\\]/g, '.'))
  .map(address);

/** Every kind of action. */
const actions: fc.Arbitrary<Action> = fc.oneof(
  record({ kind: fc.constant('transfer' as const), to: hash32.map(accountAddress), amount: amounts }),
  record({
    kind: fc.constantFrom('stake' as const, 'unstake' as const, 'burn' as const),
    amount: amounts,
  }),
);

/** Any transaction that can be encoded, valid or not. */
export const transactions: fc.Arbitrary<Transaction> = record({
  version: u16,
  chainId: hash32.map(hash),
  senderKey: hash32.map(publicKey),
  nonce: safe,
  validUntilHeight: heights,
  gasLimit: safe.map(gas),
  gasPrice: amounts,
  action: actions,
  signature: hexText(64, 64).map(signature),
});

/** Any header that can be encoded. */
export const headers: fc.Arbitrary<Header> = record({
  version: u16,
  height: heights,
  parent: hash32.map(blockHash),
  timestampMs: safe.map(unixMs),
  beneficiary: hash32.map(accountAddress),
  txCount: u32,
  transactionsRoot: hash32.map(hash),
  receiptsRoot: hash32.map(hash),
  stateRoot: hash32.map(hash),
  systemRoot: hash32.map(hash),
  messagesRoot: hash32.map(hash),
  historyRoot: hash32.map(hash),
  gasUsed: safe.map(gas),
  consensus: hexText(0, 40),
  seal: hexText(0, 80),
});

/** Evidence and a last commit. */
const systems: fc.Arbitrary<SystemData> = record({
  evidence: fc.array(hexText(0, 20), { maxLength: 3 }),
  lastCommit: hexText(0, 40),
});

/** Blocks whose header need not fit their body. */
export const blocks: fc.Arbitrary<Block> = record({
  header: headers,
  transactions: fc.array(transactions, { maxLength: 4 }),
  system: systems,
});

/** Accounts. */
export const accounts: fc.Arbitrary<Account> = record({
  version: u16,
  nonce: safe,
  balance: amounts,
  codeHash: hash32.map(hash),
  storageRoot: hash32.map(hash),
});

/** Receipts. */
export const receipts: fc.Arbitrary<Receipt> = record({
  txId: hash32.map(txId),
  status: fc.constantFrom<ReceiptStatus[]>(0, 1, 2, 3, 4, 5, 6),
  gasUsed: safe.map(gas),
  logsRoot: hash32.map(hash),
});

const names = fc.stringMatching(/^[a-z0-9-]{1,64}$/);

/** Geneses that can be encoded; not all of them are valid. */
export const geneses: fc.Arbitrary<Genesis> = record({
  name: names,
  shard: u32,
  engine: names,
  engineConfig: hexText(0, 30),
  parameters: record({
    blockGasMax: safe.map(gas),
    blockBytesMax: u32,
    gasPerByte: safe.map(gas),
    gasPerSignature: safe.map(gas),
    gasPerNewAccount: safe.map(gas),
    gasPriceMin: amounts,
  }),
  allocation: fc.array(record({ address: hash32.map(accountAddress), balance: amounts }), {
    maxLength: 3,
  }),
  validators: fc.array(record({ key: hash32.map(publicKey), power: amounts }), { maxLength: 3 }),
  timestampMs: safe.map(unixMs),
  version: u16,
});

/** What a peer says of its head. */
export const headClaims: fc.Arbitrary<HeadClaim> = record({
  id: hash32.map(blockHash),
  height: heights,
  weight: hexText(0, 64).map(weight),
});
const certificate = hexText(0, 30);
const ids = fc.array(hash32.map(blockHash), { maxLength: 4 });
const txIds = fc.array(hash32.map(txId), { maxLength: 4 });
const indexes = fc.uniqueArray(u32, { maxLength: 5 }).map((list) => [...list].sort((a, b) => a - b));
const withCertificates = <T>(item: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(item, certificate), { maxLength: 3 });

/** Every kind of message, with every form of its results. */
export const messages: fc.Arbitrary<Message> = fc.oneof(
  record({
    kind: fc.constant('Handshake' as const),
    protocolMin: u16,
    protocolMax: u16,
    genesisId: hash32.map(blockHash),
    forkHash: hexText(4, 4),
    forkNext: heights,
    nodeKey: hash32.map(publicKey),
    listen: addressText,
    challenge: hash32,
    head: headClaims,
  }),
  record({ kind: fc.constant('HandshakeProof' as const), signature: hexText(64, 64).map(signature) }),
  record({ kind: fc.constantFrom('Ping' as const, 'Pong' as const), nonce: safe, head: headClaims }),
  record(
    {
      kind: fc.constant('Block' as const),
      header: headers,
      weight: hexText(0, 64).map(weight),
      shortIds: record({ nonce: hexText(8, 8), ids: fc.array(hexText(6, 6), { maxLength: 5 }) }),
    },
    { requiredKeys: ['kind', 'header', 'weight'] },
  ),
  record(
    { kind: fc.constant('GetBlock' as const), id: hash32.map(blockHash), indexes },
    { requiredKeys: ['kind', 'id'] },
  ),
  record({
    kind: fc.constant('GetBlockResponse' as const),
    id: hash32.map(blockHash),
    result: fc.oneof(
      record({ kind: fc.constant('block' as const), block: blocks, certificate }),
      indexes.chain((list) =>
        record({
          kind: fc.constant('transactions' as const),
          indexes: fc.constant(list),
          transactions: fc.array(transactions, { minLength: list.length, maxLength: list.length }),
        }),
      ),
      record({ kind: fc.constant('unknown' as const) }),
      record({ kind: fc.constant('part' as const), offset: u32, size: u32, bytes: hexText(0, 60) }),
    ),
  }),
  record({
    kind: fc.constant('SyncRequest' as const),
    requestId: safe,
    want: fc.oneof(
      record({ kind: fc.constant('headers' as const), locator: ids, limit: u32 }),
      record({ kind: fc.constant('blocks' as const), ids }),
      record({ kind: fc.constant('snapshot' as const), id: hash32.map(hash), item: u32, offset: u32 }),
      record({ kind: fc.constant('part' as const), id: hash32.map(blockHash), offset: u32 }),
    ),
  }),
  record({
    kind: fc.constant('SyncResponse' as const),
    requestId: safe,
    head: headClaims,
    result: fc.oneof(
      withCertificates(headers).map((pairs) => ({
        kind: 'headers' as const,
        headers: pairs.map(([header]) => header),
        certificates: pairs.map(([, proof]) => proof),
      })),
      withCertificates(blocks).map((pairs) => ({
        kind: 'blocks' as const,
        blocks: pairs.map(([block]) => block),
        certificates: pairs.map(([, proof]) => proof),
      })),
      record({ kind: fc.constant('snapshot' as const), size: u32, bytes: hexText(0, 60) }),
      record({ kind: fc.constant('unavailable' as const) }),
      record({
        kind: fc.constant('part' as const),
        id: hash32.map(blockHash),
        offset: u32,
        size: u32,
        bytes: hexText(0, 60),
      }),
    ),
  }),
  record({
    kind: fc.constant('PeerInfo' as const),
    request: fc.boolean(),
    peers: fc.array(addressText, { maxLength: 4 }),
  }),
  record({
    kind: fc.constant('Transactions' as const),
    have: txIds,
    want: txIds,
    bodies: fc.array(transactions, { maxLength: 3 }),
  }),
  record({ kind: fc.constant('Consensus' as const), body: hexText(0, 60) }),
);
