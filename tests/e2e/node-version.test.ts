/** The tests run on the Node that the repository brings, whatever the machine's own is. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const bundled = new URL('../../node_modules/.bin/node', import.meta.url);

describe('the Node of npm scripts', () => {
  it.runIf(existsSync(bundled))('is version 24.', () => {
    expect(process.version).toMatch(/^v24\./);
  });
});
