/** Runs the register in the simulator under drawn faults, and judges it: one seed, one verdict. */

import type { Codec } from '../../src/env/network.ts';
import { address } from '../../src/env/units.ts';
import { createSimulator } from '../../src/sim/create-simulator.ts';
import type { Fault } from '../../src/sim/fault.ts';
import { hashBytes, hashText } from '../../src/sim/hash.ts';
import { createModelledCrypto } from '../../src/sim/modelled-crypto.ts';
import { plainNetwork } from '../../src/sim/network/config.ts';
import { createStream, type Stream } from '../../src/sim/seeds.ts';
import { decodeRecord } from './records.ts';
import { createRegister, type Message, type RegisterWorld } from './register.ts';

const MEMBERS = 3;
const LENGTH_US = 12_000_000;
const FAULTS_END_US = 9_000_000;
const LATENCY_US = 5_000;
const FLUSH_US = 20_000;

/** What one seed came to. */
export interface RegisterResult {
  readonly seed: string;
  /** What was broken; undefined when nothing was. */
  readonly violation: string | undefined;
  readonly traceHash: string;
  readonly events: number;
  /** Slots that got a value. */
  readonly chosen: number;
  readonly crashes: number;
  readonly corruptions: number;
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const CODEC: Codec<Message> = {
  encode: (m) => Uint8Array.from(JSON.stringify(m), (c) => c.charCodeAt(0)),
  decode: (b) => JSON.parse(text(b)) as Message,
  byteLength: (m) => JSON.stringify(m).length,
  fingerprint: (m) => hashText(JSON.stringify(m)),
  kind: (m) => m.kind,
  messageMaxBytes: 1_024,
};

/** Faults of one run: power failures of one or several hosts between effects, kills, partitions, and rot on one host that must notice it. */
function drawPlan(stream: Stream): readonly Fault[] {
  const faults: Fault[] = [];
  const rotten = stream.below(MEMBERS);
  const time = (): number => 500_000 + stream.below(FAULTS_END_US - 500_000);
  for (let i = 2 + stream.below(6); i > 0; i--) {
    const hosts = stream.shuffled([0, 1, 2]).slice(0, 1 + stream.below(MEMBERS));
    const how = stream.pick(['kill', 'power', 'power'] as const);
    const downUs = 50_000 + stream.below(800_000);
    faults.push({
      id: `crash/${i}`,
      atUs: time(),
      kind: 'crash',
      hosts,
      how,
      downUs,
      disk: 'keep',
      at: { of: 'handler', count: stream.below(5) },
    });
  }
  for (let i = stream.below(4); i > 0; i--) {
    const order = stream.shuffled([0, 1, 2]);
    const cut = 1 + stream.below(MEMBERS - 1);
    const groups = [order.slice(0, cut), order.slice(cut)];
    faults.push({
      id: `partition/${i}`,
      atUs: time(),
      kind: 'link',
      change: { kind: 'split', groups },
      forUs: 100_000 + stream.below(1_500_000),
    });
  }
  if (stream.below(3) === 0) {
    const atUs = time();
    const target = { kind: 'drawn', draw: stream.word() } as const;
    const kind = stream.pick(['bitRotValue', 'bitRotKey'] as const);
    faults.push({
      id: 'rot',
      atUs,
      kind: 'disk',
      hosts: [rotten],
      fault: { kind, target, bit: stream.word() },
      forUs: 'forever',
    });
    faults.push({
      id: 'crash/rot',
      atUs: atUs + 100_000,
      kind: 'crash',
      hosts: [rotten],
      how: 'kill',
      downUs: 50_000,
      disk: 'keep',
    });
  }
  return faults;
}

/** Simulates one seed. The same seed and bug give the same result, everywhere. */
export function runRegister(seed: string, bug: { readonly voteBeforeFlush: boolean }): RegisterResult {
  const members = Array.from({ length: MEMBERS }, (_, id) => address(`m${id}`));
  const simulator = createSimulator<RegisterWorld>({
    seed,
    programs: new Map([['register', (env, id) => createRegister({ id, members, ...bug })(env)]]),
    hosts: members.map(() => ({ variant: 'register', disk: { flushUs: FLUSH_US } })),
    network: plainNetwork(members, LATENCY_US),
    codec: CODEC,
    fingerprintEvent: (event) =>
      hashText(event.kind === 'Corrupt' ? text(event.key) : `${event.slot}=${event.value}`),
    fingerprintCommand: (command) => command.value,
    crypto: createModelledCrypto((b) =>
      Uint8Array.from({ length: 32 }, (_, i) => hashBytes(Uint8Array.of(i, ...b)) & 255),
    ),
    faults: drawPlan(createStream(seed, 'plan')),
  });
  const load = simulator.stream('load');
  const chosen = new Map<number, number>();
  let violation: string | undefined;
  simulator.observe((host, event, atUs) => {
    if (event.kind === 'Corrupt') {
      simulator.disk(host).detected(event.key);
      return;
    }
    const known = chosen.get(event.slot);
    if (known === undefined) chosen.set(event.slot, event.value);
    else if (known !== event.value) {
      violation ??= `slot ${event.slot}: ${known} was chosen, and m${host} learns ${event.value} at ${atUs} us`;
    }
  });
  const propose = (value: number): void => {
    simulator.command(load.below(MEMBERS), { value });
    const next = simulator.nowUs() + 20_000 + load.below(150_000);
    if (next < FAULTS_END_US) simulator.at(next, () => propose(value + 1));
  };
  simulator.at(300_000, () => propose(1));

  let status = simulator.step(100_000, LENGTH_US);
  while (status.kind === 'running') status = simulator.step(100_000, LENGTH_US);
  if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
  let corruptions = 0;
  for (let host = 0; host < MEMBERS; host++) {
    const disk = simulator.disk(host);
    disk.scrub((key, value) => value !== undefined && decodeRecord(key, value) !== undefined);
    for (const corruption of disk.report().corruptions) {
      corruptions++;
      if (corruption.outcome === 'undetected')
        violation ??= `m${host} read a rotten record and did not notice`;
    }
  }
  const stats = simulator.stats();
  return {
    seed,
    violation,
    traceHash: simulator.traceHash(),
    events: stats.events,
    chosen: chosen.size,
    crashes: stats.crashes,
    corruptions,
  };
}
