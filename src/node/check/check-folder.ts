/** `aureon check`: every record of a folder, held against its checksum and against what executing the chain again gives. */
import {
  heightRange,
  META,
  metaKey,
  openRecord,
  PREFIX,
  readHeight,
} from '../../chain/blockstore/records.ts';
import type { LedgerEnv } from '../../chain/ledger/fold.ts';
import type { LedgerConfig } from '../../chain/ledger/ledger.ts';
import { ledgerPartsOf } from '../../chain/ledger/open-ledger.ts';
import { AssertionError } from '../../env/assert.ts';
import type { Storage, StorageFault, WriteOp } from '../../env/storage.ts';
import { ms, unixMs } from '../../env/units.ts';
import { type ChainPlace, factsOf } from '../backup/folder-facts.ts';
import type { FileProblem } from '../file-problem.ts';
import { isFileProblem } from '../file-problem.ts';
import type { SignatureSuite } from '../signatures/system-crypto.ts';
import { walkAboveBase } from './above-base.ts';
import { type CheckContext, recordsOf } from './check-context.ts';
import { type Finding, Findings } from './findings.ts';
import { type MainChain, readMainChain } from './main-chain.ts';
import { checkSnapshots, tellLeftover } from './other-records.ts';
import { startPoints } from './start-points.ts';
import { checkState, storedState } from './state-pass.ts';
import { checkStrays } from './strays.ts';
import { type Walked, walkMainChain } from './walk.ts';

/** Repairs that wait to be durable before the check goes on: a batch of this size is some MB. */
const REPAIRS_PENDING_MAX = 4_096;
/** Between two looks at signals and at the progress line. */
const STEP_MS = 50;

/** What is checked, and how. */
export interface CheckOrder {
  /** As it is told. */
  readonly folder: string;
  readonly storage: Pick<Storage, 'get' | 'scan'>;
  /** What repairs are written to; undefined: nothing is repaired. */
  readonly repairs: Storage | undefined;
  readonly config: LedgerConfig<unknown>;
  readonly suite: SignatureSuite;
  readonly onProgress: (text: string) => void;
}

/** What was found. */
export interface CheckReport {
  readonly records: number;
  /** The newest block; undefined: the base could not be executed or read. */
  readonly head: ChainPlace | undefined;
  /** Blocks that were executed again. */
  readonly executed: number;
  /** Heights of the main chain up to the base that were: the first and last of each run. */
  readonly runs: readonly (readonly [number, number])[];
  readonly base: number;
  readonly prunedBelow: number;
  readonly findings: readonly Finding[];
  /** Found beside those. */
  readonly beyond: number;
}

