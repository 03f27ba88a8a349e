/** Certificates on disk: which are lost, and where they come from again. The next block carries one for its parent. */
import type { WriteOp } from '../../env/storage.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { certificateKey } from '../blockstore/records.ts';
import type { Block } from '../types/block.ts';
import { type BlockHash, height } from '../types/units.ts';
import type { ChainState } from './chain-state.ts';

/** The stored certificate; '' when there is none, and when it is lost, which is reported. Hexadecimal. */
export function storedCertificate<View>(chain: ChainState<View>, at: number, id: BlockHash): string {
  const found = chain.store.certificate(at, id);
  if (found === '' && needsCertificate(chain, at)) chain.store.report(certificateKey(at, id));
  return found === 'corrupt' ? '' : found;
}

/** A certificate must stand beside the block, and what stands there is none. Reports it. */
export function isCertificateLost<View>(chain: ChainState<View>, at: number, id: BlockHash): boolean {
  if (needsCertificate(chain, at)) return storedCertificate(chain, at, id) === '';
  return chain.store.certificate(at, id) === 'corrupt';
}

/** What the next block of the main chain carries for the block at that height; '' when it is not here. */
export function certificateInChild<View>(chain: ChainState<View>, at: number): string {
  const next = chain.idAt(height(at + 1));
  const child = next === undefined ? undefined : chain.store.block(at + 1, next);
  return child === undefined || child === 'corrupt' ? '' : child.system.lastCommit;
}

/** The operation that brings back a lost certificate of the parent of a block whose last commit was checked. */
export function parentCertificateOps<View>(chain: ChainState<View>, block: Block): readonly WriteOp[] {
  const { header, system } = block;
  if (!chain.rules.isCertified || system.lastCommit === '') return [];
  const at = header.height - 1;
  if (!chain.store.isReported(certificateKey(at, header.parent))) return [];
  return [chain.batches.certificate(at, header.parent, system.lastCommit)];
}

/** Writes it. */
export function writeParentCertificate<View>(chain: ChainState<View>, block: Block): void {
  const ops = parentCertificateOps(chain, block);
  if (ops.length === 0) return;
  chain.store.write(batchOf(ops));
  for (const { key } of ops) chain.store.repaired(key);
}

/** Genesis has none, and below the snapshot that the chain began with nothing is here. */
function needsCertificate<View>(chain: ChainState<View>, at: number): boolean {
  return chain.rules.isCertified && at > 0 && at >= chain.origin;
}
