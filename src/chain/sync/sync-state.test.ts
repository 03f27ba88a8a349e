import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockHash, height, type PeerId, publicKey } from '../types/units.ts';
import {
  SYNC_IDLE,
  type SyncAction,
  type SyncInput,
  type SyncState,
  type SyncView,
  stepSync,
} from './sync-state.ts';

const peerId = (i: number): PeerId => publicKey(i.toString(16).padStart(64, '0'));
const id = (i: number) => blockHash(i.toString(16).padStart(64, '0'));

/** How a modelled peer answers. */
type Behaviour =
  | 'honest'
  | 'claimsOnly' // says that it is ahead, gives no headers
  | 'silent' // answers nothing
  | 'brokenHeaders'
  | 'garbageBodies'
  | 'noBodies'
  | 'oneBody' // gives one body an answer: slow, but no fault
  | 'inParts' // gives one body in three parts
  | 'partThenSilent';

interface World {
  readonly tip: number;
  readonly behaviours: readonly Behaviour[];
  headers: number;
  readonly bodies: Set<number>;
}

const WINDOW = 16;
const PER_REQUEST = 4;
const HEADERS_AT_ONCE = 7;

function viewOf(world: World, gone: ReadonlySet<number>): SyncView {
  const peers = world.behaviours.flatMap((behaviour, i) => {
    if (gone.has(i)) return [];
    const liesHigh = behaviour === 'claimsOnly' || behaviour === 'brokenHeaders';
    const isAhead = liesHigh || world.headers < world.tip;
    const claimed = liesHigh ? world.tip + 1_000 : world.tip;
    return [{ id: peerId(i), isAhead, isOutbound: i % 2 === 0, group: `g${i % 3}`, height: claimed }];
  });
  const wanted = [];
  for (let at = 1; at <= world.headers && wanted.length < WINDOW; at++) {
    if (!world.bodies.has(at)) wanted.push({ id: id(at), height: height(at) });
  }
  return {
    peers,
    wanted,
    idsPerRequestMax: PER_REQUEST,
    windowMax: WINDOW,
    buffered: 0,
    isImporting: false,
    wantsHeaders: true,
  };
}

/** Plays the network: what a peer answers to an action; undefined: a time-out. Mutates the world as an import would. */
function answer(world: World, action: SyncAction): SyncInput | undefined {
  if (action.kind !== 'askHeaders' && action.kind !== 'askBlocks' && action.kind !== 'askPart')
    return undefined;
  const { requestId, peer } = action;
  const behaviour = world.behaviours[Number.parseInt(peer, 16)];
  if (behaviour === undefined || behaviour === 'silent') return { kind: 'timeout', requestId };
  if (action.kind === 'askHeaders') {
    const base = { kind: 'headers', requestId, peer, isExcused: false } as const;
    if (behaviour === 'claimsOnly') return { ...base, more: false, fault: undefined };
    if (behaviour === 'brokenHeaders') return { ...base, more: false, fault: 'BROKEN_CHAIN' };
    const before = world.headers;
    world.headers = Math.min(world.tip, before + HEADERS_AT_ONCE);
    return { ...base, more: world.headers - before === HEADERS_AT_ONCE, fault: undefined };
  }
  const base = { kind: 'blocks', requestId, peer } as const;
  if (action.kind === 'askPart') {
    const { id: of, offset } = action;
    if (behaviour === 'partThenSilent') return { kind: 'timeout', requestId };
    if (offset < 2) return { kind: 'part', requestId, peer, id: of, offset: offset + 1 };
    world.bodies.add(Number.parseInt(of, 16));
    return { ...base, received: 1, fault: undefined };
  }
  const [first] = action.ids;
  if ((behaviour === 'inParts' || behaviour === 'partThenSilent') && first !== undefined) {
    return { kind: 'part', requestId, peer, id: first, offset: 1 };
  }
  if (behaviour === 'noBodies') return { ...base, received: 0, fault: undefined };
  if (behaviour === 'garbageBodies') return { ...base, received: 0, fault: 'BODY_MISMATCH' };
  const given = behaviour === 'oneBody' ? action.ids.slice(0, 1) : action.ids;
  for (const given_ of given) world.bodies.add(Number.parseInt(given_, 16));
  return { ...base, received: given.length, fault: undefined };
}

