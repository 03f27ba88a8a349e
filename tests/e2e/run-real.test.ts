/** `aureon run --real` as users meet it: the same file in both worlds, a bug in real nodes, and what is left when it is interrupted. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, type Finished, finished, main, node, root, type Workshop } from './cli-runner.ts';

/** A real run takes its own time, and the machine has other work. */
const RUN_MS = 600_000;
const PATIENCE = { timeout: 300_000, interval: 100 };

const file = (name: string): string => join(root, 'scenarios', 'real', `${name}.yaml`);
const PARITY = ['partition-and-heal', 'crash-with-disk', 'late-joiner'] as const;

interface Told {
  readonly verdict: string;
  readonly exitCode: number;
  readonly detail: { readonly violation?: { readonly hosts: readonly string[] } };
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: readonly { readonly kind: string; readonly effective: number }[];
  readonly assertions: readonly {
    readonly name: string;
    readonly kind: string;
    readonly checked: number;
    readonly held: number;
  }[];
}

function told({ stdout, stderr }: Finished): Told {
  const [line] = stdout.split('\n');
  if (line === undefined || !line.startsWith('{')) throw new Error(`no result: ${stdout}${stderr}`);
  return JSON.parse(line) as Told;
}

describe('a scenario on real nodes', () => {
  let shop: Workshop;
  const real = new Map<string, Promise<Finished>>();
  beforeAll(() => {
    shop = createWorkshop();
    // Two at a time: most of the time each of them waits, and a machine has two cores at least.
    const begin = (
      after: Promise<unknown>,
      key: string,
      name: string,
      ...flags: readonly string[]
    ): Promise<Finished> => {
      const run = after.then(() => shop.aureon(['run', file(name), '--real', '--json', ...flags]));
      real.set(key, run);
      return run;
    };
    const [first, second, third] = PARITY;
    const now = Promise.resolve();
    void begin(begin(now, first, first), second, second);
    void begin(begin(now, third, third), 'bug', 'crash-in-partition', '--bug', '02');
  }, RUN_MS);
  afterAll(async () => {
    await Promise.all(real.values());
    shop.remove();
  }, RUN_MS);

  it.each(PARITY)(
    'has the verdict of the simulation: %s',
    async (name) => {
      const simulated = await shop.aureon(['run', file(name), '--json']);
      const run = (await real.get(name)) as Finished;
      expect([run.code, simulated.code, told(run).detail]).toEqual([0, 0, { kind: 'passed' }]);
      expect(told(run).detail).toEqual(told(simulated).detail);
      expect(told(run).faults).toEqual(told(simulated).faults);
      const lawsOf = ({ assertions }: Told) => assertions.filter(({ kind }) => kind === 'always');
      const missing = lawsOf(told(simulated)).filter(
        ({ name: law }) => !lawsOf(told(run)).some((other) => other.name === law),
      );
      expect(missing.map(({ name: law }) => law)).toEqual(['corruption']);
      for (const law of ['agreement', 're-execution', 'acknowledged', 'bounds', 'claims', 'signing'])
        expect([
          law,
          lawsOf(told(run)).some(
            ({ name: one, checked, held }) => one === law && checked > 0 && held === checked,
          ),
        ]).toEqual([law, true]);
    },
    RUN_MS,
  );

  it(
    'shows a bug in real nodes: a validator that forgets what it signed',
    async () => {
      const run = (await real.get('bug')) as Finished;
      expect(run.code).toBe(1);
      expect(told(run)).toMatchObject({
        verdict: 'violated',
        detail: { violation: { oracle: 'signing', rule: 'said-twice', kind: 'safety' } },
      });
      // Each forgets; those that had voted for a block say it twice.
      const [culprit = ''] = told(run).detail.violation?.hosts ?? [];
      expect(culprit).toMatch(/^n[0-3]$/);
      const kept = /^kept: (\S+)$/m.exec(run.stderr)?.[1] ?? '';
      expect(readdirSync(join(kept, culprit))).toEqual(
        expect.arrayContaining(['aureon.toml', 'data', 'events.jsonl', 'log.jsonl', 'node.key']),
      );
      execFileSync('rm', ['-r', kept]);
    },
    RUN_MS,
  );
});

describe('a real run', () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = createWorkshop();
    mkdirSync(shop.path('tmp'));
  });
  afterAll(() => shop.remove());

  /** Processes whose settings stand in the folder of this test. */
  const nodes = (): readonly string[] =>
    execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('aureon.toml') && line.includes(shop.path('tmp')));

  const start = () =>
    shop.start(node, [main, 'run', file('partition-and-heal'), '--real'], {
      env: { TMPDIR: shop.path('tmp') },
    });

  it(
    'that is interrupted leaves neither processes nor files',
    async () => {
      const running = start();
      const ended = finished(running);
      await expect.poll(() => nodes().length, PATIENCE).toBe(4);
      running.kill('SIGINT');
      const { code } = await ended;
      expect([code, nodes(), readdirSync(shop.path('tmp'))]).toEqual([130, [], []]);
    },
    RUN_MS,
  );

  it(
    'that is killed leaves no processes',
    async () => {
      const running = start();
      const ended = finished(running);
      await expect.poll(() => nodes().length, PATIENCE).toBe(4);
      running.kill('SIGKILL');
      await ended;
      await expect.poll(nodes, PATIENCE).toEqual([]);
    },
    RUN_MS,
  );

  it('is refused where the scenario asks for more than real nodes can do, at its line, before anything starts', async () => {
    const gallery = join(root, 'scenarios', '43-pos-clocks.yaml');
    const { code, stdout, stderr } = await shop.aureon(['run', gallery, '--real'], {
      env: { TMPDIR: shop.path('tmp') },
    });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /43-pos-clocks\.yaml:\d+:\d+: faults\[0\]\.kind: clock\w+ cannot be done to real processes/,
    );
    expect(stderr).toContain('expected: with --real one of partition, bridge, ring,');
  });

  it.each([
    [['--real', '--verify'], '--verify and --real: one at a time'],
    [['--real', '--report', 'out'], '--report and --real: one at a time'],
    [['--keep'], '--keep: it is of --real'],
  ])('refuses %j', async (flags, text) => {
    const { code, stdout, stderr } = await shop.aureon(['run', file('late-joiner'), ...flags]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });
});
