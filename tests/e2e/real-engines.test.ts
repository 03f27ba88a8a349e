/** Real nodes whose finality is by depth: authorities and miners, each run judged, and once more with what one of them must not do. The chaos of them both takes minutes: docs/real-runs.md. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { taggedBytes } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import { headerSignBytes } from '../../src/chain/types/header-codec.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import type { RunResult } from '../../src/cluster/result.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { unixMs } from '../../src/env/units.ts';
import { type RunTraces, runForReal } from '../../src/lab/real/real-run.ts';
import { judgeTraces } from '../../src/lab/real/run-real.ts';
import { SmallDisks } from '../../src/lab/real/small-disk.ts';
import type { SeenMessage } from '../../src/lab/real/tap.ts';

const RUN_MS = 600_000;
/** What each authority is given to start. */
const HOST_STARTS_MS = 2_000;
/** Four nodes are up and have found each other. */
const START_MS = 5_000;
const scenarioOf = (name: string, chain: string, faults: string): string => `name: ${name}
shows: Real nodes whose finality is by depth.
duration: 20s
quiet: 8s
nodes: 4
chain: { ${chain} }
load: [{ kind: transfers, perSecond: 5, accounts: 4 }]
faults: [${faults}]
expect: pass
atLeast: { blocks: 5 }
`;
/** No block has it. */
const OTHER = 'ab'.repeat(32);
const CRASH = '{ kind: crash, at: 9s, hosts: [1], how: kill, down: 500ms }';
const RUNS = {
  poa: scenarioOf('judged-poa', 'engine: poa, blockInterval: 2s', ''),
  pow: scenarioOf('judged-pow', 'engine: pow, blockInterval: 500ms, halfLife: 5s, finalityDepth: 40', CRASH),
};

const folders: string[] = [];
let poa: RunTraces;
let preparedMs = 0;
let pow: RunTraces;

async function runOf(name: keyof typeof RUNS): Promise<RunTraces> {
  const folder = mkdtempSync(join(tmpdir(), `aureon-judged-${name}-`));
  folders.push(folder);
  const plan = resolveScenario(parseScenario(`${name}.yaml`, RUNS[name], [], 'real'), '1');
  const found = await runForReal(plan, {
    folder,
    disks: new SmallDisks(),
    signal: new AbortController().signal,
    preloads: () => ({ imports: [], environment: {} }),
    onProgress: () => {},
  });
  if (found === undefined) throw new Error('nobody aborts it');
  return found;
}

function brokenBy({ verdict }: RunResult): string {
  return verdict.kind === 'violated' ? `${verdict.violation.oracle}/${verdict.violation.rule}` : verdict.kind;
}

/** Laws that were checked, and held each time. */
function lawsOf({ assertions }: RunResult): readonly string[] {
  return assertions.flatMap(({ kind, name, checked, held }) =>
    kind === 'always' && checked > 0 && checked === held ? [name] : [],
  );
}

