/** Certificates that a host keeps beside the blocks of a certified chain: each decides its block, or accuses the host. */
import { certificateKey, openRecord } from '../../chain/blockstore/records.ts';
import type { Header } from '../../chain/types/block.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { Storage } from '../../env/storage.ts';
import type { ChainSetup } from '../chain-setup.ts';

/**
 * What is wrong with the certificate on this disk, its signatures aside; undefined: nothing, or there is none, which recovery
 * judges. @param view after the block.
 */
export function certificateFlaw(
  { context: { rules }, suite }: Pick<ChainSetup, 'context' | 'suite'>,
  disk: Pick<Storage, 'get'>,
  { id, header, view }: { readonly id: BlockHash; readonly header: Header; readonly view: unknown },
): string | undefined {
  if (!rules.isCertified) return undefined;
  const key = certificateKey(header.height, id);
  const value = disk.get(key);
  const bytes = value === undefined ? 'corrupt' : openRecord((b) => suite.sha256(b), key, value);
  if (bytes === 'corrupt') return undefined;
  const rejection = rules.checkCertificate(view, header, bytes);
  return rejection === undefined ? undefined : `${rejection.code}: ${rejection.fact}`;
}
