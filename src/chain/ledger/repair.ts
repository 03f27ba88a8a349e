/** Repair: a block from a peer takes the place of one that the disk lost. Its id, which is known, vouches for every byte. */
import type { WriteOp } from '../../env/storage.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { blockKey, certificateKey } from '../blockstore/records.ts';
import { NO_SLOT, NODE } from '../blockstore/tree.ts';
import type { Block } from '../types/block.ts';
import { encodeBlock } from '../types/block-codec.ts';
import type { BlockHash } from '../types/units.ts';
import type { Chain } from './chain.ts';
import { entriesOf } from './fold.ts';

/**
 * Writes a lost block of the main chain, or of an executed branch, back to the disk. False: the block was not lost, or
 * is not yet executed and takes the way of every import.
 */
export function repairBlock<View>(
  chain: Chain<View>,
  id: BlockHash,
  block: Block,
  certificate: string,
): boolean {
  if (!chain.missing.has(id)) return false;
  const slot = chain.tree.slotOf(id);
  const { height } = block.header;
  if (slot === NO_SLOT ? height >= chain.floor : chain.tree.statusOf(slot) !== NODE.executed) return false;
  if (chain.fold.checkBody(block) !== undefined) return false;
  const { store, batches } = chain;
  const ops: WriteOp[] = [store.put(blockKey(height, id), encodeBlock(block))];
  if (certificate !== '' && slot !== NO_SLOT && certifies(chain, slot, certificate)) {
    ops.push(batches.certificate(height, id, certificate));
  } else if (store.isReported(certificateKey(height, id))) {
    ops.push({ kind: 'delete', key: certificateKey(height, id) });
  }
  const onMain = slot === NO_SLOT || (chain.isMain(slot) && height <= chain.base.header.height);
  if (onMain) {
    ops.push(batches.headerOp(block.header), batches.heightOp(id, height));
    ops.push(...batches.indexOps(height, entriesOf(block, chain.receiptsOf(height))));
  }
  store.write(batchOf(ops));
  store.remember(id, block);
  for (const { key } of ops) store.repaired(key);
  chain.missing.delete(id);
  return true;
}

function certifies<View>(chain: Chain<View>, slot: number, certificate: string): boolean {
  return chain.fold.checkCertificate(chain.tree.item(slot), certificate) === undefined;
}
