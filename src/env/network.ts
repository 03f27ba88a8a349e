/** Connections between hosts: ordered streams of messages, and the codec that both worlds are given. */
import type { Address, ConnectionId } from './units.ts';

/** The largest encoded message: 8 MiB. A codec refuses more on decode; sending more is an assertion. */
export const MESSAGE_MAX_BYTES = 8 * 1024 * 1024;
/** What one connection may have queued for sending: 16 MiB. Past it `send` answers 'full'. */
export const SEND_QUEUE_MAX_BYTES = 16 * 1024 * 1024;

/** Why no connection came of a dial. */
export type DialFailure = 'refused' | 'unreachable' | 'timeout' | 'self' | 'limit';

/** Why a connection ended. `closed`: the peer closed it in order; `local`: this program did. */
export type DisconnectReason = 'closed' | 'local' | 'reset' | 'timeout' | 'malformed';

/** Why bytes from a peer are no message. `code` is stable; `detail` is for people and never compared. */
export interface DecodeRejection {
  readonly code:
    | 'TOO_LARGE'
    | 'NOT_JSON'
    | 'NOT_CANONICAL'
    | 'UNKNOWN_KIND'
    | 'UNKNOWN_FIELD'
    | 'MISSING_FIELD'
    | 'DUPLICATE_FIELD'
    | 'BAD_FIELD'
    | 'TRAILING_BYTES'
    | 'TRUNCATED'
    | 'OUT_OF_RANGE';
  readonly detail: string;
}

/** What a program learns of a new connection. */
export interface ConnectionInfo {
  readonly direction: 'in' | 'out';
  /** Where the bytes come from. An inbound remote address need not be one that can be dialed. */
  readonly remote: Address;
  /** The address that this side dialed; absent when inbound. */
  readonly dialed?: Address;
}

/**
 * Ordered streams. On one connection messages arrive in the order sent, each at most once, each whole; what was
 * sent before a disconnect may be lost, always a suffix. A connection is not an identity: two hosts that dial
 * each other get two connections. No call re-enters the program.
 */
export interface Network<M> {
  /**
   * Exactly one of onConnected / onDialFailed follows for each call, as a later event, unless the boot ends first.
   * Dialing an address twice makes two connections.
   */
  dial(address: Address): void;
  /**
   * Queues the message, which is deeply readonly from now on and may be shared by reference with its receiver.
   * `full`: nothing was queued, since the queue would hold more than SEND_QUEUE_MAX_BYTES; onWritable follows once.
   * `closed`: the connection is gone, or was closed by this side. Waits for no flush.
   */
  send(to: ConnectionId, message: M): 'queued' | 'full' | 'closed';
  /**
   * `afterQueued` sends what is queued first; `now` drops it. onDisconnected follows with 'local' as a later event,
   * exactly once; nothing is delivered from this connection after the call. Unknown ids are ignored.
   * @param reason stands in the trace.
   */
  close(c: ConnectionId, how: 'afterQueued' | 'now', reason: string): void;
}

/**
 * How messages become bytes. Given to the simulator and to TCP alike: size for bandwidth, bytes for corruption,
 * fingerprint for the trace. Pure: equal messages give equal bytes, sizes and fingerprints.
 */
export interface Codec<M> {
  /** The canonical bytes, at most `messageMaxBytes`. */
  encode(m: M): Uint8Array;
  /** The message, or why it is none. Never throws, whatever the bytes; reads no further than `messageMaxBytes`. */
  decode(b: Uint8Array): M | DecodeRejection;
  /** Length of `encode(m)`, without encoding. */
  byteLength(m: M): number;
  /** An unsigned 32-bit integer that depends on the whole content. */
  fingerprint(m: M): number;
  /** A small closed set of names: the stream of per-message draws, and the word in a trace. */
  kind(m: M): string;
  readonly messageMaxBytes: number;
}

/** True when `decode` answered a rejection. */
export function isDecodeRejection(value: unknown): value is DecodeRejection {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}
