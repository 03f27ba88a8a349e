/** Writes aureon-v1.json anew: `node tests/vectors/generate.ts`. Only for a new protocol version, or to add examples. */
import { writeFileSync } from 'node:fs';
import { goldenVectors } from './golden.ts';

writeFileSync(new URL('./aureon-v1.json', import.meta.url), goldenVectors());
