import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../env/units.ts';
import type { PeerId } from '../types/units.ts';
import { addressGroup } from './address-group.ts';
import { EVICTION_PLACES, type EvictionCandidate, protectedPeers, selectEviction } from './eviction.ts';

const lotOf = (group: string) => group;

function peer(id: string, more: Partial<EvictionCandidate> = {}): EvictionCandidate {
  return {
    id: id as PeerId,
    group: id,
    upMs: 1_000,
    pingMs: 50,
    blockMs: undefined,
    transactionMs: undefined,
    ...more,
  };
}

/** `count` peers, each of its own group; each came a second after the one before. */
function crowd(count: number, prefix = 'p'): EvictionCandidate[] {
  return Array.from({ length: count }, (_, i) =>
    peer(`${prefix}${String(i).padStart(3, '0')}`, { upMs: i * 1_000 }),
  );
}

describe('the lot', () => {
  it('is drawn once for each group, however many peers one group has', () => {
    const asked: string[] = [];
    const inbound = crowd(100).map((one, i) => ({ ...one, group: i < 98 ? 'attacker' : one.id }));
    protectedPeers(inbound, (group) => {
      asked.push(group);
      return group;
    });
    expect(asked).toEqual(['attacker', 'p098', 'p099']);
  });
});

describe('address groups', () => {
  it.each([
    ['10.20.30.40:30303', '10.20'],
    ['10.20.99.1:1', '10.20'],
    ['10.21.30.40:30303', '10.21'],
    ['[::ffff:10.20.30.40]:30303', '10.20'],
    ['[2001:db8:1:2::5]:30303', '[2001:db8]'],
    ['[2001:0db8:9::]:1', '[2001:db8]'],
    ['[::1]:30303', '[0:0]'],
    ['node-1.example:30303', 'node-1.example'],
    ['n7/out', 'n7'],
    ['n7', 'n7'],
  ])('of %s is %s', (text, group) => {
    expect(addressGroup(address(text))).toBe(group);
  });
});

describe('an eviction', () => {
  it('takes the newest of the group that has the most peers', () => {
    const twins = [1, 2, 3].map((i) => peer(`z${i}`, { group: 'z', upMs: 100_000 + i }));
    expect(selectEviction([...crowd(60), ...twins], 'new', lotOf)).toBe('z3');
  });

  it('takes the newest of all where every group has one', () => {
    expect(selectEviction(crowd(60), 'new', lotOf)).toBe('p059');
  });

  it('takes one of its own, or none, for a newcomer whose group would be the largest', () => {
    const own = peer('own', { group: 'zz', upMs: 70_000 });
    expect(selectEviction([...crowd(60), own], 'zz', lotOf)).toBe('own');
    const best = { ...own, pingMs: 0 };
    expect(selectEviction([...crowd(60), best], 'zz', lotOf)).toBeUndefined();
    expect(selectEviction([...crowd(60), best], 'other', lotOf)).toBe('p059');
  });

  it('takes nobody where all are protected', () => {
    expect(selectEviction([], 'new', lotOf)).toBeUndefined();
    expect(selectEviction(crowd(2), 'new', lotOf)).toBeUndefined();
  });

  it.each<[string, Partial<EvictionCandidate>]>([
    ['answers fastest', { pingMs: 5 }],
    ['brought a block', { blockMs: 7 }],
    ['brought a transaction', { transactionMs: 7 }],
    ['has the first lot', { group: 'a' }],
    ['is here longest', { upMs: -1 }],
  ])('does not take a peer that %s, though it is of the largest group', (_why, merit) => {
    const group = merit.group ?? 'zz';
    const crowded = [1, 2, 3].map((i) => peer(`q${i}`, { group, upMs: 90_000 }));
    const good = peer('zzz', { group, upMs: 100_000, ...merit });
    const peers = [...crowd(60), ...(merit.group === undefined ? crowded : []), good];
    expect(protectedPeers(peers, lotOf).has(good.id)).toBe(true);
    expect(selectEviction(peers, 'new', lotOf)).not.toBe(good.id);
    const { upMs, ...plain } = { ...good, pingMs: 50, blockMs: undefined, transactionMs: undefined };
    const dull = peer('zzz', { ...plain, group: 'zz', upMs: Math.max(upMs, 100_000) });
    expect(
      selectEviction([...crowd(60), ...crowded.map((p) => ({ ...p, group: 'zz' })), dull], 'new', lotOf),
    ).toBe('zzz');
  });

  it('gives one group one place of those that fast answers and fresh blocks earn', () => {
    const near = Array.from({ length: 20 }, (_, i) =>
      peer(`near${i}`, { group: 'near', pingMs: 0, blockMs: 9, transactionMs: 9, upMs: 200_000 + i }),
    );
    const peers = [...crowd(60), ...near];
    const kept = protectedPeers(peers, lotOf);
    expect(near.filter(({ id }) => kept.has(id)).length).toBe(1);
    const { pings } = EVICTION_PLACES;
    const fast = peers.map((p, i) => (i < 20 ? { ...p, pingMs: 10 + i } : p));
    const stillKept = protectedPeers(fast, lotOf);
    for (const { id } of fast.slice(0, pings - 1)) expect(stillKept.has(id)).toBe(true);
  });
});

