/** The way to Redis: loaded only when a queue is asked for, tried before anything starts, and told when it goes away. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** An answer takes milliseconds; past this nobody is there. */
const CONNECT_MS = 5_000;
/** Between two tries to come back. */
const RETRY_MS = 1_000;

/** Redis cannot be used; the message says why, and what to do. */
class QueueError extends Error {
  readonly code = 'QUEUE';
  override readonly name = 'QueueError';
}

/** What both packages take. */
interface QueueConnection {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: object;
  readonly maxRetriesPerRequest: null;
  readonly retryStrategy: () => number | null;
}

/** Without the password: for messages. */
function shownUrl(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '…';
  return decodeURI(shown.href);
}

/** Whether whoever has connections wants to end: one that is away comes back no more, and what waits for it fails. */
export interface Ending {
  isOver: boolean;
}

/** As BullMQ and ioredis want it; commands wait for as long as Redis is away. */
export function connectionOf(url: string, ending: Ending): QueueConnection {
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  const db = pathname.slice(1);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(db === '' ? {} : { db: Number(db) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
    maxRetriesPerRequest: null,
    retryStrategy: () => (ending.isOver ? null : RETRY_MS),
  };
}

/** The two packages. @throws {QueueError} when they are not installed. */
export async function loadQueue(): Promise<{
  readonly bullmq: typeof import('bullmq');
  readonly RedisClient: typeof Redis;
}> {
  try {
    const [bullmq, { Redis: RedisClient }] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, RedisClient };
  } catch (error) {
    throw new QueueError(
      '--queue needs the packages bullmq and ioredis, which were left out when Aureon was installed: npm install bullmq ioredis',
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/**
 * A connection that answered once, and from then on comes back by itself.
 * @throws {QueueError} when nobody answers, or refuses.
 */
export async function connectRedis(
  url: string,
  ending: Ending,
  onNews: (text: string) => void,
): Promise<Redis> {
  const { RedisClient } = await loadQueue();
  await probe(RedisClient, url);
  const redis = new RedisClient(connectionOf(url, ending));
  let isAway = false;
  redis.on('error', (error) => {
    if (!isAway) onNews(`Redis at ${shownUrl(url)} went away (${reasonOf(error)}): waiting for it`);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) onNews(`Redis at ${shownUrl(url)} is back`);
    isAway = false;
  });
  return redis;
}

async function probe(RedisClient: typeof Redis, url: string): Promise<void> {
  const redis = new RedisClient({
    ...connectionOf(url, { isOver: true }),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let why: unknown;
  redis.on('error', (error) => {
    why ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw new QueueError(
      `--queue ${shownUrl(url)}: no Redis that lets us in answers there (${reasonOf(why ?? error)}); start one, or correct host, port and password`,
      { cause: error },
    );
  } finally {
    redis.disconnect();
  }
}

/** Ends what needs a Redis that is away: each is asked, and none is waited for longer than a try to come back takes. */
export async function giveUp(ends: readonly (() => Promise<unknown>)[]): Promise<void> {
  const all = Promise.allSettled(ends.map((end) => end()));
  await Promise.race([all, sleep(2 * RETRY_MS)]);
}