/** Runs to the end; requests are answered in the order that `order` picks. Faulted peers leave after three faults. */
function play(world: World, order: readonly number[]) {
  let state: SyncState = SYNC_IDLE;
  const open: SyncAction[] = [];
  const faults = new Map<PeerId, number>();
  const gone = new Set<number>();
  const seen: SyncAction[] = [];
  let isPaused = false;
  let inFlightMax = 0;
  const step = (input: SyncInput): void => {
    const result = stepSync(state, input, viewOf(world, gone));
    state = result.state;
    for (const action of result.actions) {
      seen.push(action);
      if (action.kind === 'askHeaders' || action.kind === 'askBlocks' || action.kind === 'askPart')
        open.push(action);
      if (action.kind === 'pause') isPaused = true;
      if (action.kind === 'fault') faults.set(action.peer, (faults.get(action.peer) ?? 0) + 1);
    }
    inFlightMax = Math.max(
      inFlightMax,
      state.bodies.reduce((sum, request) => sum + request.ids.length, 0),
    );
  };
  step({ kind: 'look' });
  for (let turn = 0; turn < 2_000; turn++) {
    for (const [peer, count] of faults) {
      const i = Number.parseInt(peer, 16);
      if (count >= 3 && !gone.has(i)) {
        gone.add(i);
        step({ kind: 'peerDown', peer });
      }
    }
    if (open.length > 0) {
      const [action] = open.splice((order[turn % order.length] ?? 0) % open.length, 1);
      const input = action === undefined ? undefined : answer(world, action);
      if (input !== undefined) step(input);
    } else if (isPaused) {
      isPaused = false;
      step({ kind: 'forgive' });
    } else break;
  }
  return { state, seen, faults, gone, inFlightMax };
}

const liars: Behaviour[] = [
  'claimsOnly',
  'silent',
  'brokenHeaders',
  'garbageBodies',
  'noBodies',
  'oneBody',
  'inParts',
  'partThenSilent',
];

/** Who is asked for headers, when each question runs out. */
function askedInTurn(view: SyncView, times: number): readonly string[] {
  const asked: string[] = [];
  let { state, actions } = stepSync(SYNC_IDLE, { kind: 'look' }, view);
  for (let i = 0; i < times; i++) {
    for (const action of actions) if (action.kind === 'askHeaders') asked.push(action.peer);
    const requestId = state.header?.requestId ?? 0;
    ({ state, actions } = stepSync(state, { kind: 'timeout', requestId }, view));
  }
  return asked;
}

