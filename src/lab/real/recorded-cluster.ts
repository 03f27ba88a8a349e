/** A cluster of real nodes whose run is over: its event files, what was seen on its links, and its disks, played back to the oracles of the simulation. */
import { existsSync } from 'node:fs';
import type { NodeSnapshot } from '../../chain/types/command.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { ChainSetup } from '../../cluster/chain-setup.ts';
import type { EndedCluster, EndedNode } from '../../cluster/ended-cluster.ts';
import { type Head, Judgement } from '../../cluster/judgement.ts';
import type { Load } from '../../cluster/load/load.ts';
import { ORACLES } from '../../cluster/oracles/oracles.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';
import type { Storage } from '../../env/storage.ts';
import { connectionId } from '../../env/units.ts';
import { type EventRecord, readEventFile } from '../../node/event-file.ts';
import { isFileProblem } from '../../node/file-problem.ts';
import { type LmdbReader, openSettledReader } from '../../node/storage/lmdb-reader.ts';
import { faultsAsTheyWere, unplannedCuts } from './real-faults.ts';
import type { RunTraces } from './real-run.ts';
import { type DiskEnd, diskEndOf, recordedCourse } from './recorded-course.ts';
import type { UpOrDown } from './run-hosts.ts';
import type { SeenMessage } from './tap.ts';

type Disk = Pick<Storage, 'get' | 'scan'>;

/** Oracles that have nothing to look at in a real run, and why. */
export const NOT_JUDGED: ReadonlyMap<string, string> = new Map([
  ['corruption', 'nobody damages the disks of a real run'],
]);

const JUDGED = [...ORACLES.keys()].filter((name) => !NOT_JUDGED.has(name));

/** A host that was never started has nothing. */
const EMPTY_DISK: Disk = { get: () => undefined, scan: () => [] };

/** Of a node that never came so far as to have one: nothing is there. */
async function diskAt(database: string): Promise<LmdbReader | Disk> {
  const reader = await openSettledReader(database);
  if (!isFileProblem(reader)) return reader;
  if (reader.code === 'ABSENT') return EMPTY_DISK;
  throw new Error(reader.what);
}

/** Something that happened, in the order of the wall clock, which all processes of a machine share. */
type Item = { readonly wallMs: number } & (
  | { readonly kind: 'record'; readonly host: number; readonly record: EventRecord }
  | { readonly kind: 'message'; readonly seen: SeenMessage }
  | { readonly kind: 'change'; readonly change: UpOrDown }
);

const BOOT_END = { kill: 'kill', stopped: 'done', halted: 'storageCrash' } as const;

class RecordedNode implements EndedNode {
  readonly index: number;
  readonly name: string;
  readonly #cluster: RecordedCluster;

  constructor(index: number, name: string, cluster: RecordedCluster) {
    this.index = index;
    this.name = name;
    this.#cluster = cluster;
  }

  get head(): Head {
    return (
      this.#cluster.judgement.observation.heads[this.index] ?? {
        id: this.#cluster.setup.genesisId,
        height: 0,
      }
    );
  }

  get height(): number {
    return this.head.height;
  }

  inspect(): NodeSnapshot | undefined {
    return this.#cluster.shown(this.index);
  }
}

/** One run; `play` it once, and `close` it. @throws {Error} when a file or a database cannot be read. */
export async function openRecordedCluster(traces: RunTraces): Promise<RecordedCluster> {
  return new RecordedCluster(
    traces,
    await Promise.all(traces.places.map(({ database }) => diskAt(database))),
  );
}

class RecordedCluster implements EndedCluster {
  readonly plan: ClusterPlan;
  readonly setup: ChainSetup;
  readonly judgement: Judgement;
  readonly nodes: readonly RecordedNode[];
  readonly loads: readonly Load[];
  /** Events that nodes emitted. */
  events = 0;
  readonly #traces: RunTraces;
  readonly #records: readonly (readonly EventRecord[])[];
  readonly #disks: readonly (Disk | LmdbReader)[];
  readonly #isUp: boolean[];
  readonly #ends: readonly (DiskEnd | undefined)[];
  /** Of each host the blocks of its last chain by height, read when they are asked for. */
  readonly #lastChains = new Map<number, ReadonlyMap<number, BlockHash>>();
  /** What a host shows at the moment that is played. */
  readonly #shown = new Map<number, NodeSnapshot>();
  #nowUs = 0;
  #hasQuietBegun = false;

