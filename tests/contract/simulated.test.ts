/** The simulator keeps every contract: as it is, sharing nothing, and in another order of simultaneous events. */
import { describe } from 'vitest';
import { bootContract } from './boot-contract.ts';
import { clockContract } from './clock-contract.ts';
import { cryptoContract } from './crypto-contract.ts';
import { networkContract } from './network-contract.ts';
import { randomContract } from './random-contract.ts';
import type { SimWorldOptions } from './sim-world.ts';
import { simWorlds } from './sim-world.ts';
import { storageContract } from './storage-contract.ts';

function contracts(options: SimWorldOptions): void {
  const make = simWorlds(options);
  bootContract(make);
  clockContract(make);
  storageContract(make);
  networkContract(make);
  randomContract(make);
}

describe('the simulated world', () => {
  contracts({});
  cryptoContract(simWorlds({}));
});

describe('the simulated world, sharing nothing', () => {
  contracts({ isolate: true });
});

describe('the simulated world, ties in another order', () => {
  contracts({ permuteTies: 1 });
});
