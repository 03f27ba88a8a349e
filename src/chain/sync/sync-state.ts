/** Sync as pure transitions: idle, detecting, headers, bodies; a state and an input give a state and actions. */
import { assertNever } from '../../env/assert.ts';
import type { MissingBlock } from '../ledger/ledger.ts';
import type { BlockHash, PeerId } from '../types/units.ts';

/** What sync sees of a peer. */
export interface SyncPeer {
  readonly id: PeerId;
  /** It claims a better head than ours, of which not even the header is here. */
  readonly isAhead: boolean;
  /** This node dialed it: nobody chooses how many of those there are but itself. */
  readonly isOutbound: boolean;
  /** Where its bytes come from: identities cost nothing, machines do. */
  readonly group: string;
  /** Height that it claims: bodies above it are not asked of it. */
  readonly height: number;
}

/** What the transitions may look at. */
export interface SyncView {
  readonly peers: readonly SyncPeer[];
  /** Bodies that are missing and neither on their way nor waiting for import, lowest first. */
  readonly wanted: readonly MissingBlock[];
  /** Most ids of one request, and most requests to one peer at a time is one. */
  readonly idsPerRequestMax: number;
  /** Bodies asked for and not yet imported, at most. */
  readonly windowMax: number;
  /** Bodies that arrived and are not imported, those that wait for their parents included. */
  readonly buffered: number;
  /** Wanted bodies are in the import. */
  readonly isImporting: boolean;
  /** There is room for more headers. */
  readonly wantsHeaders: boolean;
}

/** One question for bodies. */
export interface BodyRequest {
  readonly requestId: number;
  readonly peer: PeerId;
  readonly ids: readonly BlockHash[];
}

/** A question for headers. */
export interface HeaderRequest {
  readonly requestId: number;
  readonly peer: PeerId;
}

/** Where sync stands. `failed`: peers that are not asked again until a pause is over. */
export interface SyncState {
  readonly phase: 'idle' | 'detecting' | 'headers' | 'bodies';
  readonly header: HeaderRequest | undefined;
  readonly bodies: readonly BodyRequest[];
  readonly failed: ReadonlySet<PeerId>;
  /** Of those: whose only failure was not to have the bodies that they were asked for. */
  readonly without: ReadonlySet<PeerId>;
  readonly nextRequestId: number;
}

/** What happened. The handler has already judged what a peer sent. */
export type SyncInput =
  /** Claims, peers, wanted bodies or the head may have changed. */
  | { readonly kind: 'look' }
  /** Headers came, and the peer's claim is the one that came with them. */
  | {
      readonly kind: 'headers';
      readonly requestId: number;
      readonly peer: PeerId;
      /** As many as were asked for: there may be more. */
      readonly more: boolean;
      /** This node could not keep them all: nobody's fault, but this peer does not help now. */
      readonly isExcused: boolean;
      readonly fault: SyncFault | undefined;
    }
  /** Bodies came: as many of the ids asked for as the peer had and one message holds. */
  | {
      readonly kind: 'blocks';
      readonly requestId: number;
      readonly peer: PeerId;
      readonly received: number;
      readonly fault: SyncFault | undefined;
    }
  /** A part of a body came that is longer than one answer, and more of it follows from `offset` on. */
  | {
      readonly kind: 'part';
      readonly requestId: number;
      readonly peer: PeerId;
      readonly id: BlockHash;
      readonly offset: number;
    }
  | { readonly kind: 'timeout'; readonly requestId: number }
  | { readonly kind: 'peerDown'; readonly peer: PeerId }
  /** What this peer gave turned out wrong when it was imported. */
  | { readonly kind: 'blame'; readonly peer: PeerId; readonly fault: SyncFault }
  /** The headers of this peer are followed no more: it is not asked now, and who had not their bodies is. */
  | { readonly kind: 'replan'; readonly source: PeerId }
  /** The pause is over: failed peers get another chance. */
  | { readonly kind: 'forgive' };

