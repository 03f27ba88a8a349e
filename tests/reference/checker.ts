/** The independent checker: decodes, re-executes and re-roots an exported chain, and knows nothing of src/. */
import { History, Malformed, merkleTreeHash, need, u64, uint, ZERO } from './bytes.ts';
import type { Engine, Report, Signatures } from './engine.ts';
import { engineOf } from './engines.ts';
import { Executor } from './execution.ts';
import { type Block, decodeBlock, decodeGenesis, type Genesis, type Header } from './layouts.ts';

/** From this height on, blocks have this version. */
export interface UpgradeStep {
  readonly height: number;
  readonly version: number;
}

/** A main chain as text: genesis and blocks, in order, are hexadecimal; block 0 may be left out. */
export interface ChainExport {
  readonly genesis: string;
  readonly schedule: readonly UpgradeStep[];
  readonly blocks: readonly string[];
}

/** A rule that a chain breaks. */
export interface Problem {
  readonly height: number;
  readonly rule: string;
  readonly fact: string;
}

/** What the checker found, and what it computed on the way. */
export interface Verdict {
  readonly problems: readonly Problem[];
  readonly ids: readonly string[];
  /** Cumulative, as the chain's own layout has it. */
  readonly weights: readonly string[];
  /** Encoded, of each block. */
  readonly receipts: readonly (readonly string[])[];
  /** After the last block that was executed. */
  readonly stateRoot: string;
}

/** The versions that docs/protocol.md describes are 1 and this. */
const VERSION_MAX = 2;

/** Every problem of a chain, as far as its first invalid block; no problem: it is valid. */
export function checkExport(json: unknown, signatures: Signatures = 'ed25519'): readonly Problem[] {
  if (!isChainExport(json))
    return [{ height: 0, rule: 'export', fact: 'it is no {genesis, schedule, blocks}' }];
  return checkChain(json, signatures).problems;
}

