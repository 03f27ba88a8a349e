import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../src/', import.meta.url);

/** Installs the traps in a new process, then imports modules: what they capture on import is trapped as well. */
function importTrapped(modules: readonly string[], source = ''): string {
  const program = `
    import { installTraps, removeTraps } from '${new URL('sim/traps.ts', ROOT).href}';
    import { z } from 'zod';
    // The package asks once, and never while a simulation steps, whether its machine lets it compile; our modules must not ask.
    z.strictObject({});
    installTraps();
    let thrown;
    try {
      ${modules.map((path) => `await import('${new URL(path, ROOT).href}');`).join('\n')}
      ${source}
    } catch (error) {
      thrown = error;
    }
    removeTraps();
    console.log(thrown === undefined ? 'clean' : String(thrown));
  `;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(ROOT),
    encoding: 'utf8',
  }).trim();
}

describe('importing the core with the traps on', () => {
  it('touches nothing forbidden in env, sim, chain and cluster', () => {
    const modules = [
      'sim/create-simulator.ts',
      'sim/modelled-crypto.ts',
      'chain/node.ts',
      'chain/consensus/pow/pow.ts',
      'chain/consensus/pow/modelled-search.ts',
      'chain/consensus/poa/engine.ts',
      'chain/consensus/round-robin/engine.ts',
      'chain/types/message-codec.ts',
      'cluster/test-cluster.ts',
      'cluster/portable-suite.ts',
    ];
    expect(importTrapped(modules)).toBe('clean');
  });

  it('would notice a module that reads the clock while it is loaded', () => {
    expect(importTrapped([], "await import('data:text/javascript,export const t = Date.now()');")).toContain(
      'Date',
    );
  });
});
