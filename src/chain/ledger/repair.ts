/** Repair: a block from a peer takes the place of one that the disk lost. Its id, which is known, vouches for every byte. */
import type { WriteOp } from '../../env/storage.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { blockKey, certificateKey } from '../blockstore/records.ts';
import { NO_SLOT, NODE } from '../blockstore/tree.ts';
import type { Block } from '../types/block.ts';
import { encodeBlock } from '../types/block-codec.ts';
import type { CertificateRejection } from '../types/rejection.ts';
import type { BlockHash } from '../types/units.ts';
import { certificateInChild, isCertificateLost, parentCertificateOps } from './certificates.ts';
import type { Chain } from './chain.ts';
import { entriesOf } from './fold.ts';

/**
 * Writes a lost block of the main chain, or of an executed branch, back to the disk. `notLost`: it was not lost, or is not
 * yet executed and takes the way of every import. A rejection: its certificate is lost too, and this is none.
 */
export function repairBlock<View>(
  chain: Chain<View>,
  id: BlockHash,
  block: Block,
  certificate: string,
): 'repaired' | 'notLost' | CertificateRejection {
  if (!chain.missing.has(id)) return 'notLost';
  const slot = chain.tree.slotOf(id);
  const { height } = block.header;
  if (slot === NO_SLOT ? height >= chain.floor : chain.tree.statusOf(slot) !== NODE.executed)
    return 'notLost';
  if (chain.fold.checkBody(block) !== undefined) return 'notLost';
  const { store, batches } = chain;
  const ops: WriteOp[] = [store.put(blockKey(height, id), encodeBlock(block))];
  const certified = certificateOps(chain, slot, id, block, certificate);
  if ('code' in certified) return certified;
  ops.push(...certified, ...parentCertificateOps(chain, block));
  const onMain = slot === NO_SLOT || (chain.isMain(slot) && height <= chain.base.header.height);
  if (onMain) {
    ops.push(batches.headerOp(block.header), batches.heightOp(id, height));
    ops.push(...batches.indexOps(height, entriesOf(block, chain.receiptsOf(height))));
  }
  store.write(batchOf(ops));
  store.remember(id, block);
  for (const { key } of ops) store.repaired(key);
  chain.missing.delete(id);
  return 'repaired';
}

/** What becomes of the certificate of a block that is written anew. */
function certificateOps<View>(
  chain: Chain<View>,
  slot: number,
  id: BlockHash,
  block: Block,
  certificate: string,
): readonly WriteOp[] | CertificateRejection {
  const { height } = block.header;
  const { batches, store } = chain;
  // Its signatures were checked on the parent's view, where that is here.
  const isJudged = chain.rules.isCertified
    ? slot !== NO_SLOT && chain.tree.parentOf(slot) !== NO_SLOT
    : slot !== NO_SLOT && certificate !== '';
  const why = isJudged ? chain.fold.checkCertificate(chain.tree.item(slot), certificate) : undefined;
  if (isJudged && why === undefined) return [batches.certificate(height, id, certificate)];
  if (!chain.rules.isCertified) {
    const key = certificateKey(height, id);
    return store.isReported(key) ? [{ kind: 'delete', key }] : [];
  }
  if (!isCertificateLost(chain, height, id)) return [];
  const inChild = certificateInChild(chain, height);
  if (inChild !== '') return [batches.certificate(height, id, inChild)];
  // Deeper down the view that judges it is gone: the child, when it comes, brings it.
  return why ?? [];
}
