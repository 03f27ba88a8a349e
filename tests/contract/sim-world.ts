/** The simulated world for contract tests: the whole simulator, without a fault until a test asks for one. */
import * as ed25519 from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { address, keyId } from '../../src/env/units.ts';
import type { HostConfig } from '../../src/sim/config.ts';
import { createSimulator } from '../../src/sim/create-simulator.ts';
import type { CryptoSuite } from '../../src/sim/crypto-suite.ts';
import type { FaultAction } from '../../src/sim/fault.ts';
import { plainNetwork } from '../../src/sim/network/config.ts';
import { RFC8032_KEYS } from './probe-keys.ts';
import type { ProbeTypes, TestHost, TestWorld } from './world.ts';
import { createProbe, probeCodec } from './world.ts';

/** Events that `until` waits for; no test needs a tenth of it. */
const PATIENCE_EVENTS = 200_000;
const LATENCY_US = 5_000;

ed25519.hashes.sha512 = sha512;

/** The portable suite: @noble, whose verifier follows ZIP-215. */
const nobleSuite: CryptoSuite = {
  sha256,
  verify({ publicKey, message, signature }) {
    if (signature.length !== 64 || publicKey.length !== 32) return false;
    return ed25519.verify(signature, message, publicKey);
  },
  publicKey: (secret) => ed25519.getPublicKey(secret),
  sign: (secret, bytes) => ed25519.sign(bytes, secret),
};

/** How a simulated world is made. */
export interface SimWorldOptions {
  /** Messages are copied through their bytes and nothing is shared. */
  readonly isolate?: boolean;
  readonly permuteTies?: number;
}

/** Makes worlds whose hosts take time for hashing and flushing. */
export function simWorlds(options: SimWorldOptions): (hosts: number) => Promise<TestWorld> {
  return (hosts) => Promise.resolve(createSimWorld(hosts, options));
}

function createSimWorld(count: number, options: SimWorldOptions): TestWorld {
  const addresses = Array.from({ length: count }, (_, i) => address(`host-${i}`));
  const probes = addresses.map(() => createProbe());
  const host = (variant: string): HostConfig => ({
    variant,
    keys: new Map(RFC8032_KEYS.map(({ name, secret }) => [keyId(name), secret])),
    cpu: new Map([['hash', { us: 1, units: 10 }]]),
    disk: { flushUs: 2_000 },
  });
  const simulator = createSimulator<ProbeTypes>({
    seed: 'contract',
    programs: new Map(probes.map((probe, i) => [`${i}`, probe.program])),
    hosts: probes.map((_, i) => host(`${i}`)),
    network: plainNetwork(addresses, LATENCY_US),
    codec: probeCodec,
    fingerprintEvent: () => 0,
    fingerprintCommand: () => 0,
    crypto: nobleSuite,
    ...options,
  });
  let faults = 0;

  function inject(action: FaultAction): void {
    simulator.inject({ id: `f${faults++}`, atUs: simulator.nowUs(), ...action });
  }

  function stepUntil(condition: () => boolean): void {
    for (let i = 0; i < PATIENCE_EVENTS; i++) {
      if (condition()) return;
      const status = simulator.step(1);
      if (status.kind === 'ended')
        throw new Error(`the run ended: ${status.reason.kind}`, { cause: status.reason });
      if (status.kind === 'idle') break;
    }
    if (!condition()) throw new Error('the world ran out of events before the condition held');
  }

  function crash(index: number, how: 'kill' | 'power'): Promise<void> {
    inject({ kind: 'crash', hosts: [index], how, downUs: 'forever', disk: 'keep' });
    stepUntil(() => !simulator.isUp(index));
    return Promise.resolve();
  }

  const testHosts = addresses.map((own, index): TestHost => {
    const probe = probes[index] ?? createProbe();
    return {
      address: own,
      probe,
      within(run) {
        type Outcome = { readonly value: ReturnType<typeof run> } | { readonly error: unknown };
        const outcomes: Outcome[] = [];
        const command = {
          run: (env: Parameters<typeof run>[0]) => {
            try {
              outcomes.push({ value: run(env) as ReturnType<typeof run> });
            } catch (error) {
              outcomes.push({ error });
            }
          },
        };
        if (!simulator.command(index, command)) throw new Error('the host is down');
        stepUntil(() => outcomes.length > 0);
        const outcome = outcomes[0] as Outcome;
        return 'error' in outcome ? Promise.reject(outcome.error) : Promise.resolve(outcome.value);
      },
      boot() {
        const starts = probe.of('start').length;
        simulator.start(index);
        stepUntil(() => probe.of('start').length > starts);
        return Promise.resolve();
      },
      kill: () => crash(index, 'kill'),
      power: () => crash(index, 'power'),
      stop() {
        inject({ kind: 'stop', hosts: [index], deadlineUs: 5_000_000, downUs: 'forever' });
        stepUntil(() => !simulator.isUp(index));
        return Promise.resolve();
      },
    };
  });

  stepUntil(() => probes.every((probe) => probe.of('start').length === 1));
  return {
    hosts: testHosts,
    until(condition) {
      stepUntil(condition);
      return Promise.resolve();
    },
    pass(ms) {
      let isOver = false;
      simulator.at(simulator.nowUs() + ms * 1_000, () => {
        isOver = true;
      });
      stepUntil(() => isOver);
      return Promise.resolve();
    },
    garble() {
      const links = { from: 'all', to: 'all', bothWays: false } as const;
      inject({ kind: 'link', change: { kind: 'corrupt', links, ppm: 1_000_000 }, forUs: 'forever' });
    },
    dispose: () => Promise.resolve(),
  };
}
