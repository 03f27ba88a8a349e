/** A process that is killed while it writes leaves whole batches, every flushed one among them, in a prefix. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';

const WRITER = fileURLToPath(new URL('./storage-writer.ts', import.meta.url));

/** Kills the writer after that many acknowledgements, and answers the last one. */
async function writeAndKill(path: string, acknowledgements: number): Promise<number> {
  const writer: ChildProcess = spawn(process.execPath, [WRITER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(writer, 'exit');
  if (writer.stdout === null) throw new Error('the writer has an output');
  let last = 0;
  for await (const line of createInterface(writer.stdout)) {
    last = Number(line);
    if (last === acknowledgements) writer.kill('SIGKILL');
  }
  await gone;
  return last;
}

describe('the database after kill -9', () => {
  it('holds a prefix of whole batches with every one that was flushed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aureon-kill-'));
    try {
      for (const acknowledgements of [1, 7, 40, 123]) {
        const path = join(folder, `${acknowledgements}`);
        const last = await writeAndKill(path, acknowledgements);
        const storage = openLmdbStorage(path, (run) => run());
        const entries = storage.scan({ start: new Uint8Array(0) }, 10);
        await storage.close();
        const read = (i: number): number => Number(new TextDecoder().decode(entries[i]?.value));
        const [first, second] = [read(0), read(1)];
        expect([read(2), read(3)]).toEqual([first, second]);
        expect(second).toBeGreaterThanOrEqual(last);
        expect([second, second + 1]).toContain(first);
        expect(last).toBeGreaterThanOrEqual(acknowledgements);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
