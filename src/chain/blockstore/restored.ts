/**
 * The mark of a folder that is of an earlier time: a backup, or what was restored from one. Its engine's records do not
 * tell what the key has signed since. docs/decisions/019-storage-at-rest.md.
 */
import { bytesToHex } from '../../env/bytes.ts';
import type { Env } from '../../env/program.ts';
import type { WriteOp } from '../../env/storage.ts';
import type { UnixMs } from '../../env/units.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { ChainWorld } from '../types/command.ts';
import { decodeTime, encodeTime } from './record-codecs.ts';
import { META, metaKey, openRecord, sealRecord } from './records.ts';

/** Marks a folder; undefined: takes the mark away, by the word of somebody who knows that nothing was signed since. */
export function restoredOp(sha256: Sha256, at: UnixMs | undefined): WriteOp {
  const key = metaKey(META.restored);
  return at === undefined
    ? { kind: 'delete', key }
    : { kind: 'put', key, value: sealRecord(sha256, key, encodeTime(at)) };
}

/**
 * When the folder was last restored, by the wall clock of then; undefined: never. A mark that is damaged is one of now: the
 * latest that it can be.
 */
export function readRestored(
  env: Pick<Env<ChainWorld>, 'storage' | 'crypto' | 'clock' | 'emit'>,
): UnixMs | undefined {
  const key = metaKey(META.restored);
  const value = env.storage.get(key);
  if (value === undefined) return undefined;
  const payload = openRecord((bytes) => env.crypto.sha256(bytes), key, value);
  const at = payload === 'corrupt' ? undefined : decodeTime(payload);
  if (at === undefined) env.emit({ kind: 'CorruptionDetected', key: bytesToHex(key), record: 'meta' });
  return at ?? env.clock.wallMs();
}
