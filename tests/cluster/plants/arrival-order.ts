/** Plant: at height 20 the rules reward an account that the order of arrivals picks: the host that heard of a transaction first. */
import { credit } from '../../../src/chain/execution/apply-transaction.ts';
import { amount } from '../../../src/chain/types/units.ts';
import { keysOf } from '../../../src/cluster/load/wallet.ts';
import type { Plant } from '../../../src/lab/job.ts';
import { createModelledCrypto } from '../../../src/sim/modelled-crypto.ts';
import { planted, SUITE } from '../support.ts';

const REWARD = 1_000n;
/** Only what arrives after so many messages counts: by then every host hears of it from its peers. */
const MESSAGES = 60;

const crypto = createModelledCrypto((bytes) => SUITE.sha256(bytes));

/** For one run: it must know who came first in this one. */
export function arrivalOrder(): Plant {
  let first: number | undefined;
  let messages = 0;
  return {
    program: planted([0, 1, 2, 3], (_env, host) => ({
      process: (honest) => ({
        onMessage(from, message) {
          messages++;
          if (messages > MESSAGES && message.kind === 'Transactions') first ??= host;
          honest.onMessage(from, message);
        },
      }),
    })),
    rules: (honest) => ({
      ...honest,
      execute(phase, view, block, state) {
        const effects = honest.execute(phase, view, block, state);
        if (phase !== 'end' || block.header.height !== 20 || first === undefined) return effects;
        credit(state, keysOf(crypto, `load/0/${first}`).address, REWARD);
        return { ...effects, issued: amount(effects.issued + REWARD) };
      },
    }),
  };
}
