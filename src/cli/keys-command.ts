/** `aureon keys`: makes, shows and imports the key files of nodes and accounts. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { encodeAddress } from '../chain/crypto/address.ts';
import { EXIT } from '../cluster/result.ts';
import { hexToBytes } from '../env/bytes.ts';
import { type NodeKey, nodeKeyOf, readKeyFile, writeKeyFile } from '../node/key-file.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import { type Flags, text } from './flags.ts';
import { refusal, used } from './node-flags.ts';
import type { Output } from './output.ts';
import { systemCode, UsageError } from './usage.ts';

const SECRET_BYTES = 32;
const STANDARD_INPUT = 0;
const DEFAULT_PATH = 'node.key';

const HELP = `
Examples:
  aureon keys new --out node.key         a new key, for its owner alone
  aureon keys show node.key              its public key and its address, never the secret
  aureon keys import --out node.key      a secret of 64 hexadecimal digits from standard input

A key file is never written over. Exit codes: 0 done; 2 the file, or what was asked for, is no good.`;

/** Adds it to the program. */
export function addKeysCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  const keys = program
    .command('keys')
    .description('Make, show and import the key files of nodes and accounts.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('(aureon keys --help lists the commands)');
  const out = ['--out <file>', `the new file; default: ${DEFAULT_PATH}`] as const;
  const json = ['--json', 'one JSON object in place of text'] as const;
  keys
    .command('new')
    .description('Make a key.')
    .option(...out)
    .option(...json)
    .action((flags: Flags) => onExit(keep(new Uint8Array(randomBytes(SECRET_BYTES)), flags, output)));
  keys
    .command('show')
    .description('Show the public key and the address of a key file.')
    .argument('[file]', 'the key file', DEFAULT_PATH)
    .option(...json)
    .action((file: string, flags: Flags) => {
      show(used(readKeyFile(file, createNativeSignatures())), file, flags, output);
      onExit(EXIT.passed);
    });
  keys
    .command('import')
    .description('Keep a secret that standard input has, as 64 hexadecimal digits.')
    .option(...out)
    .option(...json)
    .action((flags: Flags) => onExit(keep(readSecret(), flags, output)));
}

function keep(secret: Uint8Array, flags: Flags, output: Output): number {
  const path = text(flags, 'out') ?? DEFAULT_PATH;
  const key = nodeKeyOf(secret, createNativeSignatures());
  const problem = writeKeyFile(path, key);
  if (problem !== undefined) throw refusal(problem);
  show(key, path, flags, output);
  return EXIT.passed;
}

/** The secret is never printed. */
function show({ key, address }: NodeKey, file: string, flags: Flags, output: Output): void {
  const shown = { file, public: key, address: encodeAddress(address) };
  if (flags['json'] === true) output.print(JSON.stringify(shown));
  else output.print(`file     ${shown.file}\npublic   ${shown.public}\naddress  ${shown.address}`);
}

function readSecret(): Uint8Array {
  let given: string;
  try {
    given = readFileSync(STANDARD_INPUT, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`keys import: standard input could not be read (${systemCode(error)})`);
  }
  const secret = hexToBytes(given.toLowerCase());
  if (secret?.length === SECRET_BYTES) return secret;
  throw new UsageError(
    `keys import: standard input had ${given.length} characters that are no secret\n  expected: 64 hexadecimal digits, such as of: openssl rand -hex 32`,
  );
}
