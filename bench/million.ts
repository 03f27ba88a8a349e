/** A million transfers through one real node, and a new node that fetches them: `npm run bench -- million`. */
import { runTool } from '../tests/support/tool.ts';
import { besideBare, load, percent, sync } from './node/measure.ts';
import { startNet } from './node/net.ts';

const STEPS = 10;
const STEP = 100_000;
const BATCH = 100;
const INTERVAL_MS = 100;

await runTool(async () => {
  const net = await startNet(1, INTERVAL_MS);
  console.log(
    '| transfers | blocks | transfers/s | bare verification/s | ratio | own memory | all resident | disk |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  let blocks = 0;
  for (let step = 0; step < STEPS; step++) {
    const { done, bare } = await besideBare(() => load(net, step * STEP, STEP, BATCH));
    blocks += done.blocks;
    const rate = (done.count - done.refused) / done.wallS;
    console.log(
      `| ${(step + 1) * STEP} | ${blocks} | ${rate.toFixed(0)} | ${bare.toFixed(0)} | ${percent(rate, bare)} | ${done.ownMb.toFixed(0)} MB | ${done.residentMb.toFixed(0)} MB | ${done.diskMb.toFixed(0)} MB |`,
    );
  }
  const { done: fetched, bare } = await besideBare(() => sync(net));
  const rate = fetched.transfers / fetched.seconds;
  console.log(
    `\nA new node fetches ${fetched.blocks} blocks with ${fetched.transfers} transfers in ${fetched.seconds.toFixed(1)} s, its start included: ${(fetched.blocks / fetched.seconds).toFixed(1)} blocks/s, ${rate.toFixed(0)} transfers/s, ${percent(rate, bare)} of the ${bare.toFixed(0)} of bare verification`,
  );
  await net.stop();
  return 0;
});