/** What a peer did wrong in a sync. */
export type SyncFault =
  | 'FALSE_HEAD'
  | 'BROKEN_CHAIN'
  | 'INVALID_HEADER'
  | 'BODY_MISMATCH'
  | 'INVALID_CERTIFICATE'
  | 'STALLED';

/** What the handler has to do. */
export type SyncAction =
  | { readonly kind: 'askHeaders'; readonly requestId: number; readonly peer: PeerId }
  | {
      readonly kind: 'askBlocks';
      readonly requestId: number;
      readonly peer: PeerId;
      readonly ids: readonly BlockHash[];
    }
  | {
      readonly kind: 'askPart';
      readonly requestId: number;
      readonly peer: PeerId;
      readonly id: BlockHash;
      readonly offset: number;
    }
  | { readonly kind: 'endRequest'; readonly requestId: number }
  | { readonly kind: 'fault'; readonly peer: PeerId; readonly fault: SyncFault }
  | { readonly kind: 'started' }
  | { readonly kind: 'finished' }
  /** Nobody is asked, and some have failed: try them again after a pause. */
  | { readonly kind: 'pause' };

/** A state and what to do. */
export interface SyncStep {
  readonly state: SyncState;
  readonly actions: readonly SyncAction[];
}

/** Nothing to do. */
export const SYNC_IDLE: SyncState = {
  phase: 'idle',
  header: undefined,
  bodies: [],
  failed: new Set(),
  without: new Set(),
  nextRequestId: 1,
};

/** The one transition function. */
export function stepSync(state: SyncState, input: SyncInput, view: SyncView): SyncStep {
  switch (input.kind) {
    case 'look':
      return settle(state, [], view);
    case 'headers':
      return onHeaders(state, input, view);
    case 'blocks':
      return onBlocks(state, input, view);
    case 'part':
      return onPart(state, input, view);
    case 'timeout':
      return onTimeout(state, input.requestId, view);
    case 'peerDown':
      return settle(withoutPeer(state, input.peer), endedRequests(state, input.peer), view);
    case 'blame': {
      const actions: SyncAction[] = [
        { kind: 'fault', peer: input.peer, fault: input.fault },
        ...endedRequests(state, input.peer),
      ];
      return settle(fail(withoutPeer(state, input.peer), input.peer), actions, view);
    }
    case 'replan': {
      const failed = new Set([...state.failed].filter((peer) => !state.without.has(peer)));
      return settle({ ...state, failed: failed.add(input.source), without: new Set() }, [], view);
    }
    case 'forgive':
      return settle(forgiven(state), [], view);
    default:
      return assertNever(input);
  }
}

function onHeaders(
  state: SyncState,
  input: Extract<SyncInput, { kind: 'headers' }>,
  view: SyncView,
): SyncStep {
  if (state.header?.requestId !== input.requestId || state.header.peer !== input.peer) {
    return { state, actions: [] };
  }
  const actions: SyncAction[] = [{ kind: 'endRequest', requestId: input.requestId }];
  const done: SyncState = { ...state, header: undefined };
  if (input.fault !== undefined) {
    actions.push({ kind: 'fault', peer: input.peer, fault: input.fault });
    return settle(fail(done, input.peer), actions, view);
  }
  if (input.isExcused) return settle(fail(done, input.peer), actions, view);
  // All that it has, by its own word, and its head is not among them.
  if (!input.more && view.peers.some((peer) => peer.id === input.peer && peer.isAhead)) {
    actions.push({ kind: 'fault', peer: input.peer, fault: 'FALSE_HEAD' });
    return settle(fail(done, input.peer), actions, view);
  }
  return settle(done, actions, view, input.more ? input.peer : undefined);
}

