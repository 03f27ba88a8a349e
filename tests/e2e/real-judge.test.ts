/** The judge of real runs is judged: of one run that passes, a record or a disk is tampered with, and the oracle that it concerns must say so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePosMessage, voteBytes } from '../../src/chain/consensus/pos/messages.ts';
import { voteSignedItem } from '../../src/chain/consensus/pos/vote.ts';
import { bodyOf } from '../../src/chain/node-engine.ts';
import { genesisHash } from '../../src/chain/types/genesis-codec.ts';
import { blockHash, signature, txId } from '../../src/chain/types/units.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { type RunTraces, runForReal } from '../../src/lab/real/real-run.ts';
import { judgeTraces } from '../../src/lab/real/run-real.ts';
import { SmallDisks } from '../../src/lab/real/small-disk.ts';
import type { SeenMessage } from '../../src/lab/real/tap.ts';
import { readEventFile } from '../../src/node/event-file.ts';

const RUN_MS = 600_000;
const SCENARIO = `name: judged
shows: Four real nodes make blocks, and one is killed and comes back.
duration: 40s
quiet: 25s
nodes: 4
chain: { engine: pos, blockInterval: 400ms }
load: [{ kind: transfers, perSecond: 5, accounts: 4 }]
faults: [{ kind: crash, at: 10s, hosts: [1], how: kill, down: 1s }]
expect: pass
atLeast: { blocks: 5, restarts: 1 }
`;

describe('the judge of a real run', () => {
  let folder: string;
  let traces: RunTraces;
  let copies = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-judged-'));
    const plan = resolveScenario(parseScenario('judged.yaml', SCENARIO, [], 'real'), '1');
    const found = await runForReal(plan, {
      folder,
      disks: new SmallDisks(),
      signal: new AbortController().signal,
      preloads: () => ({ imports: [], environment: {} }),
      onProgress: () => {},
    });
    if (found === undefined) throw new Error('nobody aborts it');
    traces = found;
  }, RUN_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The same run, whose host 1 left these lines. */
  function withEvents(change: (lines: readonly string[]) => readonly string[]): RunTraces {
    const places = traces.places.map((place, host) => {
      if (host !== 1) return place;
      const events = join(folder, `tampered-${copies++}.jsonl`);
      const lines = readFileSync(place.events, 'utf8').split('\n');
      const changed = change(lines);
      expect(changed).not.toEqual(lines);
      writeFileSync(events, changed.join('\n'));
      return { ...place, events };
    });
    return { ...traces, places };
  }

  async function violationOf(tampered: RunTraces): Promise<string> {
    const { verdict } = await judgeTraces(tampered);
    return verdict.kind === 'violated'
      ? `${verdict.violation.oracle}/${verdict.violation.rule}`
      : verdict.kind;
  }

  it('finds nothing wrong with what is as it was', async () => {
    const result = await judgeTraces(traces);
    expect(result.verdict).toEqual({ kind: 'passed' });
    expect(result.counts.restarts).toBe(1);
    expect(result.counts.transactions).toBeGreaterThan(0);
  });

  it('hears of two blocks that are final at one height', async () => {
    const tampered = withEvents((lines) => {
      const at = lines.findIndex((line) => line.includes('"FinalityAdvanced"'));
      return lines.with(at, (lines[at] ?? '').replace(/"finalId":"[0-9a-f]{8}/, '"finalId":"deadbeef'));
    });
    expect(await violationOf(tampered)).toBe('agreement/absolute-finality-conflict');
  });

  it('hears of a restart that has lost what was final', async () => {
    const { genesisId } = traces.setup;
    const tampered = withEvents((lines) =>
      lines.map((line) =>
        line.includes('"boot":2') && line.includes('"NodeStarted"')
          ? line.replace(/"head":"[0-9a-f]{64}","height":\d+/, `"head":"${genesisId}","height":0`)
          : line,
      ),
    );
    expect(await violationOf(tampered)).toBe('durability/final-lost-by-crash');
  });

  it('misses a transaction that a client was told is final', async () => {
    const lost = { id: txId('ab'.repeat(32)), host: 2 };
    const loads = traces.loads.map((load) => {
      const result = load.result();
      return { ...load, result: () => ({ ...result, acknowledged: [...result.acknowledged, lost] }) };
    });
    expect(await violationOf({ ...traces, loads })).toBe('acknowledged/acknowledged-lost');
  });

  it('misses blocks that a node shows and its disk does not hold', async () => {
    // The disk of a host that never was: no chain at all.
    const places = traces.places.map((place, host) =>
      host === 1 ? { ...place, database: `${place.database}-no` } : place,
    );
    expect(await violationOf({ ...traces, places })).toBe('claims/head-not-stored');
  });

  it('sees a head that a node shows and has not told of', async () => {
    const tampered = withEvents((lines) =>
      lines.map((line) =>
        line.includes('"kind":"snapshot"')
          ? line.replace(/"head":\{"id":"[0-9a-f]{8}/, '"head":{"id":"deadbeef')
          : line,
      ),
    );
    expect(await violationOf(tampered)).toBe('claims/head-not-told');
  });

  it('hears of a limit that was passed at an instant', async () => {
    const tampered = withEvents((lines) => {
      const at = lines.findIndex((line) => line.includes('"kind":"snapshot"'));
      return lines.with(
        at,
        (lines[at] ?? '').replace(/"size":\d+,"max":(\d+)/, '"size":99999999999,"max":$1'),
      );
    });
    expect(await violationOf(tampered)).toBe('bounds/limit-passed');
  });

  describe('with a vote on the links that contradicts another one of its host', () => {
    /** The first vote for a block that was seen, for another block. */
    function forged(isSigned: boolean): SeenMessage {
      const { setup, seen } = traces;
      for (const one of seen) {
        const read = one.message.kind === 'Consensus' ? decodePosMessage(bodyOf(one.message)) : undefined;
        if (read === undefined || 'code' in read || read.kind !== 'vote' || read.vote.block === undefined)
          continue;
        const changed = { ...read.vote, block: blockHash('ab'.repeat(32)) };
        const owner = setup.hostKeys.find(({ key }) => key === changed.validator);
        const bytes = voteSignedItem(genesisHash(setup.context.genesis), changed).message;
        const own = bytesToHex(setup.suite.sign(owner?.secret ?? new Uint8Array(32), bytes));
        const vote = isSigned ? { ...changed, signature: signature(own) } : changed;
        return { ...one, message: { kind: 'Consensus', body: bytesToHex(voteBytes(vote)) } };
      }
      throw new Error('validators vote');
    }

    it('accuses the host that has signed it', async () => {
      expect(await violationOf({ ...traces, seen: [...traces.seen, forged(true)] })).toBe(
        'signing/said-twice',
      );
    });

    it('accuses nobody where the signature is not that of the host', async () => {
      expect(await violationOf({ ...traces, seen: [...traces.seen, forged(false)] })).toBe('passed');
    });
  });

  it('says who ended by itself, and judges nothing else', async () => {
    const casualty = {
      host: 3,
      wallMs: traces.startedWallMs + 5_000,
      what: 'its process ended',
      lines: ['a', 'b'],
    };
    const { verdict } = await judgeTraces({ ...traces, casualty });
    expect(verdict).toEqual({
      kind: 'crashed',
      host: 'n3',
      atUs: 5_000_000,
      error: 'its process ended',
      stack: 'at a\nat b',
    });
  });

  it('demands agreement on something new after the faults', async () => {
    const tampered = withEvents((lines) => {
      const records = readEventFile(traces.places[1]?.events ?? '');
      const last = records.findIndex(
        ({ wallMs }) => wallMs > traces.startedWallMs + (traces.quietFromUs ?? 0) / 1_000,
      );
      return lines.slice(0, last).filter((line) => !line.includes('"snapshot"'));
    });
    expect(await violationOf(tampered)).toBe('convergence/no-common-head');
  });
});