describe('stepSync', () => {
  it('reaches the head with one honest peer among any liars, whatever order their answers come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...liars), { maxLength: 6 }),
        fc.nat(6),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }),
        (others, place, tip, order) => {
          const behaviours: Behaviour[] = [...others];
          behaviours.splice(place % (others.length + 1), 0, 'honest');
          const world: World = { tip, behaviours, headers: 0, bodies: new Set() };
          const end = play(world, order);
          expect(world.bodies.size).toBe(tip);
          expect(end.state.phase).toBe('idle');
          expect(end.state.bodies).toEqual([]);
          expect(end.inFlightMax).toBeLessThanOrEqual(WINDOW);
          expect(end.faults.has(peerId(behaviours.indexOf('honest')))).toBe(false);
          expect(end.seen.filter((action) => action.kind === 'started').length).toBe(
            end.seen.filter((action) => action.kind === 'finished').length,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('asks several peers for bodies in parallel, each for a range of its own', () => {
    const world: World = {
      tip: 12,
      behaviours: ['honest', 'honest', 'honest'],
      headers: 12,
      bodies: new Set(),
    };
    const { actions, state } = stepSync(SYNC_IDLE, { kind: 'look' }, viewOf(world, new Set()));
    const ranges = actions.flatMap((action) => (action.kind === 'askBlocks' ? [action.ids] : []));
    expect(ranges.map((ids) => ids.length)).toEqual([4, 4, 4]);
    expect(new Set(ranges.flat()).size).toBe(12);
    expect(state.phase).toBe('bodies');
  });

  it('keeps a peer at the body that it sends in parts, and gives the rest of its work to others', () => {
    const world: World = { tip: 8, behaviours: ['honest', 'honest'], headers: 8, bodies: new Set() };
    const lone = viewOf(world, new Set([1]));
    const asked = stepSync(SYNC_IDLE, { kind: 'look' }, lone);
    const requestId = asked.actions.flatMap((a) => (a.kind === 'askBlocks' ? [a.requestId] : []))[0] ?? 0;
    const part = { kind: 'part', requestId, peer: peerId(0), id: id(1), offset: 32_768 } as const;
    const { state, actions } = stepSync(asked.state, part, viewOf(world, new Set()));
    expect(actions).toMatchObject([
      { kind: 'endRequest', requestId },
      { kind: 'askPart', peer: peerId(0), id: id(1), offset: 32_768 },
      { kind: 'askBlocks', peer: peerId(1), ids: [id(2), id(3), id(4), id(5)] },
    ]);
    expect(state.bodies[0]).toEqual({ requestId: requestId + 1, peer: peerId(0), ids: [id(1)] });
    // The old question is over: a second answer to it changes nothing.
    expect(stepSync(state, part, viewOf(world, new Set()))).toEqual({ state, actions: [] });
  });

  it('gives the work of a peer that left to another', () => {
    const world: World = { tip: 4, behaviours: ['honest', 'honest'], headers: 4, bodies: new Set() };
    const first = stepSync(SYNC_IDLE, { kind: 'look' }, viewOf(world, new Set()));
    const asked = first.actions.find((action) => action.kind === 'askBlocks');
    expect(asked).toMatchObject({ peer: peerId(0) });
    const second = stepSync(first.state, { kind: 'peerDown', peer: peerId(0) }, viewOf(world, new Set([0])));
    expect(second.actions.find((action) => action.kind === 'askBlocks')).toMatchObject({
      peer: peerId(1),
      ids: [id(1), id(2), id(3), id(4)],
    });
  });

  it('asks those for headers that were dialed before those that dialed, whatever they claim', () => {
    const view: SyncView = {
      ...viewOf({ tip: 0, behaviours: [], headers: 0, bodies: new Set() }, new Set()),
      peers: [
        { id: peerId(0), isAhead: true, isOutbound: false, group: 'g0', height: 900 },
        { id: peerId(1), isAhead: true, isOutbound: true, group: 'g1', height: 7 },
        { id: peerId(2), isAhead: true, isOutbound: true, group: 'g2', height: 9 },
        { id: peerId(3), isAhead: false, isOutbound: true, group: 'g3', height: 11 },
      ],
    };
    expect(askedInTurn(view, 3)).toEqual([peerId(2), peerId(1), peerId(0)]);
  });

  it('asks a machine that failed under another name when all others were asked, for headers and for bodies', () => {
    const liar = [0, 1, 2].map((n) => ({
      id: peerId(n),
      isAhead: true,
      isOutbound: false,
      group: 'one',
      height: 900,
    }));
    const view: SyncView = {
      ...viewOf({ tip: 0, behaviours: [], headers: 0, bodies: new Set() }, new Set()),
      peers: [...liar, { id: peerId(3), isAhead: true, isOutbound: false, group: 'other', height: 7 }],
    };
    expect(askedInTurn(view, 3)).toEqual([peerId(0), peerId(3), peerId(1)]);
    const wanting = { ...view, wanted: [{ id: id(1), height: height(1) }], wantsHeaders: false };
    const first = stepSync(SYNC_IDLE, { kind: 'look' }, wanting);
    expect(first.state.bodies.map(({ peer }) => peer)).toEqual([peerId(0)]);
    const requestId = first.state.bodies[0]?.requestId ?? 0;
    const second = stepSync(first.state, { kind: 'timeout', requestId }, wanting);
    expect(second.state.bodies.map(({ peer }) => peer)).toEqual([peerId(3)]);
  });

  it('asks nobody for a body above the height that it claims', () => {
    const view: SyncView = {
      peers: [{ id: peerId(0), isAhead: false, isOutbound: true, group: 'g0', height: 2 }],
      wanted: [1, 2, 3].map((at) => ({ id: id(at), height: height(at) })),
      idsPerRequestMax: 8,
      windowMax: 8,
      buffered: 0,
      isImporting: false,
      wantsHeaders: true,
    };
    const { actions } = stepSync(SYNC_IDLE, { kind: 'look' }, view);
    expect(actions.find((action) => action.kind === 'askBlocks')).toMatchObject({ ids: [id(1), id(2)] });
  });

  it('asks for the lowest body even when the window is full of bodies that wait for parents', () => {
    const world: World = { tip: 4, behaviours: ['honest', 'honest'], headers: 4, bodies: new Set() };
    const view: SyncView = { ...viewOf(world, new Set()), buffered: WINDOW };
    const asked = stepSync(SYNC_IDLE, { kind: 'look' }, view).actions.filter(
      (action) => action.kind === 'askBlocks',
    );
    expect(asked).toMatchObject([{ ids: [id(1)] }]);
  });

  it('asks for no headers while there is no room for them', () => {
    const view: SyncView = {
      ...viewOf({ tip: 0, behaviours: [], headers: 0, bodies: new Set() }, new Set()),
      peers: [{ id: peerId(0), isAhead: true, isOutbound: true, group: 'g0', height: 9 }],
    };
    const asks = (wantsHeaders: boolean) =>
      stepSync(SYNC_IDLE, { kind: 'look' }, { ...view, wantsHeaders }).actions.some(
        ({ kind }) => kind === 'askHeaders',
      );
    expect([asks(true), asks(false)]).toEqual([true, false]);
  });

  it('asks those again who had not the bodies of headers that are followed no more, and not who gave them', () => {
    const peers = [0, 1, 2].map((n) => ({
      id: peerId(n),
      isAhead: n > 0,
      isOutbound: true,
      group: `g${n}`,
      height: 9 - n,
    }));
    const wanted = [{ id: id(1), height: height(1) }];
    const view: SyncView = {
      ...viewOf({ tip: 0, behaviours: [], headers: 0, bodies: new Set() }, new Set()),
      peers,
    };
    const failed: SyncState = {
      ...SYNC_IDLE,
      phase: 'detecting',
      failed: new Set([peerId(0), peerId(1), peerId(2)]),
      without: new Set([peerId(0), peerId(2)]),
    };
    expect(stepSync(failed, { kind: 'look' }, { ...view, wanted }).actions).toEqual([{ kind: 'pause' }]);
    const { state, actions } = stepSync(failed, { kind: 'replan', source: peerId(0) }, view);
    // Peer 1 failed for something else.
    expect(actions).toMatchObject([{ kind: 'askHeaders', peer: peerId(2) }]);
    expect([...state.failed].sort()).toEqual([peerId(0), peerId(1)]);
    const timedOut = stepSync(state, { kind: 'timeout', requestId: state.header?.requestId ?? 0 }, view);
    expect([...timedOut.state.failed].sort()).toEqual([peerId(0), peerId(1), peerId(2)]);
    expect(timedOut.state.without.size).toBe(0);
  });

  it('ignores answers to questions that it did not ask, and late ones', () => {
    const view = viewOf({ tip: 0, behaviours: ['honest'], headers: 0, bodies: new Set() }, new Set());
    const stray: SyncInput = { kind: 'blocks', requestId: 9, peer: peerId(0), received: 3, fault: undefined };
    expect(stepSync(SYNC_IDLE, stray, view)).toEqual({ state: SYNC_IDLE, actions: [] });
    expect(stepSync(SYNC_IDLE, { kind: 'timeout', requestId: 9 }, view).actions).toEqual([]);
  });
});
