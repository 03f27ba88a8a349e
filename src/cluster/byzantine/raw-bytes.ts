/** Raw bytes on the wire: messages of a Byzantine host that no codec made, and the codec that lets them pass. */
import { sha256 } from '../../chain/crypto/sha256.ts';
import type { Message } from '../../chain/types/message.ts';
import type { Codec } from '../../env/network.ts';

/** One per run. */
export class RawBytes {
  readonly #bytes = new WeakMap<object, Uint8Array>();

  /** A message that goes as these bytes. What it is on the receiver's side they say, not its kind here. */
  message(bytes: Uint8Array): Message {
    const message: Message = { kind: 'Consensus', body: '' };
    this.#bytes.set(message, bytes);
    return message;
  }

  isRaw(message: unknown): boolean {
    return typeof message === 'object' && message !== null && this.#bytes.has(message);
  }

  /** The codec of the wire, which leaves raw bytes as they are. */
  codec(honest: Codec<Message>): Codec<Message> {
    return {
      ...honest,
      encode: (message) => this.#bytes.get(message) ?? honest.encode(message),
      byteLength: (message) => this.#bytes.get(message)?.length ?? honest.byteLength(message),
      fingerprint: (message) => {
        const bytes = this.#bytes.get(message);
        return bytes === undefined ? honest.fingerprint(message) : fingerprintOf(bytes);
      },
    };
  }
}

function fingerprintOf(bytes: Uint8Array): number {
  const digest = sha256(bytes);
  return digest.subarray(0, 4).reduce((word, byte) => ((word << 8) | byte) >>> 0, 0);
}
