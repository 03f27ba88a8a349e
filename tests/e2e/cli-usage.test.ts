/** What `aureon` refuses: every mistake is told in words, exit code 2, nothing runs and nothing is written. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkshop, PASSES } from './cli-runner.ts';

const shop = createWorkshop();
afterAll(() => shop.remove());

const LEVELS = ['a: &a [x, x, x, x, x, x, x, x, x]'];
for (let i = 0; i < 9; i++) {
  const [one, two] = ['abcdefghij'[i], 'abcdefghij'[i + 1]];
  LEVELS.push(
    `${two}: &${two} [*${one}, *${one}, *${one}, *${one}, *${one}, *${one}, *${one}, *${one}, *${one}]`,
  );
}

shop.write('good.yaml', PASSES);
shop.write(
  'garbage.yaml',
  Uint8Array.from({ length: 4_096 }, (_, i) => (i * 7919 + (i >> 3)) % 256),
);
shop.write('control.yaml', `${PASSES}\u001b]0;owned\u0007: 1\n`);
shop.write('nul.yaml', `${PASSES}\0`);
shop.write('empty.yaml', '');
shop.write('bomb.yaml', `${LEVELS.join('\n')}\n`);
shop.write('huge.yaml', `# ${'x'.repeat(4_000_000)}`);
shop.write('unknown-key.yaml', `${PASSES}fauls: []\n`);
shop.write('no-nodes.yaml', PASSES.replace('nodes: 3\n', ''));
shop.write('syntax.yaml', 'name: [unclosed\n');
shop.write('twice.yaml', `${PASSES}nodes: 4\n`);
shop.write('impossible.yaml', PASSES.replace('{ random: 1 }', '{ random: 9 }'));
shop.write('too-late.yaml', PASSES.replace('at: 20s', 'at: 119s'));
shop.write('never-planned.yaml', PASSES.replace('faults: { crash: 1 }', 'faults: { pause: 1 }'));
shop.write('endless-quiet.yaml', `${PASSES}quiet: 10min\n`);
shop.write('second.yaml', `${PASSES}---\nname: another\n`);
shop.write('tag.yaml', `${PASSES}cpu: !fast { hashNs: 1 }\n`);
shop.write('infinite.yaml', PASSES.replace('nodes: 3', 'nodes: .inf'));
shop.write('no-unit.yaml', PASSES.replace('duration: 120s', 'duration: 120'));
shop.write('minutes.yaml', PASSES.replace('duration: 120s', 'duration: 2 minutes'));
shop.write('list-key.yaml', `${PASSES}? [1, 2]\n: 3\n`);
shop.write('deep.yaml', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`);
shop.write('mixed/binary.yaml', Uint8Array.of(0xff, 0xfe, 0x00));
shop.write('mixed/unknown-key.yaml', `${PASSES}fauls: []\n`);
shop.write('folder/notes.txt', 'no scenario');
shop.write('a-file', '');
execFileSync('mkfifo', [shop.path('pipe.yaml')]);
execFileSync('ln', ['-s', 'loop.yaml', shop.path('loop.yaml')]);

const before = readdirSync(shop.folder).sort();

/** Arguments after `run` → what the message must say. */
const broken: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['a missing file', ['goood.yaml'], ['goood.yaml: there is no such file', 'did you mean good.yaml?']],
  ['a name of the gallery', ['partition-and-heal'], ['did you mean', '01-partition-and-heal.yaml?']],
  ['a part of a name', ['laggard'], ['did you mean', '14-upgrade-with-laggard.yaml?']],
  ['a folder without scenarios', ['folder'], ['folder: no scenario file in this folder']],
  ['a file that cannot be read', ['/proc/self/mem'], ['/proc/self/mem: cannot be read (E']],
  ['a link to itself', ['loop.yaml'], ['loop.yaml: cannot be read (ELOOP)']],
  ['a pipe', ['pipe.yaml'], ['pipe.yaml: neither a file nor a folder']],
  ['binary garbage', ['garbage.yaml'], ['garbage.yaml: not a text file; a scenario file is YAML in UTF-8']],
  ['a NUL in the text', ['nul.yaml'], ['nul.yaml: not a text file']],
  ['control characters', ['control.yaml'], ['control.yaml:11:1: unknown key']],
  ['an empty file', ['empty.yaml'], ['empty.yaml:1:1: found nothing', 'expected: { name, shows,']],
  ['an empty name', [''], ['an empty file name']],
  ['two documents', ['second.yaml'], ['second.yaml:11:1: multiple docs', 'expected: one document']],
  ['a tag', ['tag.yaml'], ['tag.yaml:11:6: tag resolve failed', 'scenario files have no tags']],
  ['an infinite number', ['infinite.yaml'], ['infinite.yaml:4:8: nodes: found Infinity']],
  ['a duration without a unit', ['no-unit.yaml'], ['duration: found 120; did you mean 120s?']],
  ['a duration in words', ['minutes.yaml'], ['found "2 minutes"; did you mean 2min?']],
  ['a list as a key', ['list-key.yaml'], ['list-key.yaml:11:3: unknown key "[ 1, 2 ]"', '11 | ? [1, 2]']],
  [
    'lists in lists in lists',
    ['deep.yaml'],
    ['deep.yaml:1:', 'resource exhaustion', 'fewer [ and { inside each other'],
  ],
  [
    'a folder, telling of all files in it',
    ['mixed'],
    ['mixed/binary.yaml: not a text file', 'unknown key "fauls"', '2 of 2 scenario files cannot be run'],
  ],
  ['an alias bomb', ['bomb.yaml'], ['bomb.yaml:2:8: alias *a', 'scenario files have no aliases', 'more']],
  ['a file of megabytes', ['huge.yaml'], ['huge.yaml: 4000002 bytes']],
  [
    'an unknown key',
    ['unknown-key.yaml'],
    ['unknown-key.yaml:11:1: unknown key "fauls"; did you mean faults?', '11 | fauls: []'],
  ],
  ['a missing key', ['no-nodes.yaml'], ['nodes: missing', 'expected: a whole number from 1 to 20000']],
  ['broken YAML', ['syntax.yaml'], ['syntax.yaml:2:1: bad indent', 'every [ and { to be closed']],
  [
    'a key twice',
    ['twice.yaml'],
    ['twice.yaml:11:1: duplicate key', 'expected: every key once in one mapping'],
  ],
  ['more crashes than hosts', ['impossible.yaml'], ['9 hosts of a cluster of 3', 'at most 3']],
  ['a fault in the quiet end', ['too-late.yaml'], ['at 119s, but the quiet end', 'begins at 60s']],
  [
    'a count of faults that nobody plans',
    ['never-planned.yaml'],
    ['atLeast.faults.pause: 1 of pause', 'expected: counts of crash'],
  ],
  ['a quiet end longer than the run', ['endless-quiet.yaml'], ['quiet for 10min of a run of 120s']],
  [
    'a good file beside a bad one',
    ['good.yaml', 'unknown-key.yaml', 'no-nodes.yaml'],
    ['unknown key', 'nodes: missing', '2 of 3 scenario files cannot be run: nothing was run'],
  ],
  ['--seeds backwards', ['good.yaml', '--seeds', '9..1'], ['--seeds 9..1: a range such as 1..500']],
  ['--seeds of words', ['good.yaml', '--seeds', 'a..b'], ['--seeds a..b']],
  ['--seeds without an end', ['good.yaml', '--seeds', '1..'], ['--seeds 1..']],
  ['millions of seeds', ['good.yaml', '--seeds', '1..9000000'], ['at most 1000000 seeds']],
  ['millions of runs', ['good.yaml', 'good.yaml', '--seeds', '1..600000'], ['1200000 runs']],
  ['--seed and --seeds', ['good.yaml', '--seed', '1', '--seeds', '1..2'], ['one of them, not both']],
  ['an empty seed', ['good.yaml', '--seed', ''], ['a text of 1 to 256 characters']],
  ['--jobs 0', ['good.yaml', '--jobs', '0'], ['--jobs 0: a whole number from 1 to 256']],
  ['--jobs of a word', ['good.yaml', '--jobs', 'many'], ['--jobs many']],
  ['--set without a value', ['good.yaml', '--set', 'nodes'], ['--set nodes: path=value was expected']],
  [
    '--set of a wrong value',
    ['good.yaml', '--set', 'nodes=many'],
    ['good.yaml: nodes: --set nodes=many: found "many"'],
  ],
  [
    '--set into a text',
    ['good.yaml', '--set', 'name.x=1'],
    ['--set name.x=1: the file has no such place', 'expected: name to be a mapping'],
  ],
  [
    '--set past a list',
    ['good.yaml', '--set', 'faults[3].at=1s'],
    ['no such place', 'an item from faults[0] to faults[0]'],
  ],
  ['--set of a key into a list', ['good.yaml', '--set', 'faults.at=1s'], ['the file has no such place']],
  ['--set of an alias', ['good.yaml', '--set', 'nodes=*x'], ['--set nodes=*x: cannot be read']],
  [
    '--set of an unknown key',
    ['good.yaml', '--set', 'chian.engine=pow'],
    ['good.yaml: --set chian.engine=pow: unknown key "chian"; did you mean chain?'],
  ],
  ['--set of two documents', ['good.yaml', '--set', 'nodes=5\n---\n6'], ['cannot be read']],
  ['--permute-ties 0', ['good.yaml', '--permute-ties', '0'], ['--permute-ties 0: a whole number from 1']],
  ['--verify with --permute-ties', ['good.yaml', '--verify', '--permute-ties', '1'], ['one at a time']],
  ['an unknown flag', ['good.yaml', '--sede', '1'], ["unknown option '--sede'", 'Did you mean --seed?']],
];

