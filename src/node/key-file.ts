/** The file that holds the secret key of a node: nobody else may read it, and it is never written over. */
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { addressOf } from '../chain/crypto/address.ts';
import { type AccountAddress, type PublicKey, publicKey } from '../chain/types/units.ts';
import { bytesToHex, hexToBytes } from '../env/bytes.ts';
import { codeOf, type FileProblem } from './file-problem.ts';
import type { SignatureSuite } from './signatures/system-crypto.ts';
import { syncFolder } from './storage/sync-folder.ts';

const SECRET_BYTES = 32;
/** What a key file has; anything much longer is another file. */
const FILE_MAX_BYTES = 4_096;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** A key that a node signs with. */
export interface NodeKey {
  readonly secret: Uint8Array;
  readonly key: PublicKey;
  readonly address: AccountAddress;
}

/** The key of these 32 secret bytes (RFC 8032). */
export function nodeKeyOf(secret: Uint8Array, suite: SignatureSuite): NodeKey {
  const key = publicKey(bytesToHex(suite.publicKey(secret)));
  return { secret, key, address: addressOf(key) };
}

/** Writes a new file, durably. The problem is EXISTS when there is one: a key that is lost cannot be made again. */
export function writeKeyFile(path: string, { secret, key }: NodeKey): FileProblem | undefined {
  const content = { version: 1, algorithm: 'ed25519', public: key, secret: bytesToHex(secret) };
  let file: number;
  try {
    file = openSync(path, 'wx', OWNER_ONLY);
  } catch (error) {
    return problemOf(path, error, 'a new path, or move the old file away');
  }
  try {
    writeSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
  return undefined;
}

/** The key, or why it is not used. */
export function readKeyFile(path: string, suite: SignatureSuite): NodeKey | FileProblem {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    return problemOf(path, error, `make one: aureon keys new --out ${path}`);
  }
  try {
    const { mode, size } = fstatSync(file);
    const problem =
      openToOthers(path, mode) ?? (size > FILE_MAX_BYTES ? malformed(path, 'it is too long') : undefined);
    return problem ?? parseKey(path, readFileSync(file, 'utf8'), suite);
  } catch (error) {
    return problemOf(path, error, 'a file that can be read');
  } finally {
    closeSync(file);
  }
}

function parseKey(path: string, text: string, suite: SignatureSuite): NodeKey | FileProblem {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return malformed(path, 'it is no JSON');
  }
  if (typeof content !== 'object' || content === null) return malformed(path, 'it is no JSON object');
  const {
    version,
    algorithm,
    secret,
    public: stated,
  } = { version: 0, algorithm: '', secret: '', public: '', ...content };
  if (version !== 1 || algorithm !== 'ed25519')
    return malformed(path, 'version 1 and algorithm ed25519 were expected');
  const bytes = typeof secret === 'string' ? hexToBytes(secret) : undefined;
  if (bytes?.length !== SECRET_BYTES)
    return malformed(path, 'secret: 64 lower-case hexadecimal digits were expected');
  const key = nodeKeyOf(bytes, suite);
  return stated === key.key ? key : malformed(path, 'public: it is not the key of this secret');
}

function openToOthers(path: string, mode: number): FileProblem | undefined {
  if ((mode & OTHERS) === 0) return undefined;
  const found = (mode & 0o777).toString(8).padStart(3, '0');
  return {
    code: 'OPEN_TO_OTHERS',
    what: `${path}: others than its owner may use it (mode ${found})`,
    advice: `chmod 600 ${path}`,
  };
}

function malformed(path: string, why: string): FileProblem {
  return {
    code: 'MALFORMED',
    what: `${path}: this is no key file: ${why}`,
    advice: 'a file as aureon keys new writes it',
  };
}

function problemOf(path: string, error: unknown, advice: string): FileProblem {
  const code = codeOf(error);
  if (code === 'ENOENT') return { code: 'ABSENT', what: `${path}: there is no such file or folder`, advice };
  if (code === 'EEXIST') return { code: 'EXISTS', what: `${path}: this file is there already`, advice };
  return { code: 'UNREADABLE', what: `${path}: ${String(code ?? error)}`, advice };
}
