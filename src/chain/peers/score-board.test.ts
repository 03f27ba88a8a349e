import { describe, expect, it } from 'vitest';
import { address } from '../../env/units.ts';
import { publicKey } from '../types/units.ts';
import { FORGIVE_POINT_MS, PENALTY } from './fault.ts';
import { ScoreBoard } from './score-board.ts';

const peer = (i: number) => publicKey(i.toString(16).padStart(64, '0'));
const limits = { banScore: 100, banDurationMs: 1_000, bannedMax: 3 };

describe('ScoreBoard', () => {
  it('adds up faults and forgives them with time', () => {
    const board = new ScoreBoard(limits);
    board.add(peer(1), PENALTY.INVALID_HEADER, 0);
    expect(board.add(peer(1), PENALTY.INVALID_HEADER, 0)).toBe(2 * PENALTY.INVALID_HEADER);
    expect(board.score(peer(1), 10 * FORGIVE_POINT_MS)).toBe(2 * PENALTY.INVALID_HEADER - 10);
    expect(board.score(peer(1), 1_000 * FORGIVE_POINT_MS)).toBe(0);
  });

  it('ends a ban by itself, of the identity and of the dialed address', () => {
    const board = new ScoreBoard(limits);
    const where = address('somewhere');
    board.ban(peer(1), where, 500);
    expect([board.isBanned(peer(1), 1_499), board.isBannedAddress(where, 1_499)]).toEqual([true, true]);
    expect([board.isBanned(peer(1), 1_500), board.isBannedAddress(where, 1_500)]).toEqual([false, false]);
  });

  it('bans no address that was not dialed: anybody can state one', () => {
    const board = new ScoreBoard(limits);
    board.ban(peer(1), undefined, 0);
    expect(board.bounds().map((bound) => bound.size)).toEqual([0, 1, 0]);
  });

  it('keeps every collection within its bound; the oldest ban gives way', () => {
    const board = new ScoreBoard(limits);
    for (let i = 0; i < 3_000; i++) board.add(peer(i), 1, 0);
    for (let i = 0; i < 10; i++) board.ban(peer(i), address(`a${i}`), 0);
    for (const bound of board.bounds()) expect(bound.size).toBeLessThanOrEqual(bound.max);
    expect([board.isBanned(peer(0), 1), board.isBanned(peer(9), 1)]).toEqual([false, true]);
  });
});
