/** The start of a chain with stake: the validators of genesis have their power as stake. */
import { addressOf } from '../../crypto/address.ts';
import type { Genesis, GenesisValidator } from '../../types/genesis.ts';
import { genesisHash } from '../../types/genesis-codec.ts';
import { type ConfigRejection, isRejection } from '../../types/rejection.ts';
import { type Amount, amount, height } from '../../types/units.ts';
import type { SystemRecord } from '../consensus.ts';
import { badConfig } from '../engine-fields.ts';
import { decodePosConfig, type PosConfig } from './config.ts';
import { genesisWindow } from './evidence-window.ts';
import { createValidatorSet, nextTurn } from './proposer-priority.ts';
import { encodeSet, encodeStake, encodeTotals, SET_ID, TOTALS_ID } from './stake-records.ts';
import { TOTAL_POWER_MAX, totalPowerOf, type ValidatorSet } from './validator-set.ts';
import type { PosView } from './view.ts';

/** What genesis is made of. */
export interface PosGenesis {
  readonly view: PosView;
  readonly records: readonly SystemRecord[];
  readonly staked: Amount;
}

/** The view of block 0 and the leaves of its state, or what is wrong with the genesis. */
export function posGenesis(genesis: Genesis): PosGenesis | ConfigRejection {
  const config = decodePosConfig(genesis.engineConfig);
  if (isRejection(config)) return config;
  const { validators } = genesis;
  const wrong = checkValidators(config, validators);
  if (wrong !== undefined) return wrong;
  const current = createValidatorSet(validators);
  const view: PosView = {
    config,
    chain: genesisHash(genesis),
    height: height(0),
    timestampMs: genesis.timestampMs,
    last: undefined,
    current,
    next: nextTurn(current),
    window: genesisWindow(current, genesis.timestampMs),
    isExecuted: true,
  };
  const staked = amount(current.totalPower);
  return { view, records: recordsOf(validators, view.next, staked), staked };
}

function checkValidators(
  { stakeMin, validatorsMax }: PosConfig,
  validators: readonly GenesisValidator[],
): ConfigRejection | undefined {
  if (validators.length === 0) return badConfig('validators', 'at least one');
  if (validators.length > validatorsMax) return badConfig('validators', `at most ${validatorsMax}`);
  const small = validators.findIndex(({ power }) => power < stakeMin);
  if (small >= 0) return badConfig(`validators[${small}].power`, `a stake of at least ${stakeMin}`);
  if (totalPowerOf(validators) <= TOTAL_POWER_MAX) return undefined;
  return badConfig('validators', `a total power of at most ${TOTAL_POWER_MAX}`);
}

function recordsOf(
  validators: readonly GenesisValidator[],
  next: ValidatorSet,
  bonded: Amount,
): readonly SystemRecord[] {
  const totals = {
    count: validators.length,
    bonded,
    unbonding: amount(0n),
    first: 0,
    end: 0,
    changes: 0,
    joined: 0,
  };
  return [
    { namespace: 'system', id: TOTALS_ID, value: encodeTotals(totals) },
    { namespace: 'system', id: SET_ID, value: encodeSet(next) },
    ...validators.map(
      ({ key, power }): SystemRecord => ({
        namespace: 'validators',
        id: addressOf(key),
        value: encodeStake({ key, bonded: power, entries: [] }),
      }),
    ),
  ];
}
