import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import { height } from '../../src/chain/types/units.ts';
import { type EventFile, openEventFile, readEventFile } from '../../src/node/event-file.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';

const AT = { monotonic: 7, wall: 1_700_000_000_007 };
const synced = (at: number): DomainEvent => ({ kind: 'SyncFinished', at: height(at) });

describe('the event file of a node', () => {
  let folder: string;
  let count = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-events-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = (): string => join(folder, `${count++}.jsonl`);

  function opened(file: string, lost: string[] = []): EventFile {
    const found = openEventFile(file, (why) => lost.push(why));
    if (isFileProblem(found)) throw new Error(found.what);
    return found;
  }

  it('has each event with boot, both clocks and the event itself, as soon as it was told', () => {
    const file = path();
    const events = opened(file);
    events.event(synced(3), AT);
    expect(readFileSync(file, 'utf8')).toBe(
      '{"boot":1,"monotonicMs":7,"wallMs":1700000000007,"kind":"event","event":{"kind":"SyncFinished","at":3}}\n',
    );
    expect(readEventFile(file)).toEqual([
      { boot: 1, monotonicMs: 7, wallMs: AT.wall, kind: 'event', event: synced(3) },
    ]);
    events.close();
  });

  it('goes on with what is there, under the number of the next boot', () => {
    const file = path();
    for (const boot of [1, 2, 3]) {
      const events = opened(file);
      expect(events.boot).toBe(boot);
      events.event(synced(boot), AT);
      events.close();
    }
    expect(readEventFile(file).map(({ boot }) => boot)).toEqual([1, 2, 3]);
  });

  it('loses no other line to one that was cut off', () => {
    const file = path();
    const first = opened(file);
    first.event(synced(1), AT);
    first.close();
    appendFileSync(file, '{"boot":1,"monotonicMs":9,"wa');
    const second = opened(file);
    second.event(synced(2), AT);
    second.close();
    const events = readEventFile(file).map((record) => (record.kind === 'event' ? record.event : undefined));
    expect([second.boot, events]).toEqual([2, [synced(1), synced(2)]]);
  });

  it('is not begun in a file of something else, which stays as it is', () => {
    const file = path();
    writeFileSync(file, 'a letter\n');
    expect(openEventFile(file, () => {})).toMatchObject({ code: 'MALFORMED' });
    expect(readFileSync(file, 'utf8')).toBe('a letter\n');
  });

  it('is refused where it cannot be written', () => {
    expect(openEventFile(join(folder, 'no', 'folder'), () => {})).toMatchObject({
      code: 'UNREADABLE',
      what: expect.stringContaining('ENOENT'),
    });
  });

  it('ends with a full disk, and says so once', () => {
    const lost: string[] = [];
    const found = openEventFile('/dev/full', (why) => lost.push(why));
    if (isFileProblem(found)) throw new Error(found.what);
    found.event(synced(1), AT);
    found.event(synced(2), AT);
    expect(lost).toEqual(['ENOSPC']);
  });

  it('is read whatever it holds', () => {
    const file = path();
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string())), (lines) => {
        writeFileSync(file, lines.join('\n'));
        for (const record of readEventFile(file)) expect(record.boot).toBeGreaterThan(0);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
