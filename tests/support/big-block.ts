/** Blocks of any size for tests of how bodies travel: their bytes are evidence, which the toy engine does not judge. */
import type { Block, SystemData } from '../../src/chain/types/block.ts';
import { systemRoot, transactionsRoot } from '../../src/chain/types/block-codec.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { SAMPLE_HEADERS } from '../vectors/samples.ts';

/** As much as one item of evidence may hold. */
const ITEM_MAX_BYTES = 65_536;

/** So many bytes that do not repeat, so that a part in the wrong place shows. */
export function systemOf(sizeBytes: number): SystemData {
  const evidence: string[] = [];
  for (let left = sizeBytes; left > 0; left -= ITEM_MAX_BYTES) {
    const item = new Uint8Array(Math.min(left, ITEM_MAX_BYTES));
    for (let i = 0; i < item.length; i++) item[i] = (i * 31 + (i >>> 8) * 7 + evidence.length) & 0xff;
    evidence.push(bytesToHex(item));
  }
  return { evidence, lastCommit: '' };
}

/** A block whose body matches its header; nothing else of it is valid. */
export function bigBlock(sizeBytes: number): Block {
  const system = systemOf(sizeBytes);
  const header = {
    ...(SAMPLE_HEADERS[0] as Block['header']),
    txCount: 0,
    transactionsRoot: transactionsRoot([]),
    systemRoot: systemRoot(system),
  };
  return { header, transactions: [], system };
}