/** @throws {StorageCrash} when the disk fails. */
export async function checkFolder(order: CheckOrder): Promise<CheckReport | FileProblem> {
  const { config, folder, storage } = order;
  const parts = ledgerPartsOf(envOf(order), config);
  if ('code' in parts) return badConfig(folder, `${parts.field}: ${parts.expected} was expected`);
  const facts = knownFacts(order, parts.context.genesisId);
  if (isFileProblem(facts)) return facts;
  const pending = new Pending(order.repairs);
  const findings = new Findings(order.repairs === undefined ? undefined : (ops) => pending.write(ops));
  let toldMs = 0;
  const context: CheckContext = {
    storage: order.repairs ?? storage,
    parts,
    suite: order.suite,
    findings,
    async step(text) {
      const nowMs = Date.now();
      if (nowMs - toldMs < STEP_MS && !pending.isFull) return;
      toldMs = nowMs;
      order.onProgress(text);
      await pending.settle();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const report = await checkAll(context, facts);
  await pending.settle();
  return report;
}

async function checkAll(
  context: CheckContext,
  { originHeight: lowest, prunedBelow }: Beginning,
): Promise<CheckReport> {
  const { findings } = context;
  const records = await checkSums(context);
  const chain = await readMainChain(context, lowest);
  const nothing = { executed: 0, runs: [], base: 0, head: undefined };
  const told = (): Pick<CheckReport, 'records' | 'prunedBelow' | 'findings' | 'beyond'> => ({
    records,
    prunedBelow,
    findings: findings.all,
    beyond: findings.beyond,
  });
  if (chain === undefined) {
    findings.add(Uint8Array.of(PREFIX.header), 'no header of a main chain can be read', 'none');
    return { ...nothing, ...told() };
  }
  const walked = await walkMainChain(context, {
    chain,
    origin: lowest,
    prunedBelow,
    startPoints: () => startPoints(context, chain, storedState(context)),
  });
  const base = await checkBaseState(context, chain, walked);
  const above = base === undefined ? undefined : await walkAboveBase(context, chain, base);
  await checkStrays(context, chain, walked, lowest);
  await checkSnapshots(context, chain);
  tellLeftover(context, base !== undefined);
  return {
    head: above && { height: above.head.link.header.height, id: above.head.link.id },
    executed: walked.executed + (above?.executed ?? 0),
    runs: walked.runs,
    base: chain.base,
    ...told(),
  };
}

/** The base with the state that stands on the disk, or that a repair has put there; undefined: nobody knows it. */
async function checkBaseState(
  context: CheckContext,
  { baseLink }: MainChain,
  { base }: Walked,
): Promise<Walked['base']> {
  if (base !== undefined) {
    await checkState(context, base.state);
    return base;
  }
  const state = storedState(context);
  if (baseLink === undefined) return undefined;
  if (state.root === baseLink.header.stateRoot) return { link: baseLink, state, entries: [], changes: [] };
  context.findings.add(
    Uint8Array.of(PREFIX.state),
    `the leaves give the state root ${state.root}, and the base states ${baseLink.header.stateRoot}: the node starts over`,
    'none',
  );
  return undefined;
}

/** Answers how many records there are. */
async function checkSums(context: CheckContext): Promise<number> {
  let records = 0;
  const { findings, parts } = context;
  const text = (done: number): string => `reading record ${done}`;
  for await (const { key, value } of recordsOf(context, { start: new Uint8Array(0) }, text)) {
    records++;
    if (openRecord(parts.store.sha256, key, value) === 'corrupt') findings.noteDamaged(key);
  }
  return records;
}

/** Where the records of a folder begin. */
interface Beginning {
  /** The block of the snapshot that its chain began with; 0: genesis. */
  readonly originHeight: number;
  readonly prunedBelow: number;
}

/** Of another chain, or with an install under way, there is nothing to check; damaged facts are told later. */
function knownFacts({ folder, storage, suite }: CheckOrder, chain: string): Beginning | FileProblem {
  const facts = factsOf(storage, (bytes) => suite.sha256(bytes), folder);
  if (isFileProblem(facts)) return facts.code === 'DAMAGED' ? guessedFacts(storage) : facts;
  if (facts.chain !== chain)
    return badConfig(folder, `it is of chain ${facts.chain}, and the genesis file of chain ${chain}`);
  return { originHeight: facts.origin?.height ?? 0, prunedBelow: facts.prunedBelow };
}

/** Where the records that tell them are damaged, others do: the lowest header above genesis, and the lowest block. */
function guessedFacts(storage: CheckOrder['storage']): Beginning {
  const lowest = (prefix: number): number => {
    const [first] = storage.scan(heightRange(prefix, 1, undefined), 1);
    return first === undefined ? 0 : readHeight(first.key, 1);
  };
  const header = lowest(PREFIX.header);
  const hasOrigin = header > 1 && storage.get(metaKey(META.origin)) !== undefined;
  const isPruned = storage.get(metaKey(META.pruned)) !== undefined;
  return { originHeight: hasOrigin ? header : 0, prunedBelow: isPruned ? lowest(PREFIX.block) : 0 };
}

function badConfig(folder: string, why: string): FileProblem {
  return {
    code: 'MALFORMED',
    what: `${folder}: ${why}`,
    advice: 'the genesis file of its chain (node.genesis), and the settings of its node',
  };
}

/** Repairs on their way to the disk. */
class Pending {
  readonly #storage: Storage | undefined;
  #count = 0;

  constructor(storage: Storage | undefined) {
    this.#storage = storage;
  }

  get isFull(): boolean {
    return this.#count >= REPAIRS_PENDING_MAX;
  }

  write(ops: readonly WriteOp[]): void {
    this.#storage?.write(ops);
    this.#count += ops.length;
  }

  /** @throws {Error} when the disk fails. */
  async settle(): Promise<void> {
    if (this.#storage === undefined || this.#count === 0) return;
    this.#count = 0;
    const fault = await new Promise<StorageFault | undefined>((resolve) => this.#storage?.flush(resolve));
    if (fault !== undefined) throw new Error(`the repairs could not be written: ${fault.kind}`);
  }
}

function refuse(why: string): never {
  throw new AssertionError(why);
}

/** What the chain's own code asks of a world in which nothing happens. */
function envOf({ storage, repairs, suite }: CheckOrder): LedgerEnv {
  return {
    clock: {
      monotonicMs: () => ms(0),
      wallMs: () => unixMs(Date.now()),
      setTimer: () => ({ cancel: () => undefined }),
    },
    storage: {
      get: (key) => (repairs ?? storage).get(key),
      scan: (range, limit, reverse) => (repairs ?? storage).scan(range, limit, reverse),
      write: () => refuse('a check writes by its findings alone'),
      flush: () => refuse('a check flushes by its findings alone'),
    },
    crypto: {
      sha256: (bytes) => suite.sha256(bytes),
      verify: () => refuse('a check verifies by its suite'),
      sign: () => refuse('a check signs nothing'),
      publicKey: () => refuse('a check has no key'),
    },
    memo: { get: (_kind, _key, compute) => compute() },
    emit: () => undefined,
    spend: () => undefined,
  };
}
