/** Serves what other nodes ask to catch up: headers after a locator, and blocks by id, within limits. */
import { bytesToHex } from '../../env/bytes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeLimits } from '../node-config.ts';
import type { PeerFault } from '../peers/fault.ts';
import type { Peer } from '../peers/peer.ts';
import type { Block } from '../types/block.ts';
import { blockSizeBytes } from '../types/block-codec.ts';
import type { HeadClaim, Message, SyncRequestMessage, SyncResponseMessage } from '../types/message.ts';
import { LOCATOR_IDS_MAX, SNAPSHOT_PART_MAX_BYTES, SYNC_BLOCKS_MAX } from '../types/message-codec.ts';

/** What serving needs of the node. */
export interface SyncServerPorts {
  readonly limits: NodeLimits;
  readonly ledger: Ledger<unknown>;
  /** As ConsensusRules.isCertified. */
  readonly isCertified: boolean;
  readonly head: () => HeadClaim;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
}

/** Answers one request; a peer that asks for too much is scored and not answered. */
export function serveSync(ports: SyncServerPorts, peer: Peer, request: SyncRequestMessage): void {
  const { want, requestId } = request;
  const { ledger, limits } = ports;
  let result: SyncResponseMessage['result'];
  if (want.kind === 'headers') {
    if (want.locator.length > LOCATOR_IDS_MAX) {
      ports.fault(peer, 'OVER_LIMIT');
      return;
    }
    const found = ledger.headersAfter(want.locator, Math.min(want.limit, limits.syncHeadersMax));
    if (found.isBelow) {
      ports.send(peer, {
        kind: 'SyncResponse',
        requestId,
        head: ports.head(),
        result: { kind: 'unavailable' },
      });
      return;
    }
    const { headers } = found;
    // Bodies bring them: without the set of its height a certificate proves nothing of a header.
    result = { kind: 'headers', headers, certificates: headers.map(() => '') };
  } else if (want.kind === 'snapshot') {
    const found = partOf(ledger, want);
    if (found === 'beyond') {
      ports.fault(peer, 'OVER_LIMIT');
      return;
    }
    result = found;
  } else {
    if (want.ids.length > SYNC_BLOCKS_MAX) {
      ports.fault(peer, 'OVER_LIMIT');
      return;
    }
    const blocks: Block[] = [];
    const certificates: string[] = [];
    let bytes = 0;
    for (const id of want.ids) {
      if (blocks.length >= limits.syncBlocksMax) break;
      const block = ledger.block(id);
      if (block === undefined) continue;
      const certificate = ledger.certificate(id);
      // The disk has lost it: nobody believes such a block.
      if (ports.isCertified && certificate === '') continue;
      bytes += blockSizeBytes(block) + certificate.length / 2;
      if (bytes > limits.syncResponseBytesMax && blocks.length > 0) break;
      blocks.push(block);
      certificates.push(certificate);
    }
    result = { kind: 'blocks', blocks, certificates };
  }
  ports.send(peer, { kind: 'SyncResponse', requestId, head: ports.head(), result });
}

/** The bytes of an item from that place on, as many as one answer carries. */
function partOf(
  ledger: Ledger<unknown>,
  { id, item, offset }: Extract<SyncRequestMessage['want'], { kind: 'snapshot' }>,
): SyncResponseMessage['result'] | 'beyond' {
  const bytes = ledger.snapshotItem(id, item);
  if (bytes === undefined) return { kind: 'unavailable' };
  if (offset >= bytes.length) return 'beyond';
  const part = bytes.subarray(offset, offset + SNAPSHOT_PART_MAX_BYTES);
  return { kind: 'snapshot', size: bytes.length, bytes: bytesToHex(part) };
}
