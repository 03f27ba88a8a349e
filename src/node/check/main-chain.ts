/** The ids of the main chain of a folder, from its base down: each header names its parent. */
import { decodeBase } from '../../chain/blockstore/record-codecs.ts';
import { heightRange, META, metaKey, PREFIX } from '../../chain/blockstore/records.ts';
import { linkOfBase } from '../../chain/ledger/batches.ts';
import type { Link } from '../../chain/ledger/fold.ts';
import type { Header } from '../../chain/types/block.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import { type BlockHash, blockHash } from '../../chain/types/units.ts';
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { CheckContext } from './check-context.ts';

const ID_BYTES = 32;
/** Heights between two looks at signals. */
const STEP_HEIGHTS = 1_024;

/** What the folder says of its main chain. */
export interface MainChain {
  /** Height of the base. */
  readonly base: number;
  /** As its record says; undefined: the record is damaged. */
  readonly baseLink: Link<unknown> | undefined;
  /** Up to the base; undefined: no record that is whole names it. */
  idAt(at: number): BlockHash | undefined;
}

/** @param lowest the height where the chain of this folder begins. */
export async function readMainChain(context: CheckContext, lowest: number): Promise<MainChain | undefined> {
  const { store, config } = context.parts;
  const payload = store.read(metaKey(META.base));
  const stated = payload === undefined || payload === 'corrupt' ? undefined : decodeBase(payload);
  const baseLink =
    stated === undefined || payload === undefined || payload === 'corrupt'
      ? undefined
      : linkOfBase(config.rules, payload, store.sha256);
  const top = baseLink === undefined ? highestHeader(context) : baseLink;
  if (top === undefined) return undefined;
  const base = top.header.height;
  // Hexadecimal text would take four times the room: 32 MB a million blocks.
  const ids = new Uint8Array(ID_BYTES * (base + 1));
  const put = (at: number, id: BlockHash): void => ids.set(hexToBytes(id) ?? [], ID_BYTES * at);
  const idAt = (at: number): BlockHash | undefined => {
    const bytes = ids.subarray(ID_BYTES * at, ID_BYTES * (at + 1));
    return bytes.some((byte) => byte !== 0) ? blockHash(bytesToHex(bytes)) : undefined;
  };
  put(base, top.id);
  for (let at = base; at > lowest; at--) {
    const header = headerAt(context, at, idAt(at));
    const parent = header?.parent ?? idOfHeader(context, at - 1);
    if (parent !== undefined) put(at - 1, parent);
    if (at % STEP_HEIGHTS === 0) await context.step(`following the chain: height ${at}`);
  }
  return { base, baseLink, idAt };
}

/** The header of that id, from its own record or from its block. */
export function headerAt(
  { parts: { store } }: CheckContext,
  at: number,
  id: BlockHash | undefined,
): Header | undefined {
  const stored = store.headerAt(at);
  const isWhole = stored !== undefined && stored !== 'corrupt';
  if (isWhole && (id === undefined || blockId(stored, store.sha256) === id)) return stored;
  const block = id === undefined ? undefined : store.block(at, id);
  return block === undefined || block === 'corrupt' ? undefined : block.header;
}

function idOfHeader({ parts: { store } }: CheckContext, at: number): BlockHash | undefined {
  const stored = store.headerAt(at);
  return stored === undefined || stored === 'corrupt' ? undefined : blockId(stored, store.sha256);
}

/** Headers are written with the base: the highest is its. */
function highestHeader({
  parts: { store },
  storage,
}: CheckContext): { readonly id: BlockHash; readonly header: Header } | undefined {
  for (const { key } of storage.scan(heightRange(PREFIX.header, 0, undefined), 1, true)) {
    const header = store.headerAt(heightOfHeaderKey(key));
    if (header !== undefined && header !== 'corrupt') return { id: blockId(header, store.sha256), header };
  }
  return undefined;
}

function heightOfHeaderKey(key: Uint8Array): number {
  return key.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
}
