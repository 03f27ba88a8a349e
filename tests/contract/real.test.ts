/** The node's adapters keep the contracts that the simulator keeps: loopback TCP, TLS, LMDB, the system's clocks and randomness. */
import { readFileSync } from 'node:fs';
import { afterAll, describe } from 'vitest';
import { createVerifier } from '../../src/node/signatures/verifier.ts';
import { bootContract } from './boot-contract.ts';
import { clockContract } from './clock-contract.ts';
import { cryptoContract } from './crypto-contract.ts';
import { networkContract } from './network-contract.ts';
import { randomContract } from './random-contract.ts';
import { createRealWorld } from './real-world.ts';
import { storageContract } from './storage-contract.ts';

describe('the real world', () => {
  bootContract(createRealWorld);
  clockContract(createRealWorld);
  storageContract(createRealWorld);
  networkContract(createRealWorld);
  randomContract(createRealWorld);
  cryptoContract(createRealWorld);
});

describe('the real world, over TLS', () => {
  // Made with openssl; the key of the authority was thrown away.
  const read = (name: string): string => readFileSync(new URL(`./tls/${name}.pem`, import.meta.url), 'utf8');
  const tls = { key: read('node.key'), cert: read('node'), ca: read('ca') };
  networkContract((hosts) => createRealWorld(hosts, { tls }));
});

describe('the real world, with threads for signatures', () => {
  const verifier = createVerifier(2, (error) => {
    throw error;
  });
  afterAll(() => verifier.stop());
  cryptoContract((hosts) => createRealWorld(hosts, { verifier }));
});
