/** Files that have to be on the disk, and be what they are said to be. */
import { createHash, hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Sha256 } from '../../chain/crypto/sha256.ts';

/** Read and written at once. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** What a pass over a file needs. */
export interface FilePass {
  /** A new file that gets the same bytes; undefined: it is only read. */
  readonly copy?: string;
  /** After each chunk, with the bytes so far. */
  readonly onBytes: (done: number) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Bytes and SHA-256 (hexadecimal) of a file; undefined when it was ended early. @throws {Error} of the system. */
export async function sumFile(
  path: string,
  { copy, onBytes, signal }: FilePass,
): Promise<{ readonly bytes: number; readonly sha256: string } | undefined> {
  const from = openSync(path, 'r');
  const into = copy === undefined ? undefined : openSync(copy, 'wx', 0o600);
  try {
    const sum = createHash('sha256');
    const chunk = new Uint8Array(CHUNK_BYTES);
    let bytes = 0;
    for (let read = readSync(from, chunk); read > 0; read = readSync(from, chunk)) {
      const part = chunk.subarray(0, read);
      sum.update(part);
      if (into !== undefined) for (let at = 0; at < read; ) at += writeSync(into, part, at);
      bytes += read;
      onBytes(bytes);
      // Signals come in between.
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) return undefined;
    }
    if (into !== undefined) fsyncSync(into);
    return { bytes, sha256: sum.digest('hex') };
  } finally {
    closeSync(from);
    if (into !== undefined) closeSync(into);
  }
}

/** What is written in a file or a folder survives a power loss. @throws {Error} of the system. */
export function makeDurable(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of the machine. */
export const nativeSha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer');
