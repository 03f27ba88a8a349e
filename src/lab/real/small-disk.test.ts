import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { SmallDisks } from './small-disk.ts';

const folders: string[] = [];
let folder: string;

function isMounted(path: string): boolean {
  return readFileSync('/proc/mounts', 'utf8').includes(` ${path} `);
}

/** What this process may do. */
function mayMount(): boolean {
  const disks = new SmallDisks();
  const probe = mkdtempSync(join(tmpdir(), 'aureon-may-mount-'));
  folders.push(probe);
  const may = disks.mount(join(probe, 'disk'));
  disks.end(false);
  return may;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aureon-small-disk-'));
  folders.push(folder);
});
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true });
});

describe.runIf(mayMount())('a small disk', () => {
  const big = new Uint8Array(100_000);

  it('has no room when it is full, keeps what is on it, and has room again', () => {
    const disks = new SmallDisks();
    const data = join(folder, 'data');
    expect([disks.has(data), disks.mount(data), disks.has(data)]).toEqual([false, true, true]);
    writeFileSync(join(data, 'first'), 'first');
    disks.fill(data);
    expect(() => writeFileSync(join(data, 'second'), big)).toThrow('ENOSPC');
    expect(readFileSync(join(data, 'first'), 'utf8')).toBe('first');
    disks.free(data);
    writeFileSync(join(data, 'second'), big);
    disks.end(true);
    expect(isMounted(data)).toBe(false);
    expect(readFileSync(join(data, 'first'), 'utf8')).toBe('first');
    expect(readFileSync(join(data, 'second')).length).toBe(big.length);
  });

  it('is full when nothing is on it, too', () => {
    const disks = new SmallDisks();
    const data = join(folder, 'data');
    disks.mount(data);
    disks.fill(data);
    expect(() => writeFileSync(join(data, 'first'), big)).toThrow('ENOSPC');
    disks.end(false);
    expect([isMounted(data), existsSync(join(data, 'first'))]).toEqual([false, false]);
  });

  it('is unmounted when its process is killed', async () => {
    const data = join(folder, 'data');
    const module = pathToFileURL(join(import.meta.dirname, 'small-disk.ts')).href;
    const script = `import { SmallDisks } from '${module}';
      console.log(new SmallDisks().mount('${data}'));
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [told] = await once(child.stdout, 'data');
    expect([String(told).trim(), isMounted(data)]).toEqual(['true', true]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    while (isMounted(data)) await sleep(20);
  });
});

describe('a folder where nothing can be mounted', () => {
  it('is left as it was', () => {
    const disks = new SmallDisks();
    mkdirSync(join(folder, 'there'));
    expect(() => disks.mount(join(folder, 'there'))).toThrow('EEXIST');
    const path = process.env['PATH'];
    process.env['PATH'] = '';
    try {
      expect([disks.mount(join(folder, 'data')), existsSync(join(folder, 'data'))]).toEqual([false, false]);
    } finally {
      process.env['PATH'] = path;
    }
    disks.end(true);
  });
});
