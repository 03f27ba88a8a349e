import { describe, expect, it } from 'vitest';
import { bundlePage } from './bundle.ts';
import { runChecks } from './checks.ts';
import { runTask } from './run-task.ts';
import { createTasks, hasRealSignatures } from './tasks.ts';

describe('what a browser is given', () => {
  it('holds the four floors, and nothing that only Node has', async () => {
    const scripts = await bundlePage();
    expect([...scripts.keys()]).toEqual(expect.arrayContaining(['page.js', 'simulation-worker.js']));
    const text = [...scripts.values()].join('\n');
    expect(text).toContain('createScenarioRun');
    expect(text).not.toMatch(/from ?["']node:/);
    expect(text).not.toContain('import.meta.env');
  });
});

describe('what is asked of every engine', () => {
  const tasks = createTasks('1', [], undefined);

  it('is the whole gallery, a run in the page and a planted program, each under a name of its own', () => {
    expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length);
    expect(tasks.filter(({ place }) => place === 'page')).toHaveLength(1);
    expect(tasks.filter(({ plant }) => plant !== undefined)).toHaveLength(1);
    expect(tasks.filter(hasRealSignatures)).toHaveLength(3);
    expect(tasks.length).toBeGreaterThanOrEqual(20);
  });

  it('holds a planted program that runs another way where stacks are written another way', () => {
    const planted = tasks.find(({ plant }) => plant !== undefined);
    if (planted === undefined) throw new Error('no planted task');
    const hash = (): string => runTask(planted, undefined, () => {}).traceHash;
    const before = Error.stackTraceLimit;
    const own = hash();
    try {
      Error.stackTraceLimit = 3;
      expect(hash()).not.toBe(own);
    } finally {
      Error.stackTraceLimit = before;
    }
  });

  it('finds on Node what holds on Node, and misses what only a browser has', () => {
    const found = new Map(runChecks('worker').map(({ check, problem }) => [check, problem]));
    expect(found.get('globals throw while a simulation steps (worker)')).toBe('');
    expect(found.get('globals are left as they were (worker)')).toBe('');
    expect(found.get('a planted crypto is named (worker)')).toBe('');
    expect(found.get('a planted indexedDB is named (worker)')).toBe('there is no such global');
    expect(found.get('an exhausted stack ends the run (worker)')).toBe('');
  });
});