  /** @throws {Error} when a file cannot be read. */
  constructor(traces: RunTraces, disks: readonly (Disk | LmdbReader)[]) {
    const { plan, setup, places } = traces;
    this.#records = places.map(({ events }) => (existsSync(events) ? readEventFile(events) : []));
    const course = recordedCourse(traces, this.#records);
    // What is promised of the time after the last fault is promised of the time that it took; so is what faults of some length may break.
    this.plan = {
      ...plan,
      quietFromUs: traces.quietFromUs ?? plan.quietFromUs,
      durationUs: traces.endedUs,
      faults: [...faultsAsTheyWere(plan, course), ...unplannedCuts(plan.chain, course)],
    };
    this.setup = setup;
    this.loads = traces.loads;
    this.#traces = traces;
    this.#ends = this.#records.map(diskEndOf);
    this.#disks = disks;
    this.#isUp = plan.hosts.map(() => false);
    this.judgement = new Judgement(
      {
        plan: this.plan,
        setup,
        nowUs: () => this.#nowUs,
        inspect: (host) => this.shown(host),
        disk: (host) => this.#disks[host] ?? EMPTY_DISK,
        hasDropped: (host, height, id) => this.#hasDropped(host, height, id),
        corruption: () => ({ corruptions: [], falseAlarms: [] }),
        isByzantineKey: () => false,
        loads: () => this.loads,
        commonHead: () => this.commonHead(),
      },
      { isReplaced: false, oracles: JUDGED },
    );
    this.nodes = plan.hosts.map(({ name }, i) => new RecordedNode(i, name, this));
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  isHonest(host: number): boolean {
    return this.judgement.isHonest(host);
  }

  live(): readonly RecordedNode[] {
    const { halted } = this.judgement.observation;
    return this.nodes.filter(({ index }) => this.#isUp[index] === true && halted[index] !== true);
  }

  commonHead(): Head | undefined {
    let common: Head | undefined;
    for (const { head } of this.live()) {
      if (common !== undefined && common.id !== head.id) return undefined;
      common ??= head;
    }
    return common;
  }

  disks(): readonly Disk[] {
    return this.#disks;
  }

  shown(host: number): NodeSnapshot | undefined {
    return this.#shown.get(host);
  }

  /** Everything that happened, and what clients found; then the last judgement, unless the run was cut short. */
  play(): void {
    for (const item of this.#items()) {
      this.#setNow(item.wallMs);
      this.#playOne(item);
    }
    this.#nowUs = this.#traces.endedUs;
    if (!this.#hasQuietBegun && this.#nowUs >= this.plan.quietFromUs) this.#beginQuiet();
    for (const finding of this.#traces.findings) this.judgement.report('acceptance', finding);
    if (this.#traces.casualty !== undefined) return;
    for (const host of this.#traces.survivors) {
      const last = this.#records[host]?.at(-1);
      if (last?.kind === 'snapshot') this.#shown.set(host, last.snapshot);
    }
    this.judgement.end();
  }

  /** Below its base a node removes what is on no main chain. A block of the last one has no excuse. */
  #hasDropped(host: number, height: number, id: BlockHash): boolean {
    const end = this.#ends[host];
    if (end === undefined || height > end.base) return false;
    let chain = this.#lastChains.get(host);
    if (chain === undefined) {
      const { blocks } = this.judgement.chains.wholeChain(this.#disks, host, end.head);
      chain = new Map(blocks.map((one) => [one.block.header.height, one.id]));
      this.#lastChains.set(host, chain);
    }
    const stayed = chain.get(height);
    return stayed !== undefined && stayed !== id;
  }

  async close(): Promise<void> {
    for (const disk of this.#disks) if ('close' in disk) await disk.close();
  }

  #items(): readonly Item[] {
    const { seen: messages, changes } = this.#traces;
    const items: Item[] = [
      ...messages.map((seen) => ({ kind: 'message' as const, wallMs: seen.wallMs, seen })),
      ...changes.map((change) => ({ kind: 'change' as const, wallMs: change.wallMs, change })),
    ];
    for (const [host, records] of this.#records.entries()) {
      // A wall clock that is set back does not turn the order of one node around.
      let wallMs = 0;
      for (const record of records) {
        wallMs = Math.max(wallMs, record.wallMs);
        items.push({ kind: 'record', wallMs, host, record });
      }
    }
    return items.sort((a, b) => a.wallMs - b.wallMs);
  }

  #setNow(wallMs: number): void {
    const us = (wallMs - this.#traces.startedWallMs) * 1_000;
    this.#nowUs = Math.max(0, this.#nowUs, us);
    if (!this.#hasQuietBegun && this.#nowUs >= this.plan.quietFromUs) this.#beginQuiet();
  }

  #beginQuiet(): void {
    this.#hasQuietBegun = true;
    this.judgement.beginQuiet();
  }

  #playOne(item: Item): void {
    if (item.kind === 'message') {
      const { host, stream, message } = item.seen;
      this.judgement.onSeen(host, connectionId(stream), message);
    } else if (item.kind === 'change') this.#onChange(item.change);
    else this.#onRecord(item.host, item.record);
  }

  #onChange({ host, how }: UpOrDown): void {
    // A process that was started is a node when it tells so itself.
    if (how === 'up') return;
    this.#isUp[host] = false;
    this.judgement.note(host, { kind: 'HostDown', how: BOOT_END[how] }, this.#nowUs);
  }

  #onRecord(host: number, record: EventRecord): void {
    if (record.kind === 'snapshot') {
      this.#shown.set(host, record.snapshot);
      this.judgement.look();
      this.#shown.delete(host);
      return;
    }
    this.events++;
    if (record.event.kind === 'NodeStarted') this.#isUp[host] = true;
    this.judgement.onEvent(host, record.event, this.#nowUs);
  }
}
