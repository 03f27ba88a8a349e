/** Fetching a snapshot as pure transitions: which peer is asked for which part of which item; a state and an input give a state and actions. */
import { assertNever } from '../../env/assert.ts';
import type { PeerId } from '../types/units.ts';

/** Peers that are asked at once: what each sends of its item stands in memory until it is whole, 1 MiB at most. */
export const REQUESTS_MAX = 16;

/** One question for one part. A peer is asked for one part at a time, and for the parts of one item in a row. */
export interface PartRequest {
  readonly requestId: number;
  readonly peer: PeerId;
  readonly item: number;
  readonly offset: number;
}

/** What is asked, and who is not asked again until a pause is over or it comes back. */
export interface FetchState {
  readonly active: readonly PartRequest[];
  readonly failed: ReadonlySet<PeerId>;
  readonly nextRequestId: number;
}

/** What the transitions may look at. */
export interface FetchView {
  readonly peers: readonly PeerId[];
  /** Items that are not on the disk, lowest first. */
  readonly wanted: readonly number[];
}

/** What happened. The handler has already judged what a peer sent. */
export type FetchInput =
  /** Peers or wanted items may have changed. */
  | { readonly kind: 'look' }
  /** A part came, and more of its item follows from `offset` on. */
  | { readonly kind: 'part'; readonly requestId: number; readonly offset: number }
  /** The item is on the disk, the peer does not have it, or what it sent is not that item. */
  | { readonly kind: 'ended'; readonly requestId: number; readonly how: 'stored' | 'unavailable' | 'garbage' }
  | { readonly kind: 'timeout'; readonly requestId: number }
  | { readonly kind: 'peerDown'; readonly peer: PeerId }
  /** The pause is over: failed peers get another chance. */
  | { readonly kind: 'forgive' };

/** What the handler has to do. */
export type FetchAction =
  | ({ readonly kind: 'ask' } & PartRequest)
  /** The request is over, and so is its timer. What was received of an unfinished item is forgotten. */
  | { readonly kind: 'end'; readonly requestId: number }
  | { readonly kind: 'fault'; readonly peer: PeerId; readonly fault: 'INVALID_SNAPSHOT' | 'STALLED' }
  /** Nobody is asked, and somebody has failed: try again after a pause. */
  | { readonly kind: 'pause' };

/** A state and what to do. */
export interface FetchStep {
  readonly state: FetchState;
  readonly actions: readonly FetchAction[];
}

/** Nothing is asked. */
export const FETCH_IDLE: FetchState = { active: [], failed: new Set(), nextRequestId: 1 };

/** The one transition function. */
export function stepFetch(state: FetchState, input: FetchInput, view: FetchView): FetchStep {
  switch (input.kind) {
    case 'look':
      return assign(state, [], view);
    case 'part': {
      const request = state.active.find(({ requestId }) => requestId === input.requestId);
      if (request === undefined) return { state, actions: [] };
      const next = { ...request, requestId: state.nextRequestId, offset: input.offset };
      const active = state.active.map((other) => (other === request ? next : other));
      const actions: FetchAction[] = [
        { kind: 'end', requestId: request.requestId },
        { kind: 'ask', ...next },
      ];
      return { state: { ...state, active, nextRequestId: state.nextRequestId + 1 }, actions };
    }
    case 'ended': {
      const fault = input.how === 'garbage' ? 'INVALID_SNAPSHOT' : undefined;
      return end(state, input.requestId, input.how !== 'stored', fault, view);
    }
    case 'timeout':
      return end(state, input.requestId, true, 'STALLED', view);
    case 'peerDown': {
      const gone = state.active.filter(({ peer }) => peer === input.peer);
      const actions = gone.map(({ requestId }): FetchAction => ({ kind: 'end', requestId }));
      const active = state.active.filter(({ peer }) => peer !== input.peer);
      return assign({ ...state, active, failed: without(state.failed, input.peer) }, actions, view);
    }
    case 'forgive':
      return assign({ ...state, failed: new Set() }, [], view);
    default:
      return assertNever(input);
  }
}

function end(
  state: FetchState,
  requestId: number,
  hasFailed: boolean,
  fault: 'INVALID_SNAPSHOT' | 'STALLED' | undefined,
  view: FetchView,
): FetchStep {
  const request = state.active.find((other) => other.requestId === requestId);
  if (request === undefined) return { state, actions: [] };
  const { peer } = request;
  const actions: FetchAction[] = [{ kind: 'end', requestId }];
  if (fault !== undefined) actions.push({ kind: 'fault', peer, fault });
  const active = state.active.filter((other) => other !== request);
  const failed = hasFailed ? new Set([...state.failed, peer]) : state.failed;
  return assign({ ...state, active, failed }, actions, view);
}

/** Gives every free peer the lowest item that nobody is asked for. */
function assign(state: FetchState, before: readonly FetchAction[], view: FetchView): FetchStep {
  const actions = [...before];
  const active = [...state.active];
  let { nextRequestId } = state;
  const asked = new Set(active.map(({ item }) => item));
  const open = view.wanted.filter((item) => !asked.has(item));
  for (const peer of view.peers) {
    if (active.length >= REQUESTS_MAX) break;
    if (state.failed.has(peer) || active.some((request) => request.peer === peer)) continue;
    const item = open.shift();
    if (item === undefined) break;
    const request: PartRequest = { requestId: nextRequestId++, peer, item, offset: 0 };
    active.push(request);
    actions.push({ kind: 'ask', ...request });
  }
  const isStuck = active.length === 0 && view.wanted.length > 0 && state.failed.size > 0;
  if (isStuck) actions.push({ kind: 'pause' });
  return { state: { ...state, active, nextRequestId }, actions };
}

function without(peers: ReadonlySet<PeerId>, gone: PeerId): ReadonlySet<PeerId> {
  return new Set([...peers].filter((peer) => peer !== gone));
}