function onBlocks(state: SyncState, input: Extract<SyncInput, { kind: 'blocks' }>, view: SyncView): SyncStep {
  const request = state.bodies.find((body) => body.requestId === input.requestId && body.peer === input.peer);
  if (request === undefined) return { state, actions: [] };
  const bodies = state.bodies.filter((body) => body !== request);
  const actions: SyncAction[] = [{ kind: 'endRequest', requestId: input.requestId }];
  let next: SyncState = { ...state, bodies };
  if (input.fault !== undefined) actions.push({ kind: 'fault', peer: input.peer, fault: input.fault });
  if (input.fault !== undefined) next = fail(next, input.peer);
  // A peer without any of what it was asked for may have pruned it: no fault, but others are asked now.
  else if (input.received === 0) next = withoutBodies(next, input.peer);
  return settle(next, actions, view);
}

/** The peer goes on with that body; what else it was asked for is free for others. */
function onPart(state: SyncState, input: Extract<SyncInput, { kind: 'part' }>, view: SyncView): SyncStep {
  const { id, peer, offset } = input;
  const request = state.bodies.find((body) => body.requestId === input.requestId && body.peer === peer);
  if (request === undefined) return { state, actions: [] };
  const requestId = state.nextRequestId;
  const bodies = state.bodies.map((body) => (body === request ? { requestId, peer, ids: [id] } : body));
  const actions: SyncAction[] = [
    { kind: 'endRequest', requestId: input.requestId },
    { kind: 'askPart', requestId, peer, id, offset },
  ];
  return settle({ ...state, bodies, nextRequestId: requestId + 1 }, actions, view);
}

function onTimeout(state: SyncState, requestId: number, view: SyncView): SyncStep {
  const request =
    state.header?.requestId === requestId
      ? state.header
      : state.bodies.find((body) => body.requestId === requestId);
  if (request === undefined) return { state, actions: [] };
  const rest: SyncState = {
    ...state,
    header: state.header === request ? undefined : state.header,
    bodies: state.bodies.filter((body) => body !== request),
  };
  const actions: SyncAction[] = [
    { kind: 'endRequest', requestId },
    { kind: 'fault', peer: request.peer, fault: 'STALLED' },
  ];
  return settle(fail(rest, request.peer), actions, view);
}

/** Gives out work until nothing more can be asked, and names the phase that follows from what is asked. */
function settle(
  state: SyncState,
  before: readonly SyncAction[],
  view: SyncView,
  goOnWith?: PeerId,
): SyncStep {
  const actions = [...before];
  let next = state;
  if (next.header === undefined && view.wantsHeaders) {
    const peer = chooseHeaderPeer(next, view, goOnWith);
    if (peer !== undefined) {
      const requestId = next.nextRequestId;
      actions.push({ kind: 'askHeaders', requestId, peer });
      next = { ...next, header: { requestId, peer }, nextRequestId: requestId + 1 };
    }
  }
  next = assignBodies(next, view, actions);
  const phase = phaseOf(next, view);
  if (phase === 'idle' && next.failed.size > 0) next = forgiven(next);
  if (state.phase === 'idle' && phase !== 'idle') actions.push({ kind: 'started' });
  if (state.phase !== 'idle' && phase === 'idle') actions.push({ kind: 'finished' });
  const isAsking = next.header !== undefined || next.bodies.length > 0;
  if (phase !== 'idle' && !isAsking && next.failed.size > 0) actions.push({ kind: 'pause' });
  return { state: { ...next, phase }, actions };
}

function phaseOf(state: SyncState, view: SyncView): SyncState['phase'] {
  if (state.header !== undefined) return 'headers';
  if (state.bodies.length > 0) return 'bodies';
  // What gossip brought meanwhile is no reason to begin, but one to wait for.
  if (view.isImporting && state.phase !== 'idle') return 'bodies';
  return view.wanted.length > 0 || view.peers.some((peer) => peer.isAhead) ? 'detecting' : 'idle';
}

/**
 * The peer that claims most of those who are ahead and did not fail; the one that just answered goes on. One machine may dial with
 * any number of identities, so that the tallest claims are all one liar's: who was dialed comes before who dialed, and then who comes
 * from where nobody has failed.
 */
