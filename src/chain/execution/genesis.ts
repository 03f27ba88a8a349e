/** The first block of a chain and the state after it: everything that the genesis file says, committed to by one id. */
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { ConsensusRules } from '../consensus/consensus.ts';
import { EMPTY_HISTORY, historyRoot } from '../crypto/history.ts';
import { type Sha256, sha256, ZERO_HASH } from '../crypto/sha256.ts';
import type { State, StateChange } from '../state/state.ts';
import { emptyState } from '../state/state-tree.ts';
import { EMPTY_ACCOUNT, encodeAccount } from '../types/account-codec.ts';
import type { Block } from '../types/block.ts';
import { receiptsRoot, systemRoot, transactionsRoot } from '../types/block-codec.ts';
import type { Genesis } from '../types/genesis.ts';
import { genesisHash, validateGenesis } from '../types/genesis-codec.ts';
import { blockId } from '../types/header-codec.ts';
import { type ConfigRejection, isRejection } from '../types/rejection.ts';
import {
  type Amount,
  accountAddress,
  amount,
  type BlockHash,
  blockHash,
  gas,
  height,
  SUPPLY_MAX,
  type Weight,
} from '../types/units.ts';
import { encodeSupply, SUPPLY_ID } from './supply.ts';

/** Id in namespace `system` of the leaf that holds the hash of the encoded genesis: the ASCII text 'genesis'. */
export const GENESIS_ID = '67656e65736973';

/** The start of a chain. */
export interface BuiltGenesis<View> {
  readonly block: Block;
  readonly id: BlockHash;
  readonly state: State;
  readonly view: View;
  readonly weight: Weight;
}

/**
 * Block 0. Through its state root the id commits to the hash of the whole genesis. No transaction, no beneficiary, no
 * parent, no seal. @param hasher what the state tree hashes with, from here on for the whole chain.
 */
export function buildGenesis<View>(
  genesis: Genesis,
  rules: ConsensusRules<View>,
  hasher: Sha256 = sha256,
): BuiltGenesis<View> | ConfigRejection {
  const wrong = validateGenesis(genesis);
  if (wrong !== undefined) return wrong;
  if (genesis.engine !== rules.name) {
    return {
      code: 'BAD_CONFIG',
      field: 'engine',
      expected: `'${rules.name}', the engine that this node runs`,
    };
  }
  const engine = rules.genesis(genesis);
  if (isRejection(engine)) return engine;
  const allotted = sumOf(genesis) + (engine.staked ?? 0n);
  if (allotted > SUPPLY_MAX) {
    return {
      code: 'BAD_CONFIG',
      field: 'validators',
      expected: 'a supply of at most 2^63 - 1, stake included',
    };
  }
  const state = emptyState(hasher).update([...leaves(genesis, amount(allotted)), ...engine.records]);
  const system = { evidence: [], lastCommit: '' };
  const block: Block = {
    header: {
      version: genesis.version,
      height: height(0),
      parent: blockHash(ZERO_HASH),
      timestampMs: genesis.timestampMs,
      beneficiary: accountAddress(ZERO_HASH),
      txCount: 0,
      transactionsRoot: transactionsRoot([]),
      receiptsRoot: receiptsRoot([]),
      stateRoot: state.root,
      systemRoot: systemRoot(system),
      messagesRoot: ZERO_HASH,
      historyRoot: historyRoot(EMPTY_HISTORY),
      gasUsed: gas(0),
      consensus: bytesToHex(engine.consensus),
      seal: '',
    },
    transactions: [],
    system,
  };
  return { block, id: blockId(block.header), state, view: engine.view, weight: engine.weight };
}

function sumOf({ allocation }: Genesis): bigint {
  return allocation.reduce((sum, { balance }) => sum + balance, 0n);
}

function leaves(genesis: Genesis, allotted: Amount): readonly StateChange[] {
  const changes: StateChange[] = [];
  for (const { address, balance } of genesis.allocation) {
    changes.push({ namespace: 'accounts', id: address, value: encodeAccount({ ...EMPTY_ACCOUNT, balance }) });
  }
  const supply = { genesis: allotted, issued: amount(0n), burnt: amount(0n) };
  changes.push(
    { namespace: 'system', id: SUPPLY_ID, value: encodeSupply(supply) },
    { namespace: 'system', id: GENESIS_ID, value: hexToBytes(genesisHash(genesis)) },
  );
  return changes;
}
