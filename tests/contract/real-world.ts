/** The real world for contract tests: hosts of one process over loopback TCP, or TLS over it, with a database each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Env } from '../../src/env/program.ts';
import { address, keyId } from '../../src/env/units.ts';
import { type RunningHost, startHost } from '../../src/node/host.ts';
import { DEFAULT_TCP_LIMITS, listenTcp, type TlsIdentity } from '../../src/node/network/tcp-network.ts';
import { createNativeSignatures } from '../../src/node/signatures/native-signatures.ts';
import { verifyHere } from '../../src/node/signatures/system-crypto.ts';
import type { Verifier } from '../../src/node/signatures/verifier.ts';
import { freePort } from '../support/free-port.ts';
import { RFC8032_KEYS } from './probe-keys.ts';
import { createProbe, type ProbeTypes, probeCodec, type TestHost, type TestWorld } from './world.ts';

const PATIENCE_MS = 60_000;
const STOP_MS = 60_000;
const LOOPBACK = '127.0.0.1';

/** What a world may have. */
interface RealOptions {
  readonly tls?: TlsIdentity;
  /** Checks signatures; absent: each host itself. */
  readonly verifier?: Verifier;
}

/** Makes a world of that many hosts, each booted. */
export async function createRealWorld(count: number, options: RealOptions = {}): Promise<TestWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'aureon-contract-'));
  const hosts: TestHost[] = [];
  for (let i = 0; i < count; i++) hosts.push(await createRealHost(join(folder, `${i}`), options));
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

async function createRealHost(folder: string, { tls, verifier }: RealOptions): Promise<TestHost> {
  const probe = createProbe();
  const port = await freePort();
  const own = address(`${LOOPBACK}:${port}`);
  const suite = createNativeSignatures();
  const secrets = new Map(RFC8032_KEYS.map(({ name, secret }) => [keyId(name), secret]));
  let running: RunningHost<ProbeTypes> | undefined;

  async function boot(): Promise<void> {
    running = startHost<ProbeTypes>({
      program: () => probe.program,
      codec: probeCodec,
      listener: await listenTcp({ host: LOOPBACK, port }, tls),
      own: [own],
      limits: DEFAULT_TCP_LIMITS,
      tls,
      folder,
      suite,
      verify:
        verifier === undefined
          ? verifyHere(suite)
          : (items, onResult, order) => verifier.verify(items, onResult, order),
      secrets,
      onEvent: () => {},
      onEnded: () => {},
    });
  }

  async function kill(): Promise<void> {
    const ending = running;
    running = undefined;
    await ending?.close();
  }

  await boot();
  return {
    address: own,
    probe,
    power: undefined,
    kill,
    boot,
    async stop() {
      await running?.stop(STOP_MS);
      await kill();
    },
    async within<T>(run: (env: Env<ProbeTypes>) => T): Promise<T> {
      await new Promise((resolve) => setImmediate(resolve));
      const values: T[] = [];
      const errors: unknown[] = [];
      // What `run` throws is the test's own affair, and ends no boot.
      const attempt = (env: Env<ProbeTypes>): void => {
        try {
          values.push(run(env));
        } catch (error) {
          errors.push(error);
        }
      };
      running?.command({ run: attempt }, () => {});
      if (errors.length > 0) throw errors[0];
      if (!(0 in values)) throw new Error('the host is down');
      return values[0];
    },
  };
}