function chooseHeaderPeer(
  state: SyncState,
  view: SyncView,
  goOnWith: PeerId | undefined,
): PeerId | undefined {
  const suspect = suspectGroups(state, view);
  let best: SyncPeer | undefined;
  for (const peer of view.peers) {
    if (!peer.isAhead || state.failed.has(peer.id)) continue;
    if (peer.id === goOnWith) return peer.id;
    if (best === undefined || comesFirst(peer, best, suspect)) best = peer;
  }
  return best?.id;
}

/** Where those who failed come from: no machine is asked again under another name before all others were. */
function suspectGroups({ failed }: SyncState, { peers }: SyncView): ReadonlySet<string> {
  return new Set(peers.filter(({ id }) => failed.has(id)).map(({ group }) => group));
}

function comesFirst(peer: SyncPeer, other: SyncPeer, suspect: ReadonlySet<string>): boolean {
  if (peer.isOutbound !== other.isOutbound) return peer.isOutbound;
  if (suspect.has(peer.group) !== suspect.has(other.group)) return !suspect.has(peer.group);
  return peer.height > other.height;
}

/** Splits what is wanted into ranges, one for each free peer that claims to have it. */
function assignBodies(state: SyncState, view: SyncView, actions: SyncAction[]): SyncState {
  if (view.wanted.length === 0) return state;
  const asked = new Set<BlockHash>();
  for (const request of state.bodies) for (const id of request.ids) asked.add(id);
  const open = view.wanted.filter((block) => !asked.has(block.id));
  // One is always asked for: the lowest can be imported at once, whatever waits for parents that nobody wants.
  let room = Math.max(view.windowMax - view.buffered - asked.size, asked.size === 0 ? 1 : 0);
  let next = state;
  const suspect = suspectGroups(state, view);
  const isSuspect = ({ group }: SyncPeer): boolean => suspect.has(group);
  for (const peer of [...view.peers.filter((one) => !isSuspect(one)), ...view.peers.filter(isSuspect)]) {
    if (open.length === 0 || room <= 0) break;
    if (state.failed.has(peer.id) || next.bodies.some((request) => request.peer === peer.id)) continue;
    const ids = takeUpTo(open, peer.height, Math.min(view.idsPerRequestMax, room));
    if (ids.length === 0) continue;
    const requestId = next.nextRequestId;
    const request: BodyRequest = { requestId, peer: peer.id, ids };
    actions.push({ kind: 'askBlocks', ...request });
    next = { ...next, bodies: [...next.bodies, request], nextRequestId: requestId + 1 };
    room -= ids.length;
  }
  return next;
}

/** Removes the lowest blocks from `open` as far as they are not above `height`. */
function takeUpTo(open: MissingBlock[], height: number, count: number): BlockHash[] {
  let end = 0;
  while (end < open.length && end < count && (open[end] as MissingBlock).height <= height) end++;
  return open.splice(0, end).map((block) => block.id);
}

function withoutPeer(state: SyncState, peer: PeerId): SyncState {
  return {
    ...state,
    header: state.header?.peer === peer ? undefined : state.header,
    bodies: state.bodies.filter((request) => request.peer !== peer),
  };
}

function endedRequests(state: SyncState, peer: PeerId): SyncAction[] {
  const requests: (HeaderRequest | BodyRequest)[] = state.bodies.filter((request) => request.peer === peer);
  if (state.header?.peer === peer) requests.push(state.header);
  return requests.map((request) => ({ kind: 'endRequest', requestId: request.requestId }));
}

function fail(state: SyncState, peer: PeerId): SyncState {
  const without = new Set(state.without);
  without.delete(peer);
  return { ...state, failed: new Set([...state.failed, peer]), without };
}

function withoutBodies(state: SyncState, peer: PeerId): SyncState {
  if (state.failed.has(peer)) return state;
  const { failed, without } = state;
  return { ...state, failed: new Set([...failed, peer]), without: new Set([...without, peer]) };
}

function forgiven(state: SyncState): SyncState {
  return { ...state, failed: new Set(), without: new Set() };
}
