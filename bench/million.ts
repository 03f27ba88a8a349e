/** A million transfers through one real node, and a new node that fetches them: `npm run bench -- million`. */
import { runTool } from '../tests/support/tool.ts';
import { bareVerification, load, percent, sync } from './node/measure.ts';
import { startNet } from './node/net.ts';

const STEPS = 10;
const STEP = 100_000;
const BATCH = 100;
const INTERVAL_MS = 200;

await runTool(async () => {
  const bare = bareVerification();
  console.log(`Ed25519 checks of the fastest verifier on one thread: ${bare.toFixed(0)} a second\n`);
  const net = await startNet(1, INTERVAL_MS);
  console.log(
    '| transfers | blocks | transfers/s | of bare verification | own memory | all resident | disk |',
  );
  console.log('|---|---|---|---|---|---|---|');
  let blocks = 0;
  for (let step = 0; step < STEPS; step++) {
    const done = await load(net, step * STEP, STEP, BATCH);
    blocks += done.blocks;
    const rate = (done.count - done.refused) / done.wallS;
    console.log(
      `| ${(step + 1) * STEP} | ${blocks} | ${rate.toFixed(0)} | ${percent(rate, bare)} | ${done.ownMb.toFixed(0)} MB | ${done.residentMb.toFixed(0)} MB | ${done.diskMb.toFixed(0)} MB |`,
    );
  }
  const fetched = await sync(net);
  const rate = fetched.transfers / fetched.seconds;
  console.log(
    `\nA new node fetches ${fetched.blocks} blocks with ${fetched.transfers} transfers in ${fetched.seconds.toFixed(1)} s, its start included: ${(fetched.blocks / fetched.seconds).toFixed(1)} blocks/s, ${rate.toFixed(0)} transfers/s, ${percent(rate, bare)} of bare verification`,
  );
  await net.stop();
  return 0;
});
