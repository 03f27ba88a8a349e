/** `node tests/reference/check.ts FILE.json [--skip-signatures]`: exit 0 when the exported chain is valid, 1 when not. */
import { readFileSync } from 'node:fs';
import { checkExport } from './checker.ts';

const [file, flag] = process.argv.slice(2);
if (file === undefined || (flag !== undefined && flag !== '--skip-signatures')) {
  process.stderr.write('usage: node tests/reference/check.ts FILE.json [--skip-signatures]\n');
  process.exitCode = 2;
} else {
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const problems = checkExport(json, flag === undefined ? 'ed25519' : 'skip');
  for (const { height, rule, fact } of problems) process.stdout.write(`height ${height}: ${rule}: ${fact}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