beforeAll(async () => {
  // Authorities are late by their own start: eight processes at once take longer for it than their depth bears.
  preparedMs = Date.now();
  const first = runOf('poa');
  await sleep(START_MS);
  [poa, pow] = await Promise.all([first, runOf('pow')]);
}, RUN_MS);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe('real authorities', () => {
  it('are judged by what they signed, called final and acknowledged', async () => {
    const result = await judgeTraces(poa);
    expect(result.verdict).toEqual({ kind: 'passed' });
    expect(lawsOf(result)).toEqual(
      expect.arrayContaining(['agreement', 're-execution', 'acknowledged', 'claims', 'bounds', 'signing']),
    );
    expect(result.notes.filter((note) => note.includes('finality'))).toEqual([]);
  });

  it('make no block before all of them had the time to start', () => {
    const { setup, startedWallMs } = poa;
    const beginsMs = setup.context.genesis.timestampMs;
    expect(beginsMs).toBeGreaterThanOrEqual(preparedMs + 4 * HOST_STARTS_MS);
    // The clocks of timers and of walls differ by a little.
    expect(startedWallMs).toBeGreaterThan(beginsMs - 100);
  });

  it('are accused of a second block on one parent', async () => {
    const { setup, seen } = poa;
    const first = seen.find(({ message }) => message.kind === 'Block');
    if (first?.message.kind !== 'Block') throw new Error('authorities announce blocks');
    const { message } = first;
    const header = { ...message.header, timestampMs: unixMs(message.header.timestampMs + 1) };
    const [item] = setup.context.rules.sealItems(header);
    const owner = setup.hostKeys.find(({ key }) => key === bytesToHex(item?.publicKey ?? new Uint8Array(0)));
    const bytes = taggedBytes(TAG.signSeal, headerSignBytes(header));
    const seal = bytesToHex(setup.suite.sign(owner?.secret ?? new Uint8Array(32), bytes));
    const saying = (changed: typeof header): RunTraces => {
      const forged: SeenMessage = { ...first, message: { ...message, header: changed } };
      return { ...poa, seen: [...seen, forged] };
    };
    expect(brokenBy(await judgeTraces(saying({ ...header, seal })))).toBe('signing/said-twice');
    expect(brokenBy(await judgeTraces(saying(header)))).toBe('passed');
  });

  it('may have removed a block beside their chain, and no other', async () => {
    // What a head was before a reorganisation: a block that is not on the disk.
    const change = (more: readonly object[]): RunTraces => {
      const places = poa.places.map((place, host) => {
        if (host !== 1) return place;
        const lines = readFileSync(place.events, 'utf8').split('\n');
        const at = lines.findIndex((line) => line.includes('"HeadChanged"'));
        const { event, ...stamp } = JSON.parse(lines[at] ?? '') as { readonly event: object };
        const aside = { ...event, id: OTHER };
        const told = [aside, event, ...more].map((one) => JSON.stringify({ ...stamp, event: one }));
        const events = `${place.events}.aside-${more.length}`;
        writeFileSync(events, lines.toSpliced(at, 1, ...told).join('\n'));
        return { ...place, events };
      });
      return { ...poa, places };
    };
    const base = { kind: 'BaseAdvanced', id: OTHER, height: 1 };
    expect(brokenBy(await judgeTraces(change([])))).toBe('claims/head-not-stored');
    expect(brokenBy(await judgeTraces(change([base])))).toBe('passed');
  });

  it('may have started from such a block, and have lost nothing', async () => {
    // One more boot, as if a branch had its head.
    const change = (isBelowBase: boolean): RunTraces => {
      const places = poa.places.map((place, host) => {
        if (host !== 1) return place;
        const lines = readFileSync(place.events, 'utf8').trimEnd().split('\n');
        const last = JSON.parse(lines.at(-1) ?? '') as object;
        const tell = (event: object): string =>
          JSON.stringify({ ...last, snapshot: undefined, kind: 'event', boot: 2, event });
        const base = tell({ kind: 'BaseAdvanced', id: OTHER, height: 99 });
        const heads = lines.filter((line) => line.includes('"HeadChanged"'));
        const [, height] = /"height":(\d+)/.exec(heads.at(-1) ?? '') ?? [];
        const started = tell({ kind: 'NodeStarted', head: OTHER, height: Number(height), reexecuted: 0 });
        const events = `${place.events}.boot-${isBelowBase}`;
        const more = isBelowBase ? [started, base] : [started];
        writeFileSync(events, [...lines, ...more, heads.at(-1), lines.at(-1)].join('\n'));
        return { ...place, events };
      });
      return { ...poa, places };
    };
    expect(brokenBy(await judgeTraces(change(false)))).not.toBe('passed');
    expect(brokenBy(await judgeTraces(change(true)))).toBe('passed');
  });

  it('promise nothing once one of them was late by more than their depth bears', async () => {
    const [fault] = resolveScenario(
      parseScenario('poa.yaml', RUNS.poa.replace('[]', `[${CRASH}]`), [], 'real'),
      '1',
    ).faults;
    if (fault === undefined) throw new Error('that scenario has a fault');
    const plan = { ...poa.plan, faults: [fault] };
    const spans = new Map([[fault.id, { fromUs: 9_000_000, untilUs: undefined }]]);
    const { verdict, notes } = await judgeTraces({ ...poa, plan, spans });
    expect(verdict.kind).toBe('passed');
    expect(notes).toContainEqual(expect.stringMatching(/^finality is not judged: .* none is later than 2s$/));
  });
});

describe('real miners', () => {
  it('are judged by their chains and by what they tell', async () => {
    const result = await judgeTraces(pow);
    expect(result.verdict).toEqual({ kind: 'passed' });
    expect(result.counts.restarts).toBe(1);
    expect(lawsOf(result)).toEqual(expect.arrayContaining(['re-execution', 'claims', 'bounds', 'requests']));
  });

  it('make every hash that a seal takes', () => {
    const config = decodePowConfig(pow.setup.context.genesis.engineConfig);
    if (isRejection(config)) throw new Error(config.code);
    expect([config.powScale, config.finalityDepth]).toEqual([1n, 40]);
    // A slow machine makes ten thousand in half a second.
    expect(BigInt(`0x${config.initialTarget}`)).toBeLessThan((1n << 256n) / 10_000n);
  });
});
