/** The tests run on the Node that the repository brings, whatever the machine's own is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));

describe('the Node of npm scripts', () => {
  it.runIf(existsSync(join(bin, 'node')))('is version 24.', () => {
    expect(process.version).toMatch(/^v24\./);
  });
});
