/** `aureon genesis`: makes and shows the file that says which chain a node is of. */
import { existsSync, writeFileSync } from 'node:fs';
import { decodeAddress, encodeAddress } from '../chain/crypto/address.ts';
import { isCanonicalPublicKey } from '../chain/crypto/public-key.ts';
import type { GenesisAllocation, GenesisValidator } from '../chain/types/genesis.ts';
import { AMOUNT_MAX, amount, type PublicKey, publicKey } from '../chain/types/units.ts';
import { EXIT } from '../cluster/result.ts';
import { hexToBytes } from '../env/bytes.ts';
import { isDecodeRejection } from '../env/network.ts';
import { unixMs } from '../env/units.ts';
import { isFileProblem } from '../node/file-problem.ts';
import { formatChainFile, parseChainFile, readChainFile } from '../node/genesis-file.ts';
import { readKeyFile } from '../node/key-file.ts';
import { newGenesis } from '../node/new-genesis.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import { type Flags, text } from './flags.ts';
import { engineOf, intervalMsOf, used } from './node-flags.ts';
import type { Output } from './output.ts';
import { systemCode, UsageError } from './usage.ts';

const DEFAULT_GENESIS = 'genesis.json';
const DEFAULT_POWER = '1000';
const DEFAULT_WORK = '1000000';

/** Writes a new file. @throws {UsageError} when a flag makes no sense, or the file is there. */
export function newGenesisCommand(flags: Flags, output: Output): number {
  const path = text(flags, 'out') ?? DEFAULT_GENESIS;
  const genesis = newGenesis({
    name: text(flags, 'name') ?? 'aureon-devnet',
    engine: engineOf(flags, 'engine'),
    intervalMs: intervalMsOf(flags, '2s', ['1ms', '1h']),
    validators: listOf(flags, 'validator').map(validatorOf),
    allocation: listOf(flags, 'fund').map(allocationOf),
    timestampMs: unixMs(Date.now()),
    work: wholeOf(text(flags, 'work') ?? DEFAULT_WORK, '--work'),
  });
  const content = formatChainFile(genesis, []);
  const chain = parseChainFile(path, content);
  if (isFileProblem(chain)) throw new UsageError(`genesis new: ${chain.what}\n  expected: ${chain.advice}`);
  try {
    writeFileSync(path, content, { flag: 'wx' });
  } catch (error) {
    const why = existsSync(path) ? 'this file is there already' : `cannot be written (${systemCode(error)})`;
    throw new UsageError(`${path}: ${why}\n  expected: a new path (--out)`);
  }
  return showGenesis(path, flags, output);
}

/** Prints what a file says. @throws {UsageError} when it is no good. */
export function showGenesis(path: string, flags: Flags, output: Output): number {
  const { genesis, id, schedule } = used(readChainFile(path));
  const { name, engine, validators, allocation, timestampMs } = genesis;
  if (flags['json'] === true) {
    output.print(
      JSON.stringify({
        file: path,
        id,
        name,
        engine,
        validators: validators.length,
        accounts: allocation.length,
        timestampMs,
        upgrades: schedule,
      }),
    );
    return EXIT.passed;
  }
  output.print(
    [
      `file        ${path}`,
      `chain       ${id}`,
      `name        ${name}`,
      `engine      ${engine}`,
      `begins      ${new Date(timestampMs).toISOString()}`,
      ...validators.map(({ key, power }) => `validator   ${key}  ${power}`),
      ...allocation.map(({ address, balance }) => `account     ${encodeAddress(address)}  ${balance}`),
      ...schedule.map((step) => `upgrade     version ${step.version} from height ${step.height} on`),
    ].join('\n'),
  );
  return EXIT.passed;
}

function listOf(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** KEY or KEY:POWER; a key is 64 hexadecimal digits, or a key file. */
function validatorOf(stated: string): GenesisValidator {
  const [, key = '', power = DEFAULT_POWER] = /^(.*?)(?::(\d+))?$/.exec(stated) ?? [];
  return { key: keyOf(key, stated), power: amount(wholeOf(power, `--validator ${stated}`)) };
}

function keyOf(key: string, stated: string): PublicKey {
  const bytes = hexToBytes(key);
  if (bytes?.length === 32) {
    if (isCanonicalPublicKey(bytes)) return publicKey(key);
    throw new UsageError(`--validator ${stated}: these 32 bytes are no public key of Ed25519`);
  }
  const found = readKeyFile(key, createNativeSignatures());
  if (!isFileProblem(found)) return found.key;
  throw new UsageError(
    `--validator ${stated}: ${found.what}\n  expected: KEY or KEY:POWER, a key being 64 hexadecimal digits or a key file`,
  );
}

function allocationOf(stated: string): GenesisAllocation {
  const [, to = '', balance = ''] = /^([^:]+):(\d+)$/.exec(stated) ?? [];
  const address = decodeAddress(to);
  if (balance === '' || isDecodeRejection(address)) {
    const why = balance === '' || !isDecodeRejection(address) ? '' : ` (${address.detail})`;
    throw new UsageError(`--fund ${stated}: ADDRESS:AMOUNT was expected${why}, such as aur1…:1000000`);
  }
  return { address, balance: amount(wholeOf(balance, `--fund ${stated}`)) };
}

function wholeOf(stated: string, where: string): bigint {
  const value = /^\d{1,20}$/.test(stated) ? BigInt(stated) : 0n;
  if (value >= 1n && value <= AMOUNT_MAX) return value;
  throw new UsageError(`${where}: a whole number from 1 to 2^64 - 1 was expected`);
}