describe('evictions, whoever comes', () => {
  const candidate = fc.record({
    group: fc.integer({ min: 0, max: 30 }),
    upMs: fc.integer({ min: 0, max: 1_000_000 }),
    pingMs: fc.integer({ min: 0, max: 500 }),
    blockMs: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
    transactionMs: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
  });
  const peersOf = (minLength: number) =>
    fc
      .array(candidate, { minLength, maxLength: 130 })
      .map((list) => list.map((one, i) => peer(`p${i}`, { ...one, group: `g${one.group}` })));
  const peers = peersOf(0);

  it('never take a protected peer, and do not depend on the order of the list', () => {
    fc.assert(
      fc.property(peers, fc.integer({ min: 0, max: 31 }), (inbound, group) => {
        const chosen = selectEviction(inbound, `g${group}`, lotOf);
        expect(selectEviction([...inbound].reverse(), `g${group}`, lotOf)).toBe(chosen);
        if (chosen === undefined) return;
        expect(inbound.some(({ id }) => id === chosen)).toBe(true);
        expect(protectedPeers(inbound, lotOf).has(chosen)).toBe(false);
      }),
    );
  });

  it('never take a peer of another group for one whose group would be the largest', () => {
    fc.assert(
      fc.property(peers, fc.integer({ min: 0, max: 31 }), (inbound, group) => {
        const chosen = selectEviction(inbound, `g${group}`, lotOf);
        const sizeOf = (of: string) => inbound.filter((one) => one.group === of).length;
        const victim = inbound.find(({ id }) => id === chosen);
        if (victim === undefined || victim.group === `g${group}`) return;
        expect(sizeOf(`g${group}`) + 1).toBeLessThanOrEqual(sizeOf(victim.group));
      }),
    );
  });

  it('let an attacker with one group have no more places than the largest other group, and leave the useful', () => {
    const attack = fc.record({
      honest: peersOf(40),
      attempts: fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
    });
    fc.assert(
      fc.property(attack, ({ honest, attempts }) => {
        const before = new Map<string, number>();
        for (const { group } of honest) before.set(group, (before.get(group) ?? 0) + 1);
        const largest = Math.max(...before.values());
        // One place of each class may fall to the attacker: the last of it.
        const useful = usefulPeers(honest);
        let inbound = honest;
        for (const [i, leaves] of attempts.entries()) {
          // The attacker is as near and as fresh as can be, and comes again when it was thrown out.
          if (leaves) inbound = inbound.filter(({ group }) => group !== 'evil');
          const full = inbound.length >= honest.length;
          const victim = full ? selectEviction(inbound, 'evil', lotOf) : undefined;
          if (full && victim === undefined) continue;
          const evil = { group: 'evil', pingMs: 0, blockMs: 1e9, transactionMs: 1e9, upMs: 2_000_000 + i };
          inbound = [...inbound.filter(({ id }) => id !== victim), peer(`evil${i}`, evil)];
          expect(inbound.filter(({ group }) => group === 'evil').length).toBeLessThanOrEqual(largest);
        }
        const left = new Set(inbound.map(({ id }) => id));
        for (const id of useful) expect(left.has(id)).toBe(true);
        expect(honest.filter(({ id }) => !left.has(id)).length).toBeLessThanOrEqual(largest);
      }),
    );
  });
});

/** Who brought the freshest blocks, one of each group, but for the last place. */
function usefulPeers(honest: readonly EvictionCandidate[]): readonly PeerId[] {
  const ranked = honest
    .filter(({ blockMs }) => blockMs !== undefined)
    .sort((a, b) => (b.blockMs ?? 0) - (a.blockMs ?? 0) || a.upMs - b.upMs || (a.id < b.id ? -1 : 1));
  const best = ranked.filter(({ group }, i) => ranked.findIndex((other) => other.group === group) === i);
  return best.slice(0, EVICTION_PLACES.blocks - 1).map(({ id }) => id);
}
