/** `npm run example -- [--seeds N] [--bug]`: many seeds of the register; exit 1 when a seed breaks it. */
import { parseArgs } from 'node:util';
import { runRegister } from './simulation.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '10000' }, bug: { type: 'boolean', default: false } },
});
const seeds = Number(values.seeds);
const startedMs = performance.now();
let events = 0;
let slots = 0;
let crashes = 0;
let corruptions = 0;
let failed: string | undefined;
for (let seed = 1; seed <= seeds && failed === undefined; seed++) {
  const result = runRegister(String(seed), { voteBeforeFlush: values.bug });
  events += result.events;
  slots += result.chosen;
  crashes += result.crashes;
  corruptions += result.corruptions;
  if (result.violation !== undefined) failed = `seed ${seed}: ${result.violation}`;
}
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
console.log(
  `${seeds} seeds wanted, ${events} events, ${slots} values chosen, ${crashes} crashes, ${corruptions} rotten records in ${seconds} s`,
);
console.log(failed === undefined ? 'no violation' : `VIOLATION ${failed}`);
process.exitCode = failed === undefined ? 0 : 1;
