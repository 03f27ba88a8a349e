/** Serves what other nodes ask to catch up: headers after a locator, blocks by id, and parts of what is longer than an answer. */
import { assertNever } from '../../env/assert.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeLimits } from '../node-config.ts';
import type { PeerFault } from '../peers/fault.ts';
import { fitsAnswer, partOf } from '../peers/partial-body.ts';
import type { Peer } from '../peers/peer.ts';
import type { Block, Header } from '../types/block.ts';
import { blockLayout } from '../types/block-codec.ts';
import { headerLayout } from '../types/header-codec.ts';
import type { HeadClaim, Message, SyncRequestMessage, SyncResponseMessage } from '../types/message.ts';
import {
  HEADER_JSON_MAX_BYTES,
  LOCATOR_IDS_MAX,
  PART_MAX_BYTES,
  SYNC_BLOCKS_MAX,
} from '../types/message-codec.ts';
import type { BlockHash } from '../types/units.ts';

/** No header has less as JSON: eight hashes and the names of its fields. */
const HEADER_JSON_LEAST = 700;

/** What serving needs of the node. */
export interface SyncServerPorts {
  readonly limits: NodeLimits;
  readonly ledger: Pick<Ledger<unknown>, 'block' | 'certificate' | 'headersAfter' | 'snapshotItem'>;
  /** As ConsensusRules.isCertified. */
  readonly isCertified: boolean;
  readonly head: () => HeadClaim;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  /** A body that waits for its signatures, or for its parent: who fetches it in parts goes on. */
  waiting(id: BlockHash): Block | undefined;
  /** A block that the engine has and that is not decided. */
  undecided(id: BlockHash): Block | undefined;
}

type Want = SyncRequestMessage['want'];
type Result = SyncResponseMessage['result'];

/** Answers one request; a peer that asks for too much is scored and not answered. */
export function serveSync(ports: SyncServerPorts, peer: Peer, request: SyncRequestMessage): void {
  const { want, requestId } = request;
  const result = resultOf(ports, want);
  if (result === 'overLimit') ports.fault(peer, 'OVER_LIMIT');
  else ports.send(peer, { kind: 'SyncResponse', requestId, head: ports.head(), result });
}

function resultOf(ports: SyncServerPorts, want: Want): Result | 'overLimit' {
  const { ledger } = ports;
  switch (want.kind) {
    case 'headers':
      return want.locator.length > LOCATOR_IDS_MAX ? 'overLimit' : headersOf(ports, want);
    case 'blocks':
      return want.ids.length > SYNC_BLOCKS_MAX ? 'overLimit' : blocksOf(ports, want.ids);
    case 'snapshot':
      return snapshotPartOf(ledger, want);
    case 'part': {
      const { id, offset } = want;
      const block = ledger.block(id) ?? ports.waiting(id) ?? ports.undecided(id);
      if (block === undefined) return { kind: 'part', id, offset, size: 0, bytes: '' };
      const part = partOf(block, ledger.certificate(id), offset);
      return part === undefined ? 'overLimit' : { kind: 'part', id, ...part };
    }
    default:
      return assertNever(want);
  }
}

function headersOf({ ledger, limits }: SyncServerPorts, want: Extract<Want, { kind: 'headers' }>): Result {
  const most = Math.min(
    want.limit,
    limits.syncHeadersMax,
    Math.ceil(limits.answerBytesMax / HEADER_JSON_LEAST),
  );
  const found = ledger.headersAfter(want.locator, most);
  if (found.isBelow) return { kind: 'unavailable' };
  const headers = found.headers.slice(0, countWithin(found.headers, limits));
  // Bodies bring them: without the set of its height a certificate proves nothing of a header.
  return { kind: 'headers', headers, certificates: headers.map(() => '') };
}

/** As many as one answer carries, or the first part of the first one. */
function blocksOf({ ledger, limits, isCertified }: SyncServerPorts, ids: readonly BlockHash[]): Result {
  const blocks: Block[] = [];
  const certificates: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    if (blocks.length >= limits.syncBlocksMax) break;
    const block = ledger.block(id);
    if (block === undefined) continue;
    const certificate = ledger.certificate(id);
    // The disk has lost it: nobody believes such a block.
    if (isCertified && certificate === '') continue;
    if (blocks.length === 0 && !fitsAnswer(block, certificate, limits.answerBytesMax)) {
      const part = partOf(block, certificate, 0);
      if (part !== undefined) return { kind: 'part', id, ...part };
    }
    bytes += blockLayout.jsonSize(block) + certificate.length;
    if (bytes > limits.answerBytesMax) break;
    blocks.push(block);
    certificates.push(certificate);
  }
  return { kind: 'blocks', blocks, certificates };
}

/** The bytes of an item from that place on, as many as one answer carries. */
function snapshotPartOf(
  ledger: SyncServerPorts['ledger'],
  { id, item, offset }: Extract<Want, { kind: 'snapshot' }>,
): Result | 'overLimit' {
  const bytes = ledger.snapshotItem(id, item);
  if (bytes === undefined) return { kind: 'unavailable' };
  if (offset >= bytes.length) return 'overLimit';
  const part = bytes.subarray(offset, offset + PART_MAX_BYTES);
  return { kind: 'snapshot', size: bytes.length, bytes: bytesToHex(part) };
}

/** How many headers pass before they fill an answer; the one that fills it included. */
function countWithin(headers: readonly Header[], limits: NodeLimits): number {
  let bytes = 0;
  let count = 0;
  while (count < headers.length && bytes < fullBytes(limits)) {
    bytes += headerLayout.jsonSize(headers[count] as Header);
    count++;
  }
  return count;
}

/** From here on an answer takes no further header: it might become longer than it may be. */
function fullBytes(limits: NodeLimits): number {
  return limits.answerBytesMax - HEADER_JSON_MAX_BYTES;
}

/** True when the response may have been cut: it holds all that was asked for, or all that one answer carries. */
export function isCut(headers: readonly Header[], limits: NodeLimits): boolean {
  let bytes = 0;
  for (const header of headers) bytes += headerLayout.jsonSize(header);
  return headers.length >= limits.syncHeadersMax || bytes >= fullBytes(limits);
}
