/** What the database of a node says of itself: its chain, how far it is, and whether it is whole or of an earlier time. */
import {
  decodeBase,
  decodeFormat,
  decodeHead,
  decodeHeightOf,
  decodeTime,
} from '../../chain/blockstore/record-codecs.ts';
import { META, metaKey, openRecord, STORE_FORMAT } from '../../chain/blockstore/records.ts';
import type { Sha256 } from '../../chain/crypto/sha256.ts';
import { decodeHeader } from '../../chain/types/header-codec.ts';
import { isRejection } from '../../chain/types/rejection.ts';
import { type BlockHash, type Height, height } from '../../chain/types/units.ts';
import type { Storage } from '../../env/storage.ts';
import type { UnixMs } from '../../env/units.ts';
import type { FileProblem } from '../file-problem.ts';

/** A place in a chain. */
export interface ChainPlace {
  readonly height: Height;
  readonly id: BlockHash;
}

/** From records that passed their checks. */
export interface FolderFacts {
  /** Layout of the records. */
  readonly format: number;
  /** The id of block 0. */
  readonly chain: BlockHash;
  /** The newest block of the main chain. */
  readonly head: ChainPlace;
  /** Where the flat state stands. */
  readonly base: ChainPlace;
  /** The block of the snapshot that the chain of this folder begins with; undefined: genesis. */
  readonly origin: ChainPlace | undefined;
  /** Bodies below were deleted by its own setting; 0: none. */
  readonly prunedBelow: number;
  /** Undefined: never restored. */
  readonly restoredMs: UnixMs | undefined;
}

/** @param folder as it is told. */
export function factsOf(
  storage: Pick<Storage, 'get'>,
  sha256: Sha256,
  folder: string,
): FolderFacts | FileProblem {
  function read<T>(name: number, decode: (payload: Uint8Array) => T | undefined): T | undefined | 'damaged' {
    const key = metaKey(name);
    const value = storage.get(key);
    if (value === undefined) return undefined;
    const payload = openRecord(sha256, key, value);
    return payload === 'corrupt' ? 'damaged' : (decode(payload) ?? 'damaged');
  }
  const format = read(META.format, decodeFormat);
  const base = read(META.base, basePlace);
  const head = read(META.head, decodeHead);
  const origin = read(META.origin, decodeHead);
  const pruned = read(META.pruned, decodeHeightOf);
  const restoredMs = read(META.restored, decodeTime);
  if (format === undefined)
    return problem(folder, 'it has no chain', 'the data folder of a node that has run');
  if (
    format === 'damaged' ||
    base === 'damaged' ||
    base === undefined ||
    head === 'damaged' ||
    origin === 'damaged' ||
    pruned === 'damaged' ||
    restoredMs === 'damaged'
  )
    return {
      code: 'DAMAGED',
      what: `${folder}: records that name its chain are damaged`,
      advice: 'aureon check --repair, or a backup',
    };
  if (format.format > STORE_FORMAT)
    return problem(
      folder,
      `its layout ${format.format} is newer than this code`,
      'a later version of aureon',
    );
  const chain = format.genesisId;
  return {
    format: format.format,
    chain,
    head: head ?? base,
    base,
    origin,
    prunedBelow: pruned ?? 0,
    restoredMs,
  };
}

function basePlace(payload: Uint8Array): ChainPlace | undefined {
  const base = decodeBase(payload);
  const header = base === undefined ? undefined : decodeHeader(base.header);
  if (base === undefined || header === undefined || isRejection(header)) return undefined;
  return { id: base.id, height: height(header.height) };
}

function problem(folder: string, why: string, advice: string): FileProblem {
  return { code: 'MALFORMED', what: `${folder}: ${why}`, advice };
}
