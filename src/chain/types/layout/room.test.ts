import { describe, expect, it } from 'vitest';
import { roomFor } from './room.ts';

describe('Room for encoded values', () => {
  it('is of the length asked for, zero, and shared with no other value', () => {
    const lengths = Array.from({ length: 400 }, (_, i) => (i * 37) % 1_100);
    const rooms = lengths.map((length, i) => {
      const room = roomFor(length);
      expect(room).toEqual(new Uint8Array(length));
      return room.fill(i % 256);
    });
    for (const [i, room] of rooms.entries()) {
      expect(room).toEqual(new Uint8Array(lengths[i] as number).fill(i % 256));
    }
  });
});
