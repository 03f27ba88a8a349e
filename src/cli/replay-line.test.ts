import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../lab/job.ts';
import { quoteShell, replayLine, startWords } from './replay-line.ts';

const job: Job = { file: 'a.yaml', source: '', overrides: [], seed: '1', isolate: false, permuteTies: 0 };
const start = ['npx', 'aureon', 'run'];

/** What a POSIX shell makes of a line: its words. */
function words(line: string): readonly string[] {
  const script = `set -- ${line}\nfor word do printf '%s\\0' "$word"; done`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('quoting for a shell', () => {
  it('gives back every text that an argument can be, through a real shell.', () => {
    const argument = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 20 }), (args) => {
        expect(words(args.map(quoteShell).join(' '))).toEqual(args);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves plain words as they are.', () => {
    for (const word of ['scenarios/01-a.yaml', 'nodes=4', '1..500', 'f00ba7', '--seed'])
      expect(quoteShell(word)).toBe(word);
    expect([quoteShell(''), quoteShell("it's")]).toEqual(["''", "'it'\\''s'"]);
  });
});

describe('the replay line', () => {
  it('has every parameter that the outcome depends on, and no other.', () => {
    expect(replayLine(job, false, start)).toBe('npx aureon run a.yaml --seed 1');
    const all: Job = {
      ...job,
      overrides: [
        { path: 'nodes', value: '4' },
        { path: 'network.latency', value: '{ fixed: 5ms }' },
      ],
      isolate: true,
      permuteTies: 3,
    };
    expect(replayLine(all, true, start)).toBe(
      "npx aureon run a.yaml --seed 1 --set nodes=4 --set 'network.latency={ fixed: 5ms }' --isolate --permute-ties 3 --verify",
    );
  });

  it('keeps a seed or a file that begins with a dash from being read as a flag.', () => {
    expect(words(replayLine({ ...job, file: '-a.yaml', seed: '--json' }, false, start)).slice(3)).toEqual([
      './-a.yaml',
      '--seed=--json',
    ]);
  });
});

describe('the words that start it again', () => {
  const source = pathToFileURL('/home/me/aureon/src/cli/run-command.ts').href;
  it('are npx where the package is installed.', () => {
    const built = pathToFileURL('/home/me/x/node_modules/aureon/dist/cli/run-command.js').href;
    expect(startWords(built, '/home/me/x')).toEqual(['npx', 'aureon', 'run']);
  });
  it('are npm start at the root of a clone, which installs no command.', () => {
    expect(startWords(source, '/home/me/aureon')).toEqual(['npm', 'start', '--']);
  });
  it('are the file itself, run by the Node that the clone brings, elsewhere.', () => {
    expect(startWords(source, '/home/me/aureon/scenarios')).toEqual([
      '/home/me/aureon/node_modules/.bin/node',
      '/home/me/aureon/src/cli/main.ts',
      'run',
    ]);
  });
});
