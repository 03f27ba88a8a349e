/** What the database of a validator says of its signatures, read by the core's own code; a process of its own, for a broken file may end it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openRecord, PREFIX, prefixRange } from '../../src/chain/blockstore/records.ts';
import { decodePosMessage } from '../../src/chain/consensus/pos/messages.ts';
import { type Promised, Promises } from '../../src/chain/consensus/pos/promises.ts';
import { SignGuard } from '../../src/chain/consensus/pos/sign-guard.ts';
import { height } from '../../src/chain/types/units.ts';
import { bytesToHex, compareBytes, hexToBytes } from '../../src/env/bytes.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import type { Entry, KeyRange } from '../../src/env/storage.ts';
import { createNativeSuite } from '../../src/lab/native-suite.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';

/** More than a validator keeps. */
const RECORDS_MAX = 65_536;
/** Of newGenesis: what a validator without its records waits. */
const SAFE_HEIGHTS = 2;
const ITSELF = fileURLToPath(import.meta.url);

/** The engine's records of one database. */
export class SignRecords {
  readonly #entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /**
   * Whether this validator, started on these records, may contradict what it said.
   * @param head height of the newest block that the node has when it starts.
   * @returns why it may; undefined: it may not.
   */
  gapFor(said: Promised, head: number): string | undefined {
    const at = height(head + 1);
    const { height: of, round } = said.kind === 'vote' ? said.vote : said.proposal;
    // Of a height that is decided nothing is signed any more.
    if (of < at) return undefined;
    const promises = new Promises(this.#port());
    const { hasMarker, hasCorrupt, highest } = promises.recover(at);
    const guard = new SignGuard({
      height: at,
      isComplete: hasMarker,
      hasCorrupt,
      highest,
      safeHeights: SAFE_HEIGHTS,
    });
    if (of > at || !guard.maySign(of)) {
      return guard.maySign(of) ? `${nameOf(said)}: nothing keeps it from signing in height ${of}` : undefined;
    }
    const kind = said.kind === 'proposal' ? 'proposal' : said.vote.type === 1 ? 'prevote' : 'precommit';
    const found = promises.recorded(round, kind)?.message;
    if (found === undefined) return `${nameOf(said)}: it was said, and there is no record of it`;
    return contentOf(found) === contentOf(said)
      ? undefined
      : `${nameOf(said)}: the record says ${contentOf(found)}`;
  }

  /** Votes and proposals of all heights. */
  all(): readonly Promised[] {
    return this.#entries.flatMap(({ value }) => {
      const message = decodePosMessage(value);
      const isPromise =
        !isDecodeRejection(message) && (message.kind === 'vote' || message.kind === 'proposal');
      return isPromise ? [message] : [];
    });
  }

  #port(): ConstructorParameters<typeof Promises>[0] {
    return {
      restoredMs: undefined,
      read: ({ start, end }: KeyRange) =>
        this.#entries.filter(
          ({ key }) => compareBytes(key, start) >= 0 && (end === undefined || compareBytes(key, end) < 0),
        ),
      record() {
        throw new Error('who reads records writes none');
      },
    };
  }
}

/** The same slot, and not the same signed content: what nobody may ever show of this validator. */
export function contradicts(a: Promised, b: Promised): boolean {
  return nameOf(a) === nameOf(b) && contentOf(a) !== contentOf(b);
}

/** Height, round and kind. */
export function nameOf(said: Promised): string {
  if (said.kind === 'proposal')
    return `proposal of height ${said.proposal.height}, round ${said.proposal.round}`;
  const { type, height: at, round } = said.vote;
  return `${type === 1 ? 'prevote' : 'precommit'} of height ${at}, round ${round}`;
}

/** All that is signed. */
function contentOf(said: Promised): string {
  return JSON.stringify(said.kind === 'proposal' ? said.proposal : said.vote);
}

/** The records of each of these databases; text: why one could not be read. */
export function readSignRecords(databases: readonly string[]): readonly (SignRecords | string)[] {
  return databases.map((database) => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [ITSELF, database], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) return `${signal ?? `code ${status}`}: ${stderr.slice(0, 500)}`;
    const entries: { key: string; value: string }[] = JSON.parse(stdout);
    return new SignRecords(entries.map(({ key, value }) => ({ key: bytesIn(key), value: bytesIn(value) })));
  });
}

function bytesIn(hex: string): Uint8Array {
  return hexToBytes(hex) ?? new Uint8Array(0);
}

/** As the node's engine reads them: without the prefix, and empty where the checksum is not right. */
async function print(database: string): Promise<void> {
  const storage = openLmdbStorage(database, (run) => run());
  const suite = createNativeSuite();
  const entries = storage.scan(prefixRange(PREFIX.engine), RECORDS_MAX).map(({ key, value }) => {
    const payload = openRecord((bytes) => suite.sha256(bytes), key, value);
    return { key: bytesToHex(key.subarray(1)), value: payload === 'corrupt' ? '' : bytesToHex(payload) };
  });
  await storage.close();
  process.stdout.write(JSON.stringify(entries));
}

if (process.argv[1] === ITSELF && process.argv[2] !== undefined) await print(process.argv[2]);
