/** The file that says which chain a node is of: its genesis, and the heights from which new rules hold. Every node of a chain has the same. */
import { readFileSync } from 'node:fs';
import { buildGenesis } from '../chain/execution/genesis.ts';
import { type Genesis, PROTOCOL_VERSION_MAX, type UpgradeSchedule } from '../chain/types/genesis.ts';
import { genesisLayout } from '../chain/types/genesis-codec.ts';
import { decodeJson, toJsonText } from '../chain/types/layout/codec.ts';
import { isRejection } from '../chain/types/rejection.ts';
import { type BlockHash, height } from '../chain/types/units.ts';
import { isDecodeRejection } from '../env/network.ts';
import { consensusOf } from './engines.ts';
import { codeOf, type FileProblem } from './file-problem.ts';

/** A million accounts are 100 MB of text. */
const FILE_MAX_BYTES = 128 * 1024 * 1024;

/** A chain, as its file says. */
export interface ChainFile {
  readonly genesis: Genesis;
  readonly schedule: UpgradeSchedule;
  /** The hash of block 0: the chain's id. */
  readonly id: BlockHash;
}

/** The text of the file. */
export function formatChainFile(genesis: Genesis, schedule: UpgradeSchedule): string {
  const content = { version: 1, genesis: JSON.parse(toJsonText(genesisLayout, genesis)), upgrades: schedule };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** The chain, or why the file is not used. */
export function readChainFile(path: string): ChainFile | FileProblem {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    const what = code === 'ENOENT' ? 'there is no such file' : String(code ?? error);
    const advice = 'the genesis file that the other nodes of the chain have';
    return { code: code === 'ENOENT' ? 'ABSENT' : 'UNREADABLE', what: `${path}: ${what}`, advice };
  }
  return parseChainFile(path, text);
}

/** @param path as it is told. */
export function parseChainFile(path: string, text: string): ChainFile | FileProblem {
  if (text.length > FILE_MAX_BYTES)
    return malformed(path, 'it is too long', `at most ${FILE_MAX_BYTES} bytes`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return malformed(path, 'it is no JSON', error instanceof SyntaxError ? `JSON, RFC 8259` : String(error));
  }
  if (typeof content !== 'object' || content === null || !('genesis' in content) || !('version' in content))
    return malformed(
      path,
      'version and genesis are missing',
      '{ "version": 1, "genesis": { … }, "upgrades": [ … ] }',
    );
  if (content.version !== 1) return malformed(path, `version ${JSON.stringify(content.version)}`, '1');
  // White space is for people; the order of the fields is that of the encoding.
  const canonical = new TextEncoder().encode(JSON.stringify(content.genesis));
  const genesis = decodeJson(genesisLayout, canonical, FILE_MAX_BYTES);
  if (isDecodeRejection(genesis))
    return malformed(path, `genesis: ${genesis.detail}`, 'all fields of a genesis, in their order');
  const consensus = consensusOf(genesis.engine);
  if (consensus === undefined)
    return malformed(path, `genesis.engine: "${genesis.engine}"`, 'pos, poa, pow or round-robin');
  const built = buildGenesis(genesis, consensus.rules);
  if (isRejection(built)) return malformed(path, `genesis.${built.field}`, built.expected);
  const schedule = scheduleOf('upgrades' in content ? content.upgrades : []);
  if (schedule === undefined)
    return malformed(
      path,
      'upgrades',
      `heights and versions up to ${PROTOCOL_VERSION_MAX}, both growing: [{ "height": 1000, "version": 2 }]`,
    );
  return { genesis, schedule, id: built.id };
}

function scheduleOf(value: unknown): UpgradeSchedule | undefined {
  if (!Array.isArray(value)) return undefined;
  let last = { height: 0, version: 0 };
  const steps: { height: ReturnType<typeof height>; version: number }[] = [];
  for (const step of value) {
    if (typeof step !== 'object' || step === null) return undefined;
    const { height: at, version } = { height: undefined, version: undefined, ...step };
    const isGood =
      Number.isSafeInteger(at) &&
      Number.isSafeInteger(version) &&
      at > last.height &&
      version > last.version &&
      version <= PROTOCOL_VERSION_MAX;
    if (!isGood) return undefined;
    last = { height: at, version };
    steps.push({ height: height(at), version });
  }
  return steps;
}

function malformed(path: string, what: string, advice: string): FileProblem {
  return { code: 'MALFORMED', what: `${path}: ${what}`, advice };
}
