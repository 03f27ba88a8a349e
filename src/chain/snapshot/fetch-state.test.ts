import { describe, expect, it } from 'vitest';
import { type PeerId, publicKey } from '../types/units.ts';
import {
  FETCH_IDLE,
  type FetchAction,
  type FetchState,
  type FetchView,
  REQUESTS_MAX,
  stepFetch,
} from './fetch-state.ts';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => publicKey(digit.repeat(64))) as [PeerId, PeerId, PeerId];
const view = (peers: readonly PeerId[], wanted: readonly number[]): FetchView => ({ peers, wanted });
const asked = (actions: readonly FetchAction[]) =>
  actions.flatMap((action) => (action.kind === 'ask' ? [[action.peer, action.item, action.offset]] : []));
const kinds = (actions: readonly FetchAction[]) => actions.map(({ kind }) => kind);

describe('the fetch of a snapshot', () => {
  it('asks every peer for another item, lowest first, and nobody for two', () => {
    const { state, actions } = stepFetch(FETCH_IDLE, { kind: 'look' }, view([A, B, C], [3, 4]));
    expect(asked(actions)).toEqual([
      [A, 3, 0],
      [B, 4, 0],
    ]);
    expect(stepFetch(state, { kind: 'look' }, view([A, B, C], [3, 4])).actions).toEqual([]);
    expect(asked(stepFetch(state, { kind: 'look' }, view([A, B, C], [3, 4, 5])).actions)).toEqual([
      [C, 5, 0],
    ]);
  });

  it('asks no more peers at once than there is memory for', () => {
    const peers = Array.from({ length: 30 }, (_, i) => publicKey(i.toString(16).padStart(64, '0')));
    const wanted = peers.map((_, i) => i + 1);
    const { state } = stepFetch(FETCH_IDLE, { kind: 'look' }, view(peers, wanted));
    expect(state.active).toHaveLength(REQUESTS_MAX);
  });

  it('asks the same peer for the next part of its item, under a new number', () => {
    const first = stepFetch(FETCH_IDLE, { kind: 'look' }, view([A], [0]));
    const next = stepFetch(first.state, { kind: 'part', requestId: 1, offset: 500 }, view([A], [0]));
    expect(next.actions).toEqual([
      { kind: 'end', requestId: 1 },
      { kind: 'ask', requestId: 2, peer: A, item: 0, offset: 500 },
    ]);
    expect(next.state.active).toHaveLength(1);
  });

  it('gives what failed to another, and says whose fault it was', () => {
    const start = stepFetch(FETCH_IDLE, { kind: 'look' }, view([A], [7])).state;
    const cases = [
      ['garbage', 'INVALID_SNAPSHOT'],
      ['unavailable', undefined],
    ] as const;
    for (const [how, fault] of cases) {
      const { state, actions } = stepFetch(start, { kind: 'ended', requestId: 1, how }, view([A, B], [7]));
      expect(actions.flatMap((action) => (action.kind === 'fault' ? [action.fault] : []))).toEqual(
        fault === undefined ? [] : [fault],
      );
      expect(asked(actions)).toEqual([[B, 7, 0]]);
      expect([...state.failed]).toEqual([A]);
    }
    const late = stepFetch(start, { kind: 'timeout', requestId: 1 }, view([A, B], [7]));
    expect(late.actions).toContainEqual({ kind: 'fault', peer: A, fault: 'STALLED' });
    const stored = stepFetch(start, { kind: 'ended', requestId: 1, how: 'stored' }, view([A], [8]));
    expect(asked(stored.actions)).toEqual([[A, 8, 0]]);
  });

  it('pauses when all have failed, and then asks them again', () => {
    const start = stepFetch(FETCH_IDLE, { kind: 'look' }, view([A], [7])).state;
    const stuck = stepFetch(start, { kind: 'ended', requestId: 1, how: 'unavailable' }, view([A], [7]));
    expect(kinds(stuck.actions)).toEqual(['end', 'pause']);
    expect(asked(stepFetch(stuck.state, { kind: 'forgive' }, view([A], [7])).actions)).toEqual([[A, 7, 0]]);
  });

  it('forgets the failure of a peer that went: it may come back better', () => {
    const start = stepFetch(FETCH_IDLE, { kind: 'look' }, view([A, B], [7, 8])).state;
    const failed: FetchState = { ...start, failed: new Set([C, A]) };
    const { state, actions } = stepFetch(failed, { kind: 'peerDown', peer: A }, view([B], [7, 8]));
    expect(actions).toEqual([{ kind: 'end', requestId: 1 }]);
    expect(state.active.map(({ peer }) => peer)).toEqual([B]);
    expect([...state.failed]).toEqual([C]);
  });

  it('takes no notice of what is over', () => {
    for (const input of [
      { kind: 'part', requestId: 9, offset: 1 },
      { kind: 'ended', requestId: 9, how: 'stored' },
      { kind: 'timeout', requestId: 9 },
    ] as const)
      expect(stepFetch(FETCH_IDLE, input, view([A], [1]))).toEqual({ state: FETCH_IDLE, actions: [] });
  });
});
