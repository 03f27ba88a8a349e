/** Serves what other nodes ask to catch up: headers after a locator, and blocks by id, within limits. */
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeLimits } from '../node-config.ts';
import type { PeerFault } from '../peers/fault.ts';
import type { Peer } from '../peers/peer.ts';
import type { Block } from '../types/block.ts';
import { blockSizeBytes } from '../types/block-codec.ts';
import type { HeadClaim, Message, SyncRequestMessage, SyncResponseMessage } from '../types/message.ts';

/** Distances in a locator double: 64 reach any height. */
const LOCATOR_IDS_MAX = 96;
/** Ids of one request: more than any honest node asks for. */
const REQUEST_IDS_MAX = 256;

/** What serving needs of the node. */
export interface SyncServerPorts {
  readonly limits: NodeLimits;
  readonly ledger: Ledger<unknown>;
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
    result = { kind: 'headers', headers: found.headers, certificates: found.certificates };
  } else {
    if (want.ids.length > REQUEST_IDS_MAX) {
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
      bytes += blockSizeBytes(block) + certificate.length / 2;
      if (bytes > limits.syncResponseBytesMax && blocks.length > 0) break;
      blocks.push(block);
      certificates.push(certificate);
    }
    result = { kind: 'blocks', blocks, certificates };
  }
  ports.send(peer, { kind: 'SyncResponse', requestId, head: ports.head(), result });
}
