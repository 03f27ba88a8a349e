import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { PageData } from '../../src/report/page-data.ts';
import { createWorkshop, PASSES, STALLS } from './cli-runner.ts';

const shop = createWorkshop();
shop.write('passes.yaml', PASSES);
shop.write('stalls.yaml', STALLS);
afterAll(() => shop.remove());

/** The data inside a page, as its script reads it. */
function dataOf(file: string): PageData {
  const html = readFileSync(shop.path(file), 'utf8');
  const packed = /<script type="text\/plain" id="data">([^<]+)<\/script>/.exec(html)?.[1] ?? '';
  return JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8'));
}

describe('aureon run --report out.html', () => {
  it('writes the first run that fails, with the text and the replay line that were printed, and its trace hash.', async () => {
    const args = ['run', 'passes.yaml', 'stalls.yaml', '--seed', '3', '--report', 'deep/out.html'];
    const { code, stdout } = await shop.aureon(args);
    expect(code).toBe(3);
    const { runs, format } = dataOf('deep/out.html');
    expect([format, runs.length]).toEqual([1, 1]);
    const [run] = runs;
    expect(run?.recording.scenario).toBe('stalls');
    expect(stdout).toContain(run?.text);
    expect(stdout).toContain(`replay  ${run?.replay}`);
    expect(stdout).toContain(run?.recording.result.traceHash);
    expect(Object.keys(run?.faultTexts ?? {})).toEqual(run?.recording.faults.map(({ id }) => id));
  });

  it('writes the last run where all pass, beside that of another seed where one is given.', async () => {
    const args = ['run', 'passes.yaml', '--seeds', '1..3', '--report', 'pair.html', '--beside', 'other'];
    expect((await shop.aureon(args)).code).toBe(0);
    expect(dataOf('pair.html').runs.map(({ recording }) => recording.seed)).toEqual(['3', 'other']);
  });

  it('holds no text that could end its script, whatever a scenario is called.', async () => {
    const name = '</script><script>alert(1)</script>';
    shop.write('evil.yaml', PASSES.replace(/shows: .*/, `shows: '${name} is what it shows.'`));
    expect((await shop.aureon(['run', 'evil.yaml', '--report', 'evil.html'])).code).toBe(0);
    expect(readFileSync(shop.path('evil.html'), 'utf8')).not.toContain('alert(1)');
    expect(dataOf('evil.html').runs[0]?.recording.shows).toContain(name);
  });

  it('refuses a place that cannot be written, before anything runs.', async () => {
    mkdirSync(shop.path('folder.html'));
    const { code, stdout, stderr } = await shop.aureon(['run', 'passes.yaml', '--report', 'folder.html']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--report folder.html: the file cannot be written (EISDIR)');
  });

  it('refuses a second seed where there is no report.', async () => {
    const { code, stderr } = await shop.aureon(['run', 'passes.yaml', '--beside', '2']);
    expect(code).toBe(2);
    expect(stderr).toContain('--beside: the run stands in a report; say where by --report out.html');
  });

  it('leaves nothing behind where the scenario cannot be run.', async () => {
    expect((await shop.aureon(['run', 'nothing.yaml', '--report', 'none.html'])).code).toBe(2);
    expect(existsSync(shop.path('none.html'))).toBe(false);
  });
});
