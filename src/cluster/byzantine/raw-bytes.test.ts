import { describe, expect, it } from 'vitest';
import { createMessageCodec } from '../../chain/types/message-codec.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { RawBytes } from './raw-bytes.ts';

describe('raw bytes', () => {
  const raw = new RawBytes();
  const honest = createMessageCodec();
  const codec = raw.codec(honest);
  const noise = Uint8Array.of(1, 2, 3);

  it('leave as they are, and are known as such', () => {
    const message = raw.message(noise);
    expect([raw.isRaw(message), codec.encode(message), codec.byteLength(message)]).toEqual([true, noise, 3]);
    expect(codec.fingerprint(message)).not.toBe(codec.fingerprint(raw.message(Uint8Array.of(1, 2, 4))));
    expect(isDecodeRejection(codec.decode(codec.encode(message)))).toBe(true);
  });

  it('change nothing of other messages', () => {
    const message = { kind: 'Consensus', body: 'ab' } as const;
    expect(raw.isRaw(message)).toBe(false);
    expect(codec.encode(message)).toEqual(honest.encode(message));
    expect(codec.fingerprint(message)).toBe(honest.fingerprint(message));
  });
});