/** As checkExport, with everything that was computed. */
export function checkChain(chain: ChainExport, signatures: Signatures): Verdict {
  const problems: Problem[] = [];
  const ids: string[] = [];
  const weights: string[] = [];
  const receipts: string[][] = [];
  let stateRoot = ZERO;
  let height = 0;
  const report: Report = (rule, fact) => problems.push({ height, rule, fact });
  try {
    const genesis = decodeGenesis(Buffer.from(chain.genesis, 'hex'));
    need(
      genesis.version >= 1 && genesis.version <= VERSION_MAX,
      `version ${genesis.version} is not known here`,
    );
    const engine = engineOf(genesis, signatures);
    checkSchedule(genesis, chain.schedule, report);
    const executor = new Executor(genesis, engine, signatures);
    stateRoot = executor.leaves.root();
    const first = genesisBlock(genesis, engine, stateRoot);
    const zero = decodeBlock(first);
    const stated = chain.blocks.map((text) => Buffer.from(text, 'hex'));
    const isGenesisThere = stated[0] !== undefined && decodeBlock(stated[0]).header.height === 0;
    if (isGenesisThere && !stated.shift()?.equals(first))
      report('genesis-block', 'block 0 does not follow from genesis');
    const ancestors: Header[] = [zero.header];
    const history = new History();
    history.push(zero.header.id);
    ids.push(zero.header.id);
    receipts.push([]);
    let weight = 0n;
    weights.push(engine.weightText(weight, ancestors));
    if (problems.length > 0) stated.length = 0;
    for (const bytes of stated) {
      height += 1;
      const block = decodeBlock(bytes);
      const version = chain.schedule.findLast((step) => step.height <= height)?.version ?? genesis.version;
      checkHeader(block, ancestors, version, history.root(), report);
      engine.check(block.header, ancestors, report);
      checkBody(block, genesis, report);
      checkSystem(block, engine, ancestors, report);
      const executed = executor.execute(block, ids[0] ?? '', report);
      if (executed === undefined) break;
      stateRoot = executor.leaves.root();
      if (block.header.gasUsed !== executed.gasUsed) report('gas-used', `${executed.gasUsed} was used`);
      if (block.header.receiptsRoot !== merkleTreeHash(executed.receipts)) report('receipts-root', 'differs');
      if (block.header.stateRoot !== stateRoot) report('state-root', `${stateRoot} was computed`);
      if (problems.length > 0) break;
      weight += engine.weight(block.header);
      ancestors.push(block.header);
      history.push(block.header.id);
      ids.push(block.header.id);
      weights.push(engine.weightText(weight, ancestors));
      receipts.push(executed.receipts.map((receipt) => receipt.toString('hex')));
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    report('layout', error.message);
  }
  return { problems, ids, weights, receipts, stateRoot };
}

function checkSchedule(genesis: Genesis, schedule: readonly UpgradeStep[], report: Report): void {
  let last: UpgradeStep = { height: 0, version: genesis.version };
  for (const step of schedule) {
    if (step.height <= last.height || step.version <= last.version) report('schedule', 'it grows strictly');
    last = step;
  }
}

function checkHeader(
  block: Block,
  ancestors: readonly Header[],
  version: number,
  historyRoot: string,
  report: Report,
): void {
  const { header } = block;
  if (header.version !== version) report('version', `${header.version} is stated, ${version} is due`);
  if (version > VERSION_MAX) report('version', `${version} is not known here`);
  if (header.height !== ancestors.length) report('height', `${header.height} is stated`);
  if (header.parent !== ancestors.at(-1)?.id) report('parent', 'it is not the id of the block before');
  if (header.messagesRoot !== ZERO) report('messages-root', 'it is zero until sharding');
  if (header.historyRoot !== historyRoot) report('history-root', `${historyRoot} was computed`);
}

function checkBody(block: Block, genesis: Genesis, report: Report): void {
  const { header, transactions, evidence, lastCommit } = block;
  if (block.size > genesis.blockBytesMax) report('block-bytes', `${block.size}`);
  if (header.txCount !== transactions.length) report('transaction-count', `${transactions.length} counted`);
  if (header.transactionsRoot !== merkleTreeHash(transactions.map(({ raw }) => raw)))
    report('transactions-root', 'differs');
  if (header.systemRoot !== merkleTreeHash([lastCommit, ...evidence])) report('system-root', 'differs');
}

function checkSystem(block: Block, engine: Engine, ancestors: readonly Header[], report: Report): void {
  if (engine.stake !== undefined) engine.stake.checkSystem(block, ancestors, report);
  else if (block.lastCommit.length > 0 || block.evidence.length > 0)
    report('system-data', 'this engine has none');
}

function genesisBlock(genesis: Genesis, engine: Engine, stateRoot: string): Buffer {
  const none = merkleTreeHash([]);
  const roots = [none, none, stateRoot, merkleTreeHash([Buffer.alloc(0)]), ZERO, none];
  return Buffer.concat([
    uint(2, genesis.version),
    u64(0),
    Buffer.alloc(32),
    u64(genesis.timestampMs),
    Buffer.alloc(32),
    uint(4, 0),
    Buffer.from(roots.join(''), 'hex'),
    u64(0),
    uint(2, engine.genesisConsensus.length),
    engine.genesisConsensus,
    uint(2, 0),
    uint(4, 0),
    uint(1, 0),
    uint(4, 0),
  ]);
}

function isChainExport(json: unknown): json is ChainExport {
  if (typeof json !== 'object' || json === null) return false;
  const { genesis, schedule, blocks }: { genesis?: unknown; schedule?: unknown; blocks?: unknown } = json;
  return (
    isHex(genesis) &&
    Array.isArray(schedule) &&
    schedule.every(isStep) &&
    Array.isArray(blocks) &&
    blocks.every(isHex)
  );
}

function isHex(text: unknown): text is string {
  return typeof text === 'string' && /^([0-9a-f]{2})*$/.test(text);
}

function isStep(step: unknown): step is UpgradeStep {
  if (typeof step !== 'object' || step === null) return false;
  const { height, version }: { height?: unknown; version?: unknown } = step;
  return Number.isSafeInteger(height) && Number.isSafeInteger(version);
}
