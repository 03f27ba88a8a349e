/** A digest of the code that a run's result depends on: two that are equal come to the same trace hash. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a simulation is made of. */
const FLOORS = ['env', 'sim', 'chain', 'cluster'] as const;
/** Sixteen digits name a state of the code; nobody forges one to deceive himself. */
const DIGITS = 16;

let known: string | undefined;

/** Of the sources, or of what was built from them: hexadecimal, of 16 digits. The same code built gives another. */
export function codeDigest(): string {
  known ??= digestOf(fileURLToPath(new URL('..', import.meta.url)));
  return known;
}

function digestOf(root: string): string {
  const hash = createHash('sha256');
  for (const floor of FLOORS) {
    const files = readdirSync(join(root, floor), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|js)$/.test(name) && !/\.(?:test|d)\.ts$/.test(name))
      .map((name) => name.replaceAll('\\', '/'))
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    for (const name of files) {
      const text = readFileSync(join(root, floor, name));
      hash.update(`${floor}/${name} ${text.length}\n`).update(text);
    }
  }
  return hash.digest('hex').slice(0, DIGITS);
}
