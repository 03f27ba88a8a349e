/** Starts what a power cut left together with its peers: it must catch up, take part, and contradict nothing. */
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NodeClient } from '../../src/node/client/client.ts';
import { asked, ended, eventsOf, PATIENCE_MS, startNodeProcess, until } from '../support/node-process.ts';
import { type Network, RUNNING } from './network.ts';
import type { Files } from './rebuild.ts';
import { writeFiles } from './restart.ts';

/** Blocks that need the vote of the one that was cut off: two of four validators decide nothing. */
const BLOCKS = 3;

/** Peers begin as they stopped. @returns what went wrong. */
export async function rejoin(network: Network, files: Files): Promise<string | undefined> {
  const folder = mkdtempSync(join(network.folder, 'rejoin-'));
  copyFileSync(join(network.folder, 'genesis.json'), join(folder, 'genesis.json'));
  const names = Array.from({ length: RUNNING }, (_, i) => `n${i}`);
  writeFiles(join(folder, 'n0'), files);
  for (const name of names) {
    if (name !== 'n0')
      cpSync(join(network.folder, name, 'data'), join(folder, name, 'data'), { recursive: true });
    for (const file of ['aureon.toml', 'node.key'])
      copyFileSync(join(network.folder, name, file), join(folder, name, file));
  }
  const nodes = names.map((name) =>
    startNodeProcess({ settings: join(folder, name, 'aureon.toml'), log: join(folder, `${name}.log`) }),
  );
  const clients = names.map((_, i) => new NodeClient(`http://127.0.0.1:${network.apiPort + i}`));
  const heightOf = async (client: NodeClient): Promise<number> =>
    until('a node: an answer', PATIENCE_MS, async () => (await asked(() => client.health()))?.height);
  let flaw: string | undefined;
  try {
    const goal = Math.max(...(await Promise.all(clients.slice(1).map(heightOf)))) + BLOCKS;
    await until(`block ${goal}`, PATIENCE_MS, async () => {
      const gone = nodes.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
      if (gone !== undefined)
        throw new Error(`a node has ended: ${readFileSync(gone.log, 'utf8').slice(-500)}`);
      return (await heightOf(clients[0] ?? new NodeClient(''))) >= goal ? goal : undefined;
    });
  } catch (error) {
    flaw = error instanceof Error ? error.message : String(error);
  }
  for (const { child } of nodes) child.kill('SIGTERM');
  const ends = await Promise.all(nodes.map(ended));
  if (ends.some((end) => end !== 0)) flaw ??= `ended with ${ends.join(', ')}`;
  const accusers = nodes.filter(({ log }) =>
    eventsOf(log).some(({ msg, what }) => msg === 'Engine' && what === 'evidence'),
  );
  if (accusers.length > 0) flaw ??= `${accusers.length} nodes have evidence against a validator`;
  rmSync(folder, { recursive: true });
  return flaw;
}
