import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBug, parseBug, ROOT, readBugs } from './bug-file.ts';
import { BugError, mutate } from './mutation.ts';
import { KNOWN_MISSES_MAX } from './score-table.ts';

const bugs = readBugs();

function textOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(BugError);
    return error instanceof Error ? error.message : '';
  }
  return '';
}

describe('the bug gallery', () => {
  it('has at least 24 bugs, of which few are known to be missed', () => {
    expect(bugs.length).toBeGreaterThanOrEqual(24);
    const missed = bugs.filter((bug) => bug.kind === 'cluster' && bug.missed !== undefined);
    expect(missed.length).toBeLessThanOrEqual(KNOWN_MISSES_MAX);
  });

  it.each(bugs)('$name: each anchor stands in the sources exactly once', ({ name, mutations }) => {
    for (const file of new Set(mutations.map((mutation) => mutation.file))) {
      const source = readFileSync(join(ROOT, file), 'utf8');
      expect(mutate(source, file, mutations, name)).not.toBe(source);
    }
  });

  it.each(bugs)('$name: its note tells the mechanism, the history and who must notice', ({ name }) => {
    const note = readFileSync(join(ROOT, 'bugs', name, 'README.md'), 'utf8');
    for (const part of ['Mechanism', 'In the world', 'Who must notice'])
      expect(note).toContain(`**${part}.**`);
  });

  it.each(bugs.filter((bug) => bug.kind === 'unit'))('$name: its tests are there', ({ tests }) => {
    for (const file of tests) expect(existsSync(join(ROOT, file))).toBe(true);
  });

  it('finds a bug by its number or its name, and names all when there is none', () => {
    expect(findBug(bugs, '1').name).toBe('01-used-nonce');
    expect(findBug(bugs, '01-used-nonce').number).toBe('01');
    expect(textOf(() => findBug(bugs, '99'))).toContain('01-used-nonce');
  });
});

describe('a mutation', () => {
  const anchor = { file: 'src/chain/a.ts', find: 'x < 1', replace: 'x <= 1' };

  it('replaces its anchor in its file, and leaves other files as they are', () => {
    expect(mutate('if (x < 1) y', 'src/chain/a.ts', [anchor], 'b')).toBe('if (x <= 1) y');
    expect(mutate('if (x < 1) y', 'src/chain/c.ts', [anchor], 'b')).toBe('if (x < 1) y');
  });

  it.each([
    ['stands there not at all', 'y', 'does not stand there'],
    ['stands there twice', 'x < 1 || x < 1', 'stands there 2 times'],
    ['overlaps itself', 'x < 1x < 1', 'stands there 2 times'],
  ])('whose anchor %s is an error that says what to do', (_, source, part) => {
    const text = textOf(() => mutate(source, 'src/chain/a.ts', [anchor], '07-bug'));
    expect(text).toContain(part);
    expect(text).toContain('bugs/07-bug/bug.yaml');
  });

  it('that changes nothing is an error', () => {
    const same = { ...anchor, replace: anchor.find };
    expect(textOf(() => mutate('x < 1', 'src/chain/a.ts', [same], 'b'))).toContain('the same text');
  });
});

describe('a bug file', () => {
  const good = `kind: cluster
title: A bug
engine: any
oracles: [agreement]
mutations:
  - { file: src/chain/a.ts, find: a, replace: b }
`;

  it('is run by all hosts when it says nothing else', () => {
    expect(parseBug('01-a-bug', good)).toMatchObject({ number: '01', runs: 'all' });
  });

  it.each([
    ['an oracle that is none', '01-a', good.replace('agreement', 'luck'), 'oracles'],
    ['a file that is not of the chain', '01-a', good.replace('src/chain/a.ts', 'src/sim/a.ts'), 'src/chain'],
    ['a key that is none', '01-a', `${good}colour: red\n`, 'colour'],
    ['a name without a number', 'a-bug', good, 'two digits'],
  ])('with %s is refused', (_, name, text, part) => {
    expect(textOf(() => parseBug(name, text))).toContain(part);
  });

  it('is looked for in the repository only', () => {
    expect(textOf(() => readBugs('/nowhere'))).toContain('clone the repository');
  });
});
