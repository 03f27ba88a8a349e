/** The Byzantine hosts of one run: their programs, their keys, and the count of what they did. */
import type { NodeConfig } from '../../chain/node-config.ts';
import type { ChainWorld } from '../../chain/types/command.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import { assert } from '../../env/assert.ts';
import { address, type KeyId, keyId } from '../../env/units.ts';
import type { HostProgram } from '../../sim/config.ts';
import type { CryptoSuite } from '../../sim/crypto-suite.ts';
import { createRekeyableStream, type RekeyableStream } from '../../sim/seeds.ts';
import { type Keys, keysOf, type Signer } from '../load/wallet.ts';
import type { ClusterPlan, HostPlan } from '../plan.ts';
import type { Layer, LayerWorld, Seat, Start } from './behaviour.ts';
import { behaviourOf, TWIN } from './behaviours.ts';
import { RawBytes } from './raw-bytes.ts';
import { TwinWatch } from './twins.ts';

/** How often one behaviour of one host deviated. */
export interface Deviation {
  readonly host: number;
  readonly behaviour: string;
  readonly times: number;
}

/** What the hosts' programs need of the chain. */
export interface ByzantineSetup {
  readonly chainId: BlockHash;
  readonly suite: CryptoSuite;
  readonly signer: Signer;
  readonly hostKeys: readonly Keys[];
}

/** What they need of the run. */
export interface ByzantineRun {
  nowUs(): number;
  /** A behaviour did what no honest node does. */
  onDeviation(host: number, behaviour: string): void;
}

interface Seated {
  readonly seat: Seat;
  readonly start: Start;
}

/** Hosts that a plan makes break the protocol, ascending: by a behaviour, or as one of two with one key. */
export function byzantineHosts({ hosts }: Pick<ClusterPlan, 'hosts'>): ReadonlySet<number> {
  const originals = new Set(hosts.map(({ twinOf }) => twinOf));
  const isByzantine = ({ byzantine, twinOf }: HostPlan, i: number): boolean =>
    byzantine.length > 0 || twinOf !== undefined || originals.has(i);
  return new Set(hosts.flatMap((host, i) => (isByzantine(host, i) ? [i] : [])));
}

/** The host whose key it has: its own number, or that of the host whose twin it is. */
export function keyHolderOf(hosts: readonly HostPlan[], host: number): number {
  return hosts[host]?.twinOf ?? host;
}

/** One per run. */
export class ByzantineHosts {
  readonly #plan: ClusterPlan;
  readonly #setup: ByzantineSetup;
  readonly #run: ByzantineRun;
  readonly raw = new RawBytes();
  readonly #seats: readonly (readonly Seated[])[];
  readonly #twins = new Map<number, TwinWatch>();
  readonly #counts = new Map<number, Map<string, number>>();
  readonly #keys: ReadonlySet<string>;
  readonly #streams: RekeyableStream[] = [];

