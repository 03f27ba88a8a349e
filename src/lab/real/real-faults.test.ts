import { describe, expect, it } from 'vitest';
import { blockHash, height, publicKey } from '../../chain/types/units.ts';
import { depthAssumption } from '../../cluster/assumptions.ts';
import { resolveScenario } from '../../cluster/resolve.ts';
import { parseScenario } from '../../cluster/scenario/parse.ts';
import { address, unixMs } from '../../env/units.ts';
import type { EventRecord } from '../../node/event-file.ts';
import type { Fault } from '../../sim/fault.ts';
import { faultsAsTheyWere, type Interval, type RealCourse, unplannedCuts } from './real-faults.ts';
import { diskEndOf, recordedCourse } from './recorded-course.ts';

const S = 1_000_000;
const ID = blockHash('ab'.repeat(32));

/** Four authorities, of whose blocks three are final: an interval of five seconds is the most that one may be late. */
function planOf(engine: string, faults: string) {
  const text = `name: late\nshows: Faults of real nodes.\nduration: 60s\nnodes: 4\nchain: { ${engine} }\nfaults: [${faults}]\nexpect: pass\n`;
  return resolveScenario(parseScenario('late.yaml', text, [], 'real'), '1');
}
const POA = 'engine: poa, blockInterval: 5s';
const POW = 'engine: pow, blockInterval: 1s, finalityDepth: 12';

/** All four are up for all of the time. */
const ALWAYS: readonly (readonly Interval[])[] = Array.from({ length: 4 }, () => [[0, 60 * S]]);

function course(faults: readonly Fault[], change: Partial<RealCourse> = {}): RealCourse {
  const [fault] = faults;
  const spans = new Map([[fault?.id ?? '', { fromUs: 10 * S, untilUs: 13 * S }]]);
  return { spans, ups: ALWAYS, endedUs: 60 * S, aparts: [], heightAt: () => 0, ...change };
}

function brokenBy(plan: ReturnType<typeof planOf>, change: Partial<RealCourse>): string | undefined {
  const faults = faultsAsTheyWere(plan, course(plan.faults, change));
  return depthAssumption({ chain: plan.chain, faults })?.why;
}

describe('a fault of a real run', () => {
  const crash = '{ kind: crash, at: 9s, hosts: [1], how: kill, down: 500ms }';
  const ups = (again: number): RealCourse['ups'] =>
    ALWAYS.with(1, [
      [0, 10 * S],
      [again * S, 60 * S],
    ]);

  it('lasts until its process has its chain again', () => {
    const plan = planOf(POA, crash);
    const [real] = faultsAsTheyWere(plan, course(plan.faults, { ups: ups(14) }));
    expect(real).toMatchObject({ kind: 'crash', atUs: 10 * S, downUs: 4 * S });
    expect(brokenBy(plan, { ups: ups(14) })).toBeUndefined();
    expect(brokenBy(plan, { ups: ups(16) })).toContain('assume that none is later than 5s');
  });

  it('lasts until the end where its process never has', () => {
    const plan = planOf(POA, crash);
    const [real] = faultsAsTheyWere(plan, course(plan.faults, { ups: ALWAYS.with(1, [[0, 10 * S]]) }));
    expect(real).toMatchObject({ downUs: 50 * S });
  });

  it('makes nobody late while all are down', () => {
    const plan = planOf(POA, crash.replace('[1]', 'all'));
    const together = [0, 1, 2, 3].map((host): readonly Interval[] => [
      [0, 10 * S],
      [(18 + host) * S, 60 * S],
    ]);
    const [real] = faultsAsTheyWere(plan, course(plan.faults, { ups: together }));
    expect(real).toMatchObject({ downUs: 3 * S });
  });

  it('cuts links for as long as it did', () => {
    const plan = planOf(POW, '{ kind: partition, at: 9s, for: 1s, split: random }');
    expect(brokenBy(plan, {})).toBeUndefined();
    const id = plan.faults[0]?.id ?? '';
    expect(brokenBy(plan, { spans: new Map([[id, { fromUs: 10 * S, untilUs: 15 * S }]]) })).toContain(
      'separates hosts for 5s; depth 12 assumes at most 4s',
    );
    expect(brokenBy(plan, { spans: new Map([[id, { fromUs: 10 * S, untilUs: undefined }]]) })).toContain(
      'for 50s',
    );
  });

  it('cuts links for as long as the blocks that came meanwhile should have taken', () => {
    const plan = planOf(POW, '{ kind: partition, at: 9s, for: 3s, split: random }');
    const heightAt = (us: number): number => (us > 11 * S ? 5 : 0);
    expect(brokenBy(plan, { heightAt })).toContain('for 5s');
    const authorities = planOf(POA, '{ kind: partition, at: 9s, for: 3s, split: random }');
    expect(brokenBy(authorities, { heightAt })).toBeUndefined();
  });

  it('is as it was planned where it has not begun', () => {
    const plan = planOf(POA, crash);
    expect(faultsAsTheyWere(plan, course(plan.faults, { spans: new Map() }))).toEqual(plan.faults);
  });
});