describe('aureon run', () => {
  it.each(broken)('refuses %s.', async (_, args, words) => {
    const { code, stdout, stderr } = await shop.aureon(['run', ...args, '--report', 'report']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).not.toMatch(/\n\s+at .*\.ts/);
    expect(stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(existsSync(shop.path('report'))).toBe(false);
    expect(readdirSync(shop.folder).sort()).toEqual(before);
  });

  it('refuses a flag without its value.', async () => {
    const { code, stdout, stderr } = await shop.aureon(['run', 'good.yaml', '--seed']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("option '--seed <text>' argument missing");
  });

  it.skipIf(process.platform !== 'linux')(
    'refuses a report folder where the system lets nobody write.',
    async () => {
      const { code, stdout, stderr } = await shop.aureon(['run', 'good.yaml', '--report', '/proc/aureon']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toBe('--report /proc/aureon: the folder cannot be written (ENOENT)\n');
    },
  );

  it('refuses a report folder without a name.', async () => {
    const { code, stderr } = await shop.aureon(['run', 'good.yaml', '--report', '']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: '--report: a folder was expected, got an empty name\n',
    });
  });

  it('refuses a report folder that is a file.', async () => {
    const { code, stdout, stderr } = await shop.aureon(['run', 'good.yaml', '--report', 'a-file']);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: '--report a-file: the folder cannot be written (ENOTDIR)\n',
    });
  });
});

