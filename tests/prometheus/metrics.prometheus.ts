/** Prometheus reads a devnet of real nodes, and the file of a simulated run; promtool finds nothing to say. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { METRIC_PREFIX, METRICS, SERIES_MAX } from '../../src/node/metrics/definitions.ts';
import { createWorkshop, finished, main, node, printed } from '../e2e/cli-runner.ts';
import { freePort, freePorts } from '../support/free-port.ts';

const PATIENCE = { timeout: 60_000, interval: 250 };
const NODES = 3;
const shop = createWorkshop();
const children: ChildProcess[] = [];

const vectorForm = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

/** Labels and value of each series. */
type Vector = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

class Prometheus {
  readonly #base: string;

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  /** @param atS the moment that is asked about; absent: now. */
  async query(query: string, atS?: number): Promise<Vector> {
    const asked = new URLSearchParams({ query, ...(atS === undefined ? {} : { time: String(atS) }) });
    const response = await fetch(`${this.#base}/api/v1/query?${asked.toString()}`);
    const { data } = vectorForm.parse(await response.json());
    return data.result.map(({ metric, value }) => [metric, Number(value[1])]);
  }
}

async function startPrometheus(config: string, data: string): Promise<Prometheus> {
  const port = await freePort();
  shop.write('prometheus.yml', config);
  const child = spawn(
    'prometheus',
    [
      `--config.file=${shop.path('prometheus.yml')}`,
      `--storage.tsdb.path=${shop.path(data)}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  children.push(child);
  const { stderr } = child;
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    stderr.on('data', (text) => {
      if (String(text).includes('Server is ready to receive web requests')) resolve();
    });
  });
  return new Prometheus(port);
}

function promtool(
  args: readonly string[],
  input = '',
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { code: status, said: stdout + stderr };
}

describe('Prometheus', () => {
  let api = 0;
  let devnet: ChildProcess;
  let ended: ReturnType<typeof finished>;

  beforeAll(async () => {
    const port = await freePorts(2 * NODES);
    api = port + NODES;
    devnet = shop.start(node, [
      main,
      ...['devnet', '--nodes', String(NODES), '--interval', '300ms', '--dir', 'net'],
      ...['--port', String(port), '--api-port', String(api)],
    ]);
    ended = finished(devnet);
    await printed(devnet, 'height 2 ');
  });
  afterAll(async () => {
    for (const child of children) child.kill();
    devnet.kill('SIGINT');
    const { code, stderr } = await ended;
    shop.remove();
    if (code !== 0 || stderr !== '') throw new Error(`the devnet ended with ${code}: ${stderr}`);
  });

  const to = (i: number): string => `127.0.0.1:${api + i}`;

  it('has nothing to say against the metrics of a node', async () => {
    const text = await (await fetch(`http://${to(0)}/metrics`)).text();
    expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
  });

  it('reads every metric of every node, and sees a transfer pass', async () => {
    const targets = Array.from({ length: NODES }, (_, i) => `'${to(i)}'`).join();
    const scraped = `scrape_configs: [{ job_name: aureon, scrape_interval: 500ms, scrape_timeout: 500ms, static_configs: [{ targets: [${targets}] }] }]\n`;
    const prometheus = await startPrometheus(scraped, 'scraped');
    const one = async (query: string): Promise<number> =>
      (await prometheus.query(query))[0]?.[1] ?? Number.NaN;
    await expect.poll(() => one('sum(up)'), PATIENCE).toBe(NODES);
    const shown = await shop.aureon(['keys', 'show', 'net/account-1.key', '--json']);
    const send = ['tx', 'send', '--key', 'net/account-0.key', '--amount', '5', '--wait', '--node', to(1)];
    const sent = await shop.aureon([...send, '--to', JSON.parse(shown.stdout).address]);
    expect([sent.code, sent.stderr]).toEqual([0, '']);
    await expect.poll(() => one('sum(aureon_transactions_processed_total)'), PATIENCE).toBe(NODES);
    expect(await one('sum(aureon_transactions_submitted_total)')).toBe(1);
    await expect.poll(() => one('min(increase(aureon_chain_height[10s]))'), PATIENCE).toBeGreaterThan(0);
    expect(
      await one(
        'min(aureon_peers_connected{direction="in"} + ignoring(direction) aureon_peers_connected{direction="out"})',
      ),
    ).toBe(NODES - 1);
    const heights = await prometheus.query('aureon_peer_heights{statistic="min"}');
    expect(heights.map(([, value]) => value > 0)).toEqual(Array.from({ length: NODES }, () => true));

    const counts = await prometheus.query(`count by (__name__, instance) ({__name__=~"${METRIC_PREFIX}.+"})`);
    const names = new Set(counts.map(([labels]) => labels['__name__']?.replace(/_bucket$/, '')));
    // Nobody misbehaved, nothing was refused, and no block came by itself: votes bring them.
    const silent = [
      'blocks_received_total',
      'blocks_rejected_total',
      'transactions_failed_total',
      'http_errors_total',
    ];
    const expected = Object.values(METRICS).filter(({ name }) => !silent.includes(name));
    for (const { name } of expected) expect([...names]).toContain(METRIC_PREFIX + name);
    expect(Math.max(...counts.map(([, value]) => value))).toBeLessThanOrEqual(SERIES_MAX);
  });

  it('loads the metrics of a simulated run, at their simulated times', async () => {
    shop.write(
      'short.yaml',
      'name: short\nshows: Two nodes.\nduration: 60s\nnodes: 2\nsignatures: modelled\nchain: { blockInterval: 1s }\nexpect: pass\n',
    );
    const run = await shop.aureon(['run', 'short.yaml', '--metrics', 'run.txt']);
    expect([run.code, run.stderr]).toEqual([0, '']);
    const loaded = promtool([
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      shop.path('run.txt'),
      shop.path('simulated'),
    ]);
    expect([loaded.code, loaded.said]).toEqual([0, expect.stringContaining('NUM SAMPLES')]);
    const prometheus = await startPrometheus('', 'simulated');
    const last = [
      ...readFileSync(shop.path('run.txt'), 'utf8').matchAll(
        /^aureon_chain_height\{job="aureon",instance="(n\d)"\} (\d+) 1700000060\.000$/gm,
      ),
    ];
    const heights = await prometheus.query('aureon_chain_height', 1_700_000_060);
    expect(heights.map(([labels, value]) => [labels['instance'], String(value)])).toEqual(
      last.map(([, instance, value]) => [instance, value]),
    );
    expect(heights).toHaveLength(2);
  });
});
