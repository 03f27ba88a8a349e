import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../chain/types/event.ts';
import { EventLog, type LoggedEvent } from './event-log.ts';
import { describeEvent, type Focus, type Names, selectRelevant } from './relevant-events.ts';

const ID = 'ab'.repeat(32) as never;
const PEER_OF_3 = '03'.repeat(32) as never;
const names: Names = {
  nameOf: (host) => `n${host}`,
  hostOf: (peer) => (peer === PEER_OF_3 ? 3 : undefined),
};
const EVERYBODY: Focus = { kind: 'hosts', hosts: [] };

const HEAD: DomainEvent = { kind: 'HeadChanged', id: ID, height: 1 as never, parent: ID };
const STOPPED: DomainEvent = { kind: 'NodeStopped', reason: 'asked' };
function rejected(code: string): DomainEvent {
  return { kind: 'BlockRejected', id: ID, height: 1 as never, code };
}

/** `count` events of a host, one a microsecond from `atUs` on. */
function fill(log: EventLog, atUs: number, host: number, event: LoggedEvent, count = 1): void {
  for (let i = 0; i < count; i++) log.add(host, event, atUs + i);
}
function times(log: EventLog, focus: Focus): readonly number[] {
  return selectRelevant(log, focus, names).map(({ atUs }) => atUs);
}

describe('the event log', () => {
  it('keeps what is out of the ordinary while thousands of usual events pass.', () => {
    const log = new EventLog();
    fill(log, 1, 2, STOPPED);
    fill(log, 10, 0, HEAD, 5_000);
    expect(log.usual()).toHaveLength(400);
    expect(times(log, EVERYBODY)[0]).toBe(1);
  });

  it('is bounded in both, and forgets the oldest first.', () => {
    const log = new EventLog();
    for (let i = 0; i < 300; i++) fill(log, i, 0, rejected(`CODE_${i}`));
    expect(log.unusual().map(({ atUs }) => atUs)).toEqual(Array.from({ length: 256 }, (_, i) => 44 + i));
  });

  it('counts what repeats, and keeps the last of it.', () => {
    const log = new EventLog();
    fill(log, 100, 0, rejected('BAD_SEAL'), 40);
    fill(log, 200, 1, rejected('BAD_SEAL'));
    expect(log.unusual()).toMatchObject([
      { host: 0, atUs: 139, times: 40, sinceUs: 100 },
      { host: 1, atUs: 200, times: 1, sinceUs: 200 },
    ]);
    const [line] = log.unusual().map((seen) => describeEvent(seen, names).text);
    expect(line).toBe('BlockRejected id=abababababab height=1 code=BAD_SEAL (the last of 40 since 0.0001s)');
  });

  it('takes the first start of a node for usual, a start after an outage not.', () => {
    const log = new EventLog();
    const started: DomainEvent = { kind: 'NodeStarted', head: ID, height: 4 as never, reexecuted: 0 };
    fill(log, 1, 0, started);
    expect(log.unusual()).toEqual([]);
    fill(log, 2, 0, { kind: 'HostDown', how: 'power' });
    fill(log, 3, 0, started);
    expect(log.unusual().map(({ event }) => event.kind)).toEqual(['HostDown', 'NodeStarted']);
  });

  it('takes a reorganisation of one block for usual, a deeper one not.', () => {
    const log = new EventLog();
    const of = (depth: number): DomainEvent => ({
      kind: 'Reorganised',
      from: ID,
      to: ID,
      ancestor: ID,
      depth,
      returned: 0,
    });
    fill(log, 1, 0, of(1));
    fill(log, 2, 0, of(2));
    expect(log.unusual().map(({ atUs }) => atUs)).toEqual([2]);
  });
});

describe('the relevant events of a failure', () => {
  it('are twelve at most, in the order in which they happened.', () => {
    const log = new EventLog();
    fill(log, 0, 0, HEAD, 100);
    expect(times(log, EVERYBODY)).toEqual([88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  });

  it('begin with the hosts that the violation names, then their peers, then their last steps.', () => {
    const log = new EventLog();
    fill(log, 1, 5, STOPPED);
    fill(log, 2, 3, STOPPED);
    fill(log, 3, 1, STOPPED);
    fill(log, 10, 1, { kind: 'BlockReceived', id: ID, height: 1 as never, from: PEER_OF_3, via: 'full' });
    fill(log, 20, 1, HEAD, 30);
    fill(log, 60, 5, HEAD, 30);
    const chosen = selectRelevant(log, { kind: 'hosts', hosts: [1] }, names);
    expect(chosen.slice(0, 2).map(({ host, event }) => [host, event.kind])).toEqual([
      [3, 'NodeStopped'],
      [1, 'NodeStopped'],
    ]);
    expect(chosen.slice(2).map(({ host }) => host)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('of a verdict without time and place are the unusual ones, and no blocks.', () => {
    const log = new EventLog();
    fill(log, 1, 2, STOPPED);
    fill(log, 10, 0, HEAD, 50);
    expect(times(log, { kind: 'unusual' })).toEqual([1]);
  });

  it('of counts that were not reached are the events that are counted.', () => {
    const log = new EventLog();
    fill(log, 1, 2, STOPPED);
    fill(log, 2, 0, { kind: 'SyncStarted', from: 1 as never, to: 2 as never });
    fill(log, 10, 0, HEAD, 50);
    expect(times(log, { kind: 'kinds', kinds: ['SyncStarted'] })).toEqual([2]);
    expect(times(log, { kind: 'kinds', kinds: [] })).toEqual([]);
  });

  it('name peers by their hosts, and cut ids and keys.', () => {
    const log = new EventLog();
    const received = {
      kind: 'BlockReceived',
      id: ID,
      height: 7 as never,
      from: PEER_OF_3,
      via: 'full',
    } as const;
    fill(log, 5, 0, received);
    const [line] = selectRelevant(log, EVERYBODY, names).map((seen) => describeEvent(seen, names));
    expect(line).toEqual({
      atUs: 5,
      host: 'n0',
      text: 'BlockReceived id=abababababab height=7 from=n3 via=full',
    });
  });
});
