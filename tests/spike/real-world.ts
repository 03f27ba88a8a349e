/** The real world for contract tests: hosts of one process over loopback TCP, LMDB and the system's clock and crypto. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Env, Process } from '../../src/env/program.ts';
import type { Address } from '../../src/env/units.ts';
import { address, keyId } from '../../src/env/units.ts';
import { RFC8032_KEYS } from '../contract/probe-keys.ts';
import type { Probe, ProbeTypes, TestHost, TestWorld } from '../contract/world.ts';
import { createProbe, probeCodec } from '../contract/world.ts';
import { createRealClock } from './real-clock.ts';
import { createRealCrypto, realRandom } from './real-crypto.ts';
import { createRealNetwork, listen } from './real-network.ts';
import { openRealStorage } from './real-storage.ts';

const PATIENCE_MS = 20_000;

/** Where a host lives. */
interface Place {
  readonly folder: string;
  readonly own: Address;
  readonly port: number;
}

/** One boot of one host. */
interface Boot {
  within<T>(run: (env: Env<ProbeTypes>) => T): T;
  /** Resolves when the program is done. */
  stop(): Promise<void>;
  end(): Promise<void>;
}

/** Makes a world of that many hosts, each booted. */
export async function createRealWorld(count: number): Promise<TestWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'aureon-contract-'));
  const hosts: TestHost[] = [];
  for (let i = 0; i < count; i++) hosts.push(await createRealHost(join(folder, `${i}`)));
  return {
    hosts,
    async until(condition) {
      const deadline = performance.now() + PATIENCE_MS;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error('the condition did not hold in time');
        await sleep(1);
      }
    },
    pass: (ms) => sleep(ms),
    garble() {},
    async dispose() {
      for (const host of hosts) await host.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function createRealHost(folder: string): Promise<TestHost> {
  const probe = createProbe();
  const place = await freePlace(folder);
  let boot: Boot | undefined = await bootHost(probe, place);

  async function kill(): Promise<void> {
    const ending = boot;
    boot = undefined;
    await ending?.end();
  }

  return {
    address: place.own,
    probe,
    power: undefined,
    kill,
    async boot() {
      boot = await bootHost(probe, place);
    },
    async stop() {
      await boot?.stop();
      await kill();
    },
    within: async (run) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (boot === undefined) throw new Error('the host is down');
      return boot.within(run);
    },
  };
}

/** A port that was free a moment ago. */
async function freePlace(folder: string): Promise<Place> {
  const server = await listen(0);
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has a port');
  return { folder, own: address(`127.0.0.1:${bound.port}`), port: bound.port };
}

async function bootHost(probe: Probe, { folder, own, port }: Place): Promise<Boot> {
  const server = await listen(port);
  const clock = createRealClock(enter);
  let process: Process<ProbeTypes> | undefined;
  let isAlive = true;

  /** Every callback is its own handler, at one instant; none of a boot that has ended. */
  function enter(run: () => void): void {
    if (!isAlive) return;
    clock.freeze();
    try {
      run();
    } finally {
      clock.thaw();
    }
  }

  const storage = openRealStorage(folder, enter);
  const network = createRealNetwork<ProbeTypes>(server, own, probeCodec, (run) =>
    enter(() => process !== undefined && run(process)),
  );
  const secrets = new Map(RFC8032_KEYS.map(({ name, secret }) => [keyId(name), secret]));
  const env: Env<ProbeTypes> = {
    clock,
    network,
    storage,
    random: realRandom,
    crypto: createRealCrypto(secrets, enter),
    memo: { get: (_kind, _key, compute) => compute() },
    emit: () => {},
    spend: () => {},
  };
  enter(() => {
    process = probe.program(env);
  });
  enter(() => process?.onStart());

  return {
    within<T>(run: (e: Env<ProbeTypes>) => T): T {
      const values: T[] = [];
      enter(() => process?.onCommand({ run: (e) => values.push(run(e)) }, () => {}));
      if (!(0 in values)) throw new Error('the host is down');
      return values[0];
    },
    stop: () => new Promise((resolve) => enter(() => process?.onStop(resolve))),
    async end() {
      isAlive = false;
      clock.stop();
      await network.stop();
      await storage.close();
    },
  };
}