describe('aureon', () => {
  it('prints help and version on request, and help when nothing is asked.', async () => {
    const version = await shop.aureon(['--version']);
    expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const help = await shop.aureon(['--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('aureon run');
    const nothing = await shop.aureon([]);
    expect([nothing.code, nothing.stdout]).toEqual([2, '']);
    expect(nothing.stderr).toContain('aureon run');
  });

  it('names every flag and exit code, with examples, in the help of run.', async () => {
    const { code, stdout } = await shop.aureon(['run', '--help']);
    expect(code).toBe(0);
    for (const flag of [
      'seed',
      'seeds',
      'jobs',
      'set',
      'verify',
      'permute-ties',
      'isolate',
      'fail-fast',
      'list',
      'json',
      'quiet',
      'report',
    ])
      expect(stdout).toContain(`--${flag} `);
    for (const exit of [
      '130 interrupted',
      '5 nondeterminism',
      '4 the program',
      '1 a safety',
      '3 liveness',
      '2 usage',
      '0 passed',
    ])
      expect(stdout).toContain(exit);
    expect(stdout).toContain('Examples:');
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('suggests the command that was meant.', async () => {
    const { code, stderr } = await shop.aureon(['rnu']);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'rnu'");
    expect(stderr).toContain('Did you mean run?');
  });
});
