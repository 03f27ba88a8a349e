/** The golden vectors of protocol version 1: what docs/protocol.md says, as examples. Changing one demands a new version. */
import { encodeAddress } from '../../src/chain/crypto/address.ts';
import { EMPTY_HISTORY, historyAppend, historyProof, historyRoot } from '../../src/chain/crypto/history.ts';
import { merkleProof, merkleRoot } from '../../src/chain/crypto/merkle.ts';
import { hashTagged, sha256 } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import { proveState } from '../../src/chain/state/proof.ts';
import { NAMESPACE, type Namespace, type StateChange } from '../../src/chain/state/state.ts';
import { emptyState } from '../../src/chain/state/state-tree.ts';
import { EMPTY_ACCOUNT, encodeAccount, encodeReceipt } from '../../src/chain/types/account-codec.ts';
import {
  encodeBlock,
  receiptsRoot,
  systemRoot,
  transactionsRoot,
} from '../../src/chain/types/block-codec.ts';
import { forkIdOf } from '../../src/chain/types/fork-id.ts';
import { encodeGenesis, genesisHash, genesisLayout } from '../../src/chain/types/genesis-codec.ts';
import { blockId, encodeHeader, headerLayout, headerSignBytes } from '../../src/chain/types/header-codec.ts';
import { toJsonText } from '../../src/chain/types/layout/codec.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import {
  encodeTransaction,
  transactionId,
  transactionLayout,
  transactionSignBytes,
} from '../../src/chain/types/transaction-codec.ts';
import { amount, type BlockHash, height } from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { goldenChains } from './golden-chains.ts';
import { goldenRules } from './golden-rules.ts';
import { goldenSnapshots } from './golden-snapshot.ts';
import {
  SAMPLE_BLOCK,
  SAMPLE_GENESIS,
  SAMPLE_HEADERS,
  SAMPLE_KEYS,
  SAMPLE_MESSAGES,
  SAMPLE_RECEIPTS,
  SAMPLE_TRANSACTIONS,
} from './samples.ts';

/** Ids of the history vectors: as many as give every shape of peaks up to four. */
const HISTORY_IDS: readonly BlockHash[] = Array.from(
  { length: 11 },
  (_, i) => hashTagged(TAG.block, Uint8Array.of(i)) as BlockHash,
);

function keys() {
  return SAMPLE_KEYS.map(({ secret, key, address }) => ({
    secret: bytesToHex(secret),
    key,
    address,
    text: encodeAddress(address),
  }));
}

function transactions() {
  return SAMPLE_TRANSACTIONS.map((transaction) => ({
    json: toJsonText(transactionLayout, transaction),
    signBytes: bytesToHex(transactionSignBytes(transaction)),
    bytes: bytesToHex(encodeTransaction(transaction)),
    id: transactionId(transaction),
  }));
}

function headers() {
  return SAMPLE_HEADERS.map((header) => ({
    json: toJsonText(headerLayout, header),
    sealBytes: bytesToHex(headerSignBytes(header)),
    bytes: bytesToHex(encodeHeader(header)),
    id: blockId(header),
  }));
}

function block() {
  return {
    bytes: bytesToHex(encodeBlock(SAMPLE_BLOCK)),
    transactionsRoot: transactionsRoot(SAMPLE_BLOCK.transactions),
    receiptsRoot: receiptsRoot(SAMPLE_RECEIPTS),
    systemRoot: systemRoot(SAMPLE_BLOCK.system),
    receipts: SAMPLE_RECEIPTS.map((receipt) => bytesToHex(encodeReceipt(receipt))),
  };
}

function genesis() {
  const step = { height: height(50), version: 2 };
  const id = HISTORY_IDS[0] as BlockHash;
  return {
    json: toJsonText(genesisLayout, SAMPLE_GENESIS),
    bytes: bytesToHex(encodeGenesis(SAMPLE_GENESIS)),
    hash: genesisHash(SAMPLE_GENESIS),
    forkIds: [0, 49, 50, 51].map((head) => ({
      genesisId: id,
      schedule: [step],
      head,
      ...forkIdOf(id, [step], height(head)),
    })),
  };
}

function merkle() {
  const leaves = Array.from({ length: 7 }, (_, i) => new Uint8Array(i).fill(i));
  return leaves.map((_, count) => ({
    leaves: leaves.slice(0, count).map(bytesToHex),
    root: merkleRoot(leaves.slice(0, count)),
    proofs: leaves.slice(0, count).map((_leaf, index) => merkleProof(leaves.slice(0, count), index)),
  }));
}

function history() {
  let range = EMPTY_HISTORY;
  const steps = [{ id: '', peaks: range.peaks, root: historyRoot(range) }];
  for (const id of HISTORY_IDS) {
    range = historyAppend(range, id);
    steps.push({ id, peaks: range.peaks, root: historyRoot(range) });
  }
  return { steps, proofOfFourth: historyProof(HISTORY_IDS, 3) };
}

/** Leaves in every namespace, and accounts enough for a tree with empty subtrees and depth. */
const STATE_LEAVES: readonly StateChange[] = [
  ...SAMPLE_KEYS.map(({ address }, i) => ({
    namespace: 'accounts' as const,
    id: address,
    value: encodeAccount({ ...EMPTY_ACCOUNT, nonce: i, balance: amount(10n ** BigInt(4 * i)) }),
  })),
  ...(Object.keys(NAMESPACE) as Namespace[]).map((namespace, i) => ({
    namespace,
    id: '0f'.repeat(i),
    value: new Uint8Array(i).fill(i),
  })),
];

function state() {
  let tree = emptyState(sha256);
  const roots = [tree.root];
  for (const leaf of STATE_LEAVES) {
    tree = tree.update([leaf]);
    roots.push(tree.root);
  }
  const absent = Array.from({ length: 8 }, (_, i) => ({ namespace: 'evidence' as const, id: `0${i}` }));
  return {
    leaves: STATE_LEAVES.map(({ namespace, id, value }) => ({
      namespace: NAMESPACE[namespace],
      id,
      value: bytesToHex(value ?? new Uint8Array(0)),
    })),
    rootsAfterEach: roots,
    keysInOrder: tree.leaves(undefined, 100).map((leaf) => leaf.key),
    proofs: [...STATE_LEAVES, ...absent].map(({ namespace, id }) => ({
      namespace: NAMESPACE[namespace],
      id,
      present: tree.get(namespace, id) !== undefined,
      proof: bytesToHex(proveState(tree, namespace, id)),
    })),
  };
}

function messages() {
  const codec = createMessageCodec();
  return SAMPLE_MESSAGES.map((message) => Buffer.from(codec.encode(message)).toString('latin1'));
}

/** The text of aureon-v1.json. */
export function goldenVectors(): string {
  const rules = goldenRules();
  const vectors = {
    protocol: 1,
    tags: TAG,
    keys: keys(),
    transactions: transactions(),
    headers: headers(),
    block: block(),
    genesis: genesis(),
    merkle: merkle(),
    history: history(),
    state: state(),
    messages: messages(),
    chains: [...goldenChains(), ...rules.chains],
    refused: rules.refused,
    snapshot: goldenSnapshots(emptyState(sha256).update(STATE_LEAVES)),
  };
  return `${JSON.stringify(vectors, undefined, 1)}\n`;
}
