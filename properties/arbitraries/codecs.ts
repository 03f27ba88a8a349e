/** Every canonical codec of the chain, with arbitrary values of it: what the law of one spelling is asked of. */
import fc from 'fast-check';
import {
  decodeBase,
  decodeHead,
  decodeHeightOf,
  decodeId,
  decodePlace,
  decodeUndo,
  encodeBase,
  encodeHead,
  encodeHeightOf,
  encodeId,
  encodePlace,
  encodeUndo,
} from '../../src/chain/blockstore/record-codecs.ts';
import { viewCodec } from '../../src/chain/consensus/engine-fields.ts';
import { decodePoaConfig, encodePoaConfig } from '../../src/chain/consensus/poa/config.ts';
import { encodePoaField, poaFieldOf } from '../../src/chain/consensus/poa/header-field.ts';
import { poaViewLayout, viewFlaw } from '../../src/chain/consensus/poa/view.ts';
import { decodeCommit, encodeCommit } from '../../src/chain/consensus/pos/commit.ts';
import { decodePosConfig, encodePosConfig } from '../../src/chain/consensus/pos/config.ts';
import { decodeEvidence, encodeEvidence } from '../../src/chain/consensus/pos/evidence.ts';
import { decodePosMessage, encodePosMessage } from '../../src/chain/consensus/pos/messages.ts';
import { decodeRoundField, encodeRoundField } from '../../src/chain/consensus/pos/round.ts';
import {
  encodeSet,
  encodeStake,
  encodeTotals,
  readStake,
  readTotals,
} from '../../src/chain/consensus/pos/stake-records.ts';
import { validatorSetLayout } from '../../src/chain/consensus/pos/validator-set.ts';
import { type PosView, posViewCodec } from '../../src/chain/consensus/pos/view.ts';
import { readVoteSignBytes, voteSignBytes } from '../../src/chain/consensus/pos/vote.ts';
import { decodePowConfig, encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { decodePowView, encodePowView, genesisView, nextView } from '../../src/chain/consensus/pow/view.ts';
import {
  decodeRoundRobinConfig,
  encodeRoundRobinConfig,
} from '../../src/chain/consensus/round-robin/config.ts';
import { decodeManifest, encodeManifest } from '../../src/chain/snapshot/manifest.ts';
import { NAMESPACE, type Namespace, type StateReader } from '../../src/chain/state/state.ts';
import {
  decodeAccount,
  decodeReceipt,
  encodeAccount,
  encodeReceipt,
} from '../../src/chain/types/account-codec.ts';
import { decodeBlock, encodeBlock } from '../../src/chain/types/block-codec.ts';
import { decodeGenesis, encodeGenesis } from '../../src/chain/types/genesis-codec.ts';
import { decodeHeader, encodeHeader } from '../../src/chain/types/header-codec.ts';
import { decodeLayout } from '../../src/chain/types/layout/codec.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import { decodeTransaction, encodeTransaction } from '../../src/chain/types/transaction-codec.ts';
import {
  accountAddress,
  amount,
  blockHash,
  hash,
  height,
  publicKey,
  weight,
} from '../../src/chain/types/units.ts';
import { AssertionError } from '../../src/env/assert.ts';
import { bytesToHex, hexToBytes } from '../../src/env/bytes.ts';
import { unixMs } from '../../src/env/units.ts';
import {
  accounts,
  amounts,
  blocks,
  geneses,
  hash32,
  headers,
  heights,
  hexText,
  messages,
  receipts,
  record,
  transactions,
  u32,
} from './chain-types.ts';
import {
  commits,
  evidences,
  manifests,
  poaConfigs,
  poaFields,
  posConfigs,
  posMessages,
  powConfigs,
  roundFields,
  roundRobinConfigs,
  votes,
} from './consensus-types.ts';
import { runSteps, stakes, steps } from './stake.ts';

/** A codec over its values; the type of those is its own affair. */
export interface SpelledType {
  readonly name: string;
  /** Encodings of arbitrary values, beside what each decodes to, as text, and the value's own text. */
  readonly spelled: fc.Arbitrary<Spelling>;
  /** The spelling of what these bytes decode to; undefined: they are refused. */
  respell(bytes: Uint8Array): Uint8Array | undefined;
}

/** A value that was encoded and decoded. */
export interface Spelling {
  readonly bytes: Uint8Array;
  readonly value: unknown;
  readonly decoded: unknown;
}

function isRefused(decoded: unknown): boolean {
  return decoded === undefined || (typeof decoded === 'object' && decoded !== null && 'code' in decoded);
}

/** A codec by its two functions; a refusal is undefined, or a value with a code. */
export function spelledType<T>(
  name: string,
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T | { readonly code: string } | undefined,
): SpelledType {
  const isValue = (decoded: ReturnType<typeof decode>): decoded is T => !isRefused(decoded);
  return {
    name,
    spelled: values.map((value) => {
      const bytes = encode(value);
      return { bytes, value, decoded: decode(bytes) };
    }),
    respell(bytes) {
      const decoded = decode(bytes);
      return isValue(decoded) ? encode(decoded) : undefined;
    },
  };
}

/** The same of a codec whose canonical form is text of hexadecimal digits. */
function spelledText<T>(
  name: string,
  values: fc.Arbitrary<T>,
  encode: (value: T) => string,
  decode: (text: string) => T | { readonly code: string } | undefined,
): SpelledType {
  return spelledType(
    name,
    values,
    (value) => hexToBytes(encode(value)) ?? new Uint8Array(0),
    (bytes) => decode(bytesToHex(bytes)),
  );
}

const wire = createMessageCodec();
/** Heights in records have 48 bits. */
const recordHeights = fc.nat({ max: 0xffff_ffff }).map((at) => height(65_536 * at));
const leafNamespaces = fc.constantFrom(...(Object.keys(NAMESPACE) as Namespace[]));
const ids = hash32.map(blockHash);
const smallBytes = fc.uint8Array({ maxLength: 20 });
const powViews = fc
  .tuple(powConfigs, fc.array(fc.nat().map(unixMs), { maxLength: 14 }))
  .map(([config, steps]) =>
    steps.reduce(
      (view, timestampMs) => nextView(view, timestampMs),
      genesisView({ config, genesisMs: unixMs(0) }),
    ),
  );

const keys = hash32.map(publicKey);
const poaViews = fc
  .tuple(
    record({
      config: poaConfigs,
      height: heights,
      timestampMs: fc.maxSafeNat().map(unixMs),
      ago: fc.nat({ max: 29 }),
      recents: fc.array(keys, { maxLength: 4 }),
      votes: fc.array(record({ target: keys, add: fc.boolean(), signer: keys }), { maxLength: 3 }),
    }),
    fc.uniqueArray(keys, { maxLength: 4 }),
  )
  .map(([view, signers]) => ({ ...view, signers: signers.sort() }));
const poaViewCodec = viewCodec(poaViewLayout, viewFlaw);
/** Ends of chains whose stake moved: an arbitrary view would hardly ever be one that a chain can have. */
const posViews: fc.Arbitrary<PosView> = fc.constantFrom(
  ...fc.sample(fc.tuple(stakes, steps), { numRuns: 24, seed: 2_026 }).map(([genesis, list]) => {
    return runSteps(genesis, list, () => {}).view;
  }),
);
const stakeRecords = record({
  key: keys,
  bonded: amounts.map((one) => (one === 0n ? amount(1n) : one)),
  entries: fc.array(fc.maxSafeNat(), { maxLength: 4 }),
});
const stakeTotals = record({
  count: u32,
  bonded: amounts,
  unbonding: amounts,
  first: fc.maxSafeNat(),
  end: fc.maxSafeNat(),
  changes: u32,
  joined: u32,
});
const SET_MAX_BYTES = 65_536;

/** What an engine reads from a state whose every leaf is this one; what is refused there can only come from a bug. */
function fromLeaf<T>(read: (state: StateReader) => T): (bytes: Uint8Array) => T | undefined {
  return (bytes) => {
    try {
      return read({ get: () => bytes });
    } catch (error) {
      if (error instanceof AssertionError) return undefined;
      throw error;
    }
  };
}

const ofTheChain: readonly SpelledType[] = [
  spelledType('transactions', transactions, encodeTransaction, decodeTransaction),
  spelledType('headers', headers, encodeHeader, decodeHeader),
  spelledType('blocks', blocks, encodeBlock, decodeBlock),
  spelledType('geneses', geneses, encodeGenesis, decodeGenesis),
  spelledType('accounts', accounts, encodeAccount, decodeAccount),
  spelledType('receipts', receipts, encodeReceipt, decodeReceipt),
  spelledType(
    'messages on the wire',
    messages,
    (message) => wire.encode(message),
    (bytes) => wire.decode(bytes),
  ),
  spelledType('manifests of snapshots', manifests, encodeManifest, decodeManifest),
];

const ofEngines: readonly SpelledType[] = [
  spelledType('commits', commits, encodeCommit, decodeCommit),
  spelledType('evidence', evidences, encodeEvidence, decodeEvidence),
  spelledType('messages of proof of stake', posMessages, encodePosMessage, decodePosMessage),
  spelledType(
    'what is signed of a vote',
    fc.tuple(hash32.map(hash), votes).map(([chain, { validator: _key, signature: _sealed, ...content }]) => ({
      chain,
      ...content,
    })),
    ({ chain, ...content }) => voteSignBytes(chain, content),
    readVoteSignBytes,
  ),
  spelledText(
    'fields of proof of stake',
    roundFields,
    (one) => bytesToHex(encodeRoundField(one)),
    decodeRoundField,
  ),
  spelledText(
    'fields of proof of authority',
    poaFields,
    (one) => bytesToHex(encodePoaField(one)),
    (consensus) => poaFieldOf({ consensus }),
  ),
  spelledText('configurations of proof of stake', posConfigs, encodePosConfig, decodePosConfig),
  spelledText('configurations of proof of authority', poaConfigs, encodePoaConfig, decodePoaConfig),
  spelledText(
    'configurations of the rotation',
    roundRobinConfigs,
    encodeRoundRobinConfig,
    decodeRoundRobinConfig,
  ),
  spelledText('configurations of proof of work', powConfigs, encodePowConfig, decodePowConfig),
  spelledType('views of proof of work', powViews, encodePowView, decodePowView),
  spelledType('views of proof of authority', poaViews, poaViewCodec.encodeView, poaViewCodec.decodeView),
  spelledType('views of proof of stake', posViews, posViewCodec.encodeView, posViewCodec.decodeView),
  spelledType(
    'sets of validators',
    posViews.map(({ next }) => next),
    encodeSet,
    (bytes) => decodeLayout(validatorSetLayout, bytes, SET_MAX_BYTES),
  ),
  spelledType(
    'leaves of stake',
    stakeRecords,
    encodeStake,
    fromLeaf((state) => readStake(state, accountAddress('0'.repeat(64)))),
  ),
  spelledType('totals of stake', stakeTotals, encodeTotals, fromLeaf(readTotals)),
];

const ofTheStore: readonly SpelledType[] = [
  spelledType(
    'base records',
    record({
      id: ids,
      header: smallBytes,
      weight: hexText(0, 64).map(weight),
      peaks: fc.array(hash32.map(hash), { maxLength: 3 }),
      historyCount: recordHeights,
      view: smallBytes,
    }),
    encodeBase,
    decodeBase,
  ),
  spelledType(
    'undo records',
    record({
      id: ids,
      parent: smallBytes,
      leaves: fc.array(
        record({
          namespace: leafNamespaces,
          id: hexText(0, 8),
          value: fc.option(smallBytes, { nil: undefined }),
        }),
        { maxLength: 3 },
      ),
    }),
    encodeUndo,
    decodeUndo,
  ),
  spelledType(
    'places of transactions',
    record({ height: recordHeights, index: u32, receipt: smallBytes }),
    encodePlace,
    decodePlace,
  ),
  spelledType(
    'hints of the head',
    record({ height: recordHeights, id: ids }),
    ({ height: at, id }) => encodeHead(at, id),
    decodeHead,
  ),
  spelledType('heights of blocks', recordHeights, encodeHeightOf, decodeHeightOf),
  spelledType('ids of transactions', hash32, encodeId, decodeId),
];

/** All of them. */
export const SPELLED_TYPES: readonly SpelledType[] = [...ofTheChain, ...ofEngines, ...ofTheStore];