describe('a separation that nobody planned', () => {
  const brokenBy2 = (text: string, grown: number): string | undefined => {
    const { chain } = planOf(text, '');
    const heightAt = (us: number): number => (us >= 0 ? grown : 0);
    return depthAssumption({
      chain,
      faults: unplannedCuts(chain, course([], { aparts: [[-S, 2 * S]], heightAt })),
    })?.why;
  };

  it('is as long as the intervals of the blocks that came meanwhile', () => {
    expect(brokenBy2(POW, 4)).toBeUndefined();
    expect(brokenBy2(POW, 5)).toBe('apart/0 separates hosts for 5s; depth 12 assumes at most 4s');
    expect(brokenBy2(POA, 1)).toBeUndefined();
    expect(brokenBy2(POA, 2)).toContain('separates hosts for 10s');
  });

  it('is none where finality is not by depth', () => {
    const { chain } = planOf('engine: pos', '');
    expect(unplannedCuts(chain, course([], { aparts: [[0, S]], heightAt: (us) => us }))).toEqual([]);
  });
});

describe('the records of a run', () => {
  const START_MS = 1_700_000_000_000;
  type Event = Extract<EventRecord, { readonly kind: 'event' }>['event'];
  const at = (afterMs: number, event: Event): EventRecord => ({
    kind: 'event',
    boot: 1,
    monotonicMs: afterMs,
    wallMs: unixMs(START_MS + afterMs),
    event,
  });
  const started = (afterMs: number): EventRecord =>
    at(afterMs, { kind: 'NodeStarted', head: ID, height: height(0), reexecuted: 0 });
  const head = (afterMs: number, to: number): EventRecord =>
    at(afterMs, { kind: 'HeadChanged', id: ID, height: height(to), parent: ID });

  const keyOf = (host: number) => publicKey(`0${host}`.repeat(32));
  const up = (afterMs: number, peer: number): EventRecord =>
    at(afterMs, { kind: 'PeerUp', peer: keyOf(peer), address: address('a:1'), direction: 'out' });
  const down = (afterMs: number, peer: number): EventRecord =>
    at(afterMs, { kind: 'PeerDown', peer: keyOf(peer), reason: 'closed' });

  it('say when each host was up, and how high the chain was', () => {
    const records = [
      [started(100), up(300, 1), head(900, 1), head(2_000, 2), started(5_000)],
      [started(200), up(400, 0), head(1_500, 2), down(3_100, 0)],
      [],
    ];
    const found = recordedCourse(
      {
        spans: new Map(),
        changes: [{ wallMs: START_MS + 3_000, host: 0, how: 'kill' }],
        startedWallMs: START_MS,
        endedUs: 9 * S,
        setup: { hostKeys: [0, 1, 2].map((host) => ({ key: keyOf(host) })) },
      },
      records,
    );
    expect(found.ups).toEqual([
      [
        [100_000, 3 * S],
        [5 * S, 9 * S],
      ],
      [[200_000, 9 * S]],
      [],
    ]);
    // Host 2 is never up; 0 and 1 have each other from 0.4 s on, and not any more after the kill.
    expect(found.aparts).toEqual([
      [200_000, 400_000],
      [5 * S, 9 * S],
    ]);
    expect([0, 1, 1.5, 8].map((seconds) => found.heightAt(seconds * S))).toEqual([0, 1, 2, 2]);
  });

  it('say with what a host has ended', () => {
    const base = at(1_000, { kind: 'BaseAdvanced', id: ID, height: height(7) });
    expect(diskEndOf([started(0), head(500, 71), base])).toEqual({ head: { id: ID, height: 71 }, base: 7 });
    expect(diskEndOf([])).toBeUndefined();
  });
});
