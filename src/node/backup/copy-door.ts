/**
 * The door of a data folder: its node gives what it has committed, as of one moment, to a backup. Nobody else may open the database
 * while the node writes it. docs/decisions/019-storage-at-rest.md.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { keyAfter } from '../../chain/blockstore/records.ts';
import { assert } from '../../env/assert.ts';
import type { LmdbSnapshot } from '../storage/lmdb-storage.ts';
import { encodeCount, encodeEntries, STREAM_END } from './copy-stream.ts';

/** In the data folder: where the door is, and what to say there. */
const DOOR_FILE = 'node.door';
const LOOPBACK = '127.0.0.1';
const TOKEN_BYTES = 32;
/** A token as it is said. */
const TOKEN_CHARS = 2 * TOKEN_BYTES;
/** Records that are read in one turn of the loop: a fraction of a millisecond where they are small. */
const PAGE_RECORDS = 32;
/** Who says nothing, or takes nothing, for so long is gone, and the pages that are kept for it are free. */
const SILENCE_MS = 30_000;
/** Strangers of the same machine who know no token, and one or two backups. */
const CONNECTIONS_MAX = 8;

const form = z.strictObject({
  port: z.int().min(1).max(65_535),
  token: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Where a door is. */
export type DoorPlace = z.infer<typeof form>;

/** One that is open. */
export interface CopyDoor {
  /** Ends the copies that are being made. */
  close(): Promise<void>;
}

/**
 * Listens on loopback; the file that says where is for the owner of the folder alone, who may read the database as well.
 * @param take undefined: the boot has ended. @returns undefined where the machine lets nobody listen, or has no room for the
 * file: only a backup beside the node misses it.
 */
export async function openCopyDoor(
  folder: string,
  take: () => LmdbSnapshot | undefined,
): Promise<CopyDoor | undefined> {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    give(socket, token, take).catch(() => socket.destroy());
  });
  server.maxConnections = CONNECTIONS_MAX;
  const path = join(folder, DOOR_FILE);
  try {
    server.listen(0, LOOPBACK);
    await once(server, 'listening');
    rmSync(path, { force: true });
    writeFileSync(path, JSON.stringify({ port: portOf(server), token }), { mode: 0o600 });
  } catch {
    server.close();
    return undefined;
  }
  return {
    async close() {
      try {
        rmSync(path, { force: true });
      } catch {
        // A disk that fails keeps a place where nobody is, as a kill does.
      }
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Where the node of a folder gives copies; undefined: nowhere. A node that was killed leaves a place where nobody is. */
export function doorOf(folder: string): DoorPlace | undefined {
  try {
    return form.parse(JSON.parse(readFileSync(join(folder, DOOR_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

function portOf(server: Server): number {
  const bound = server.address();
  assert(typeof bound === 'object' && bound !== null, 'a server that listens has a port');
  return bound.port;
}

async function give(socket: Socket, token: string, take: () => LmdbSnapshot | undefined): Promise<void> {
  const said = Buffer.from(await saidOn(socket));
  const isKnown = said.length === TOKEN_CHARS && timingSafeEqual(said, Buffer.from(token));
  const snapshot = isKnown ? take() : undefined;
  if (snapshot === undefined) {
    socket.destroy();
    return;
  }
  try {
    await pipeline(Readable.from(pagesOf(snapshot)), socket);
  } catch {
    // Whoever asked is gone, or the disk does not give its own pages back, which the node meets by itself.
    socket.destroy();
  } finally {
    snapshot.close();
  }
}

/** The first so many characters; fewer where the connection ended. */
async function saidOn(socket: Socket): Promise<string> {
  let said = '';
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (said.length >= TOKEN_CHARS) break;
    }
  } catch {
    // It was reset.
  }
  return said;
}

/** The end is said when all of it is durable: a backup is of nothing that the node may lose yet. */
async function* pagesOf(snapshot: LmdbSnapshot): AsyncGenerator<Uint8Array> {
  yield encodeCount(snapshot.count);
  for (let start: Uint8Array = new Uint8Array(0); ; await nextTurn()) {
    const page = snapshot.scan(start, PAGE_RECORDS);
    const last = page.at(-1);
    if (last === undefined) break;
    yield encodeEntries(page);
    start = keyAfter(last.key);
  }
  if (await snapshot.durable) yield STREAM_END;
}
