/** Notes in Redis that die with their writer: by them sweeps and workers know of each other, and of other code. */
import type { Redis } from 'ioredis';
import { NOTE_EVERY_MS, NOTE_TTL_S, NOTES, type Note, parseNote } from './wire.ts';

/** Keys of one look. */
const SCAN_COUNT = 200;

export interface NoteKeeper {
  stop(): Promise<void>;
}

/** Renews a note of one's own until it is stopped, and hands on those of the other side. */
export function keepNote(
  redis: Redis,
  mine: { readonly side: keyof typeof NOTES; readonly id: string; readonly note: Note },
  onOthers: (others: ReadonlyMap<string, Note>) => void,
): NoteKeeper {
  const key = `${NOTES[mine.side]}${mine.id}`;
  const others = NOTES[mine.side === 'sweep' ? 'worker' : 'sweep'];
  const renew = async (): Promise<void> => {
    await redis.set(key, JSON.stringify(mine.note), 'EX', NOTE_TTL_S);
    onOthers(await notesAt(redis, others));
  };
  // What goes wrong here is told by the connection.
  const tick = (): void => void renew().catch(() => {});
  tick();
  const timer = setInterval(tick, NOTE_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      if (redis.status === 'ready') await redis.del(key).catch(() => 0);
    },
  };
}

async function notesAt(redis: Redis, prefix: string): Promise<ReadonlyMap<string, Note>> {
  const notes = new Map<string, Note>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
    cursor = next;
    for (const key of keys) {
      const text = await redis.get(key);
      const note = text === null ? undefined : parseNote(text);
      if (note !== undefined) notes.set(key.slice(prefix.length), note);
    }
  } while (cursor !== '0');
  return notes;
}
