/** Speed of hashes, codecs and state: `node bench/chain-types.ts`. The fastest of many rounds, since others share the machine. */
import { hash as nativeHash } from 'node:crypto';
import { hashTagged, type Sha256, sha256, ZERO_HASH } from '../src/chain/crypto/sha256.ts';
import { TAG } from '../src/chain/crypto/tags.ts';
import { emptyState } from '../src/chain/state/state-tree.ts';
import type { Block } from '../src/chain/types/block.ts';
import { decodeBlock, EMPTY_SYSTEM, encodeBlock, transactionsRoot } from '../src/chain/types/block-codec.ts';
import type { Message } from '../src/chain/types/message.ts';
import { createMessageCodec } from '../src/chain/types/message-codec.ts';
import type { Transaction } from '../src/chain/types/transaction.ts';
import { transactionId } from '../src/chain/types/transaction-codec.ts';
import {
  accountAddress,
  amount,
  blockHash,
  gas,
  type Hash,
  height,
  publicKey,
  signature,
} from '../src/chain/types/units.ts';
import { unixMs } from '../src/env/units.ts';

const TRANSACTIONS = 500;
const LEAVES = 100_000;
const ROUNDS = 25;

function numbered(number: number): Hash {
  return hashTagged(TAG.evidence, Uint8Array.of(number & 255, (number >>> 8) & 255, number >>> 16));
}

function transactionAt(i: number): Transaction {
  return {
    version: 1,
    chainId: numbered(0),
    senderKey: publicKey(numbered(i)),
    nonce: i,
    validUntilHeight: height(1000),
    gasLimit: gas(50_000),
    gasPrice: amount(10n),
    action: {
      kind: 'transfer',
      to: accountAddress(numbered(i + 7)),
      amount: amount(12_345_678n + BigInt(i)),
    },
    signature: signature(numbered(i) + numbered(i + 1)),
  };
}

function sampleBlock(): Block {
  return {
    header: {
      version: 1,
      height: height(5),
      parent: blockHash(numbered(1)),
      timestampMs: unixMs(1_800_000_000_000),
      beneficiary: accountAddress(numbered(2)),
      txCount: TRANSACTIONS,
      transactionsRoot: numbered(3),
      receiptsRoot: numbered(4),
      stateRoot: numbered(5),
      systemRoot: numbered(6),
      messagesRoot: ZERO_HASH,
      historyRoot: numbered(8),
      gasUsed: gas(1000),
      consensus: '00ff',
      seal: 'ab'.repeat(64),
    },
    transactions: Array.from({ length: TRANSACTIONS }, (_, i) => transactionAt(i)),
    system: EMPTY_SYSTEM,
  };
}

/** Prints the time of one call in the fastest of the rounds of `calls`. */
function measure(name: string, calls: number, run: (call: number) => void): void {
  const rounds: number[] = [];
  for (let round = 0, call = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run(call++);
    rounds.push((performance.now() - start) / calls);
  }
  const fastest = Math.min(...rounds);
  console.log(
    `${name.padEnd(44)} ${(fastest * 1000).toFixed(2).padStart(10)} µs ${(1000 / fastest).toFixed(0).padStart(9)}/s`,
  );
}

const native: Sha256 = (bytes) => nativeHash('sha256', bytes, 'buffer');

for (const bytes of [64, 65, 205, 500]) {
  const input = new Uint8Array(bytes);
  for (const [name, hasher] of [
    ['noble', sha256],
    ['native', native],
  ] as const) {
    measure(`SHA-256 of ${bytes} bytes, ${name}`, 20_000, (i) => {
      input[0] = i;
      hasher(input);
    });
  }
}

const block = sampleBlock();
const bytes = encodeBlock(block);
const codec = createMessageCodec();
const message: Message = {
  kind: 'GetBlockResponse',
  id: blockHash(ZERO_HASH),
  result: { kind: 'block', block, certificate: '' },
};
const wire = codec.encode(message);
console.log(`a block of ${TRANSACTIONS} transfers: ${bytes.length} bytes, ${wire.length} on the wire`);
measure('encode block', 40, () => encodeBlock(block));
measure('decode block', 40, () => decodeBlock(bytes));
measure('encode wire', 30, () => codec.encode(message));
measure('decode wire', 30, () => codec.decode(wire));
measure('wire length, fresh message', 200, () => codec.byteLength({ ...message }));
measure('fingerprint, fresh message, ids known', 200, () => codec.fingerprint({ ...message }));
const fresh = Array.from({ length: ROUNDS * 10 }, sampleBlock);
measure(`${TRANSACTIONS} transaction ids`, 10, (i) =>
  fresh[i]?.transactions.forEach((t) => transactionId(t)),
);
measure('transactions root', 10, () => transactionsRoot(block.transactions));

for (const [name, hasher] of [
  ['noble', sha256],
  ['native', native],
] as const) {
  const start = emptyState(hasher).update(
    Array.from({ length: LEAVES }, (_, i) => ({
      namespace: 'accounts' as const,
      id: numbered(i),
      value: new Uint8Array(82),
    })),
  );
  const batches = Array.from({ length: ROUNDS * 4 }, (_, round) =>
    Array.from({ length: TRANSACTIONS }, (_leaf, i) => ({
      namespace: 'accounts' as const,
      id: numbered((i * 197 + round) % LEAVES),
      value: new Uint8Array(82).fill(round + 1),
    })),
  );
  console.log(`a state of ${start.size} leaves, root ${start.root.slice(0, 8)}`);
  measure(`update ${TRANSACTIONS} leaves, ${name}`, 4, (round) => start.update(batches[round] ?? []));
  measure(`update ${TRANSACTIONS} leaves and root, ${name}`, 4, (round) =>
    start.update(batches[round] ?? []).root.slice(),
  );
}
