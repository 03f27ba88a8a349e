/** The folder of a real run: one chain, and for each host its key, its settings, and where it keeps its data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainSetup } from '../../cluster/chain-setup.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';
import { isFileProblem } from '../../node/file-problem.ts';
import { formatChainFile } from '../../node/genesis-file.ts';
import { nodeKeyOf, writeKeyFile } from '../../node/key-file.ts';
import { NODE_HOST, type Ports } from './ports.ts';

/** All links of a run come from one address. */
const CONNECTIONS_MAX = 1_000;
const REQUESTS_PER_SECOND = 1_000_000;

/** Where one host is. */
export interface HostPlaces {
  readonly folder: string;
  readonly settings: string;
  readonly database: string;
  readonly data: string;
  readonly events: string;
  readonly log: string;
  /** Says how its disk fails; absent: it does not. */
  readonly diskControl: string;
  readonly port: number;
  readonly apiPort: number;
}

/** Places for so many hosts; nothing is written yet. */
export async function choosePlaces(
  folder: string,
  hosts: number,
  ports: Ports,
): Promise<readonly HostPlaces[]> {
  const places: HostPlaces[] = [];
  for (let i = 0; i < hosts; i++) {
    const own = join(folder, `n${i}`);
    places.push({
      folder: own,
      settings: join(own, 'aureon.toml'),
      data: join(own, 'data'),
      database: join(own, 'data', 'chain'),
      events: join(own, 'events.jsonl'),
      log: join(own, 'log.jsonl'),
      diskControl: join(own, 'disk-fails'),
      port: await ports.take(),
      apiPort: await ports.take(),
    });
  }
  return places;
}

/** @param portOf where host `from` dials host `to`. @throws {Error} when it cannot be written. */
export function writeRunFolder(
  folder: string,
  plan: ClusterPlan,
  setup: ChainSetup,
  places: readonly HostPlaces[],
  portOf: (from: number, to: number) => number,
): void {
  const { genesis, schedule } = setup.context;
  writeFileSync(join(folder, 'genesis.json'), formatChainFile(genesis, schedule));
  for (const [host, place] of places.entries()) {
    mkdirSync(place.folder, { recursive: true });
    const secret = setup.hostKeys[host]?.secret ?? new Uint8Array(0);
    const problem = writeKeyFile(join(place.folder, 'node.key'), nodeKeyOf(secret, setup.suite));
    if (problem !== undefined && isFileProblem(problem)) throw new Error(problem.what);
    const peers = (setup.dials[host] ?? []).map((to) => portOf(host, to));
    const isMiner = plan.chain.engine === 'pow' && (plan.hosts[host]?.hashShare ?? 0) > 0;
    writeFileSync(place.settings, settingsText(plan, place, peers, isMiner));
  }
}

function settingsText(
  { features }: ClusterPlan,
  place: HostPlaces,
  peers: readonly number[],
  isMiner: boolean,
): string {
  const at = (port: number): string => JSON.stringify(`${NODE_HOST}:${port}`);
  return [
    '[node]',
    'genesis = "../genesis.json"',
    '[p2p]',
    `listen = ${at(place.port)}`,
    `peers = [${peers.map(at).join(', ')}]`,
    'discovery = false',
    `inbound_per_address_max = ${CONNECTIONS_MAX}`,
    `inbound_max = ${CONNECTIONS_MAX}`,
    '[http]',
    `listen = ${at(place.apiPort)}`,
    `rate_per_second = ${REQUESTS_PER_SECOND}`,
    ...(isMiner ? ['[mining]', 'threads = 1'] : []),
    ...(features.mempoolMax === undefined ? [] : ['[mempool]', `count_max = ${features.mempoolMax}`]),
    '[store]',
    'snapshot_interval = 0',
    ...(features.flushBlocks === undefined ? [] : [`flush_blocks = ${features.flushBlocks}`]),
    '[log]',
    `events = ${JSON.stringify(place.events)}`,
    '',
  ].join('\n');
}