  constructor(plan: ClusterPlan, setup: ByzantineSetup, run: ByzantineRun) {
    this.#plan = plan;
    this.#setup = setup;
    this.#run = run;
    const accomplices = [...byzantineHosts(plan)];
    const keys = accomplices.flatMap((host) => [setup.hostKeys[host], ...this.#sybilsOf(host)]);
    this.#keys = new Set(keys.flatMap((one) => (one === undefined ? [] : [one.key])));
    this.#seats = plan.hosts.map((_, host) => this.#seatsOf(host, accomplices));
    for (const host of accomplices) {
      if (plan.hosts[host]?.twinOf !== undefined || plan.hosts.some(({ twinOf }) => twinOf === host)) {
        const holder = keyHolderOf(plan.hosts, host);
        if (!this.#twins.has(holder)) this.#twins.set(holder, new TwinWatch());
        this.#count(host, TWIN, 0);
      }
    }
  }

  /** True for the keys of Byzantine hosts and of their other identities. */
  ownsKey(key: string): boolean {
    return this.#keys.has(key);
  }

  /** From here on all behaviours draw from another seed. */
  rekey(seed: string): void {
    for (const stream of this.#streams) stream.rekey(seed);
  }

  /** Keys that a host holds beside its own. */
  secretsOf(host: number): ReadonlyMap<KeyId, Uint8Array> {
    return new Map(this.#sybilsOf(host).map(({ secret }, i) => [sybilKey(i), secret]));
  }

  /** What each behaviour of each host did so far, those that did nothing included; by host, in the order of the plan. */
  deviations(): readonly Deviation[] {
    const hosts = [...this.#counts].sort(([a], [b]) => a - b);
    return hosts.flatMap(([host, counts]) =>
      [...counts].map(([behaviour, times]) => ({ host, behaviour, times })),
    );
  }

  /** The program of a host, built once a boot: the node with all layers of the host between it and its world. */
  program(
    host: number,
    config: NodeConfig,
    node: (config: NodeConfig) => HostProgram<ChainWorld>,
  ): HostProgram<ChainWorld> {
    const seats = this.#seats[host] ?? [];
    const twins = this.#twins.get(keyHolderOf(this.#plan.hosts, host));
    const base =
      twins === undefined
        ? config
        : { ...config, consensus: twins.watch(host, config.consensus, () => this.#deviated(host, TWIN, 1)) };
    if (seats.length === 0) return node(base);
    return (outer, number) => {
      const layers: Layer[] = [];
      let world: LayerWorld = { env: outer, config: base };
      // The first of the list stands next to the node: the others see what it makes of the node's messages.
      for (const { seat, start } of [...seats].reverse()) {
        const layer = start(seat, world);
        layers.unshift(layer);
        world = { ...world, env: layer.env ?? world.env };
      }
      const consensus = layers.reduce((inner, layer) => layer.consensus?.(inner) ?? inner, base.consensus);
      const process = node({ ...base, consensus })(world.env, number);
      return layers.reduce((inner, layer) => layer.process?.(inner) ?? inner, process);
    };
  }

  #seatsOf(host: number, accomplices: readonly number[]): readonly Seated[] {
    const lines = this.#plan.hosts[host]?.byzantine ?? [];
    return lines.map((line) => {
      const behaviour = behaviourOf(line.kind);
      assert(behaviour !== undefined, 'a plan names behaviours that there are');
      const { start, fromUs, untilUs } = behaviour.plan(line);
      this.#count(host, line.kind, 0);
      const sybils = Array.from({ length: behaviour.sybilsOf(line) }, (_, i) => sybilKey(i));
      return { start, seat: this.#seat(host, line.kind, { accomplices, sybils, fromUs, untilUs }) };
    });
  }

  #seat(
    host: number,
    behaviour: string,
    {
      accomplices,
      sybils,
      fromUs,
      untilUs,
    }: Pick<Seat, 'accomplices' | 'sybils'> & { fromUs: number; untilUs: number },
  ): Seat {
    const { hosts, seed } = this.#plan;
    const { chainId, signer, hostKeys } = this.#setup;
    const keys = hostKeys[host];
    const names = new Map(hosts.map(({ name }, i) => [name, i]));
    const holders = new Map(hostKeys.map(({ key }, i) => [key, keyHolderOf(hosts, i)]));
    assert(keys !== undefined, 'every host has a key');
    return {
      host,
      hostCount: hosts.length,
      stream: this.#stream(seed, `byzantine/${hosts[host]?.name}/${behaviour}`),
      signer,
      chainId,
      keys,
      sybils,
      accomplices,
      isActive: () => fromUs <= this.#run.nowUs() && this.#run.nowUs() < untilUs,
      deviated: (times = 1) => this.#deviated(host, behaviour, times),
      addressOf: (other) => address(hosts[other]?.name ?? ''),
      hostOf: (of) => names.get(of),
      hostOfKey: (key) => holders.get(key),
      rawMessage: (bytes) => this.raw.message(bytes),
    };
  }

  #stream(seed: string, name: string): RekeyableStream {
    const stream = createRekeyableStream(seed, name);
    this.#streams.push(stream);
    return stream;
  }

  #sybilsOf(host: number): readonly Keys[] {
    const count = (this.#plan.hosts[host]?.byzantine ?? []).reduce(
      (most, line) => Math.max(most, behaviourOf(line.kind)?.sybilsOf(line) ?? 0),
      0,
    );
    return Array.from({ length: count }, (_, i) => keysOf(this.#setup.suite, `sybil/${host}/${i}`));
  }

  #deviated(host: number, behaviour: string, times: number): void {
    this.#count(host, behaviour, times);
    this.#run.onDeviation(host, behaviour);
  }

  #count(host: number, behaviour: string, times: number): void {
    const counts = this.#counts.get(host) ?? new Map<string, number>();
    this.#counts.set(host, counts);
    counts.set(behaviour, (counts.get(behaviour) ?? 0) + times);
  }
}

function sybilKey(i: number): KeyId {
  return keyId(`sybil-${i}`);
}
