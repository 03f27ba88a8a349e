/** The tree of blocks of a recorded run: who made which block on which parent, and whose head it was when. */
import type { DomainEvent } from '../chain/types/event.ts';
import type { BlockHash } from '../chain/types/units.ts';
import { StoredChains } from './oracles/stored-chains.ts';
import { CHANGES_KEPT_MAX, type RecordedBlock, type RecordedChanges } from './recording.ts';
import type { TestCluster } from './test-cluster.ts';

interface Known {
  readonly id: BlockHash;
  readonly height: number;
  readonly atUs: number;
  parent: BlockHash | undefined;
  /** Its header was found. */
  isRead: boolean;
  producer: number;
  transactions: number;
}

/** Columns that grow up to a limit. */
class Changes implements RecordedChanges {
  readonly atUs: number[] = [];
  readonly host: number[] = [];
  readonly what: number[] = [];
  isFull = false;

  add(atUs: number, host: number, what: number): void {
    this.isFull ||= this.atUs.length >= CHANGES_KEPT_MAX;
    if (this.isFull) return;
    this.atUs.push(atUs);
    this.host.push(host);
    this.what.push(what);
  }
}

/** One per recorded run; fed by every domain event. */
export class RecordedBlocks {
  readonly #cluster: TestCluster;
  /** Its own: what it reads early must not decide what an oracle finds later. */
  readonly #chains: StoredChains;
  readonly #producers: ReadonlyMap<string, number>;
  readonly #places = new Map<BlockHash, number>();
  readonly #blocks: Known[] = [];
  readonly heads = new Changes();
  readonly imports = new Changes();
  readonly finals = new Changes();

  constructor(cluster: TestCluster) {
    const { hostKeys, suite, genesisId } = cluster.setup;
    this.#cluster = cluster;
    this.#chains = new StoredChains((bytes) => suite.sha256(bytes));
    // Of twins the first: their key is one.
    this.#producers = new Map(hostKeys.map(({ address }, i): [string, number] => [address, i]).reverse());
    this.#add(genesisId, 0, 0);
  }

  onEvent(host: number, event: DomainEvent, atUs: number): void {
    switch (event.kind) {
      case 'BlockImported': {
        const place = this.#placeOf(host, event.id, event.height, atUs);
        const block = this.#blocks[place];
        if (block !== undefined) block.transactions = event.txCount;
        this.imports.add(atUs, host, place);
        return;
      }
      case 'HeadChanged': {
        const place = this.#placeOf(host, event.id, event.height, atUs);
        const block = this.#blocks[place];
        if (block !== undefined) block.parent = event.parent;
        this.heads.add(atUs, host, place);
        return;
      }
      case 'NodeStarted':
        this.heads.add(atUs, host, this.#placeOf(host, event.head, event.height, atUs));
        return;
      case 'SnapshotInstalled':
        this.heads.add(atUs, host, this.#placeOf(host, event.block, event.height, atUs));
        return;
      case 'FinalityAdvanced':
        this.finals.add(atUs, host, event.finality.final);
        return;
      default:
        return;
    }
  }

  /** Parents by their places: all are known by now that ever will be. */
  blocks(): readonly RecordedBlock[] {
    return this.#blocks.map(({ id, height, parent, producer, transactions, atUs }) => {
      const place = parent === undefined ? undefined : this.#places.get(parent);
      return { id, height, parent: place ?? -1, producer, transactions, atUs };
    });
  }

  /** What reached its limit, in words. */
  limits(): readonly string[] {
    const columns: readonly (readonly [string, Changes])[] = [
      ['heads', this.heads],
      ['imports of blocks', this.imports],
      ['advances of finality', this.finals],
    ];
    return columns
      .filter(([, changes]) => changes.isFull)
      .map(([name, { atUs }]) => `${name}: the first ${CHANGES_KEPT_MAX}, up to ${atUs.at(-1) ?? 0} us`);
  }

  #placeOf(host: number, id: BlockHash, height: number, atUs: number): number {
    const place = this.#places.get(id) ?? this.#add(id, height, atUs);
    const block = this.#blocks[place];
    if (block !== undefined && !block.isRead && height > 0) this.#read(host, block);
    return place;
  }

  #add(id: BlockHash, height: number, atUs: number): number {
    const place = this.#blocks.length;
    this.#places.set(id, place);
    this.#blocks.push({ id, height, atUs, parent: undefined, isRead: false, producer: -1, transactions: 0 });
    return place;
  }

  /** Its header is on the disk of who tells of it, unless it begins with a snapshot. */
  #read(host: number, known: Known): void {
    const { pristine } = this.#cluster.simulator.disk(host);
    const block = this.#chains.read(pristine, known.height, known.id);
    if (block === undefined) return;
    known.isRead = true;
    known.parent = block.header.parent;
    known.producer = this.#producers.get(block.header.beneficiary) ?? -1;
    known.transactions = block.transactions.length;
  }
}
