/** `npm run durability`: cuts the power of a recorded validator at many points, and starts a real node on what is left. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { freePorts } from '../support/free-port.ts';
import { ownedFolder, runTool } from '../support/tool.ts';
import { chooseCuts, drawsOf, finalCuts, type NamedCut, withSyncsIgnored } from './cuts.ts';
import type { DiskChange } from './disk-record.ts';
import { type Found, judge } from './judge.ts';
import { makeNetwork, type Network } from './network.ts';
import { rebuild } from './rebuild.ts';
import { type Recording, recordValidator } from './record-validator.ts';
import { rejoin } from './rejoin.ts';
import { restart } from './restart.ts';
import { tryStorage } from './storage-cuts.ts';

const CUTS = 200;
/** Of so many cuts one more is for the test of the tester, and one with peers; each is at least one and at most five. */
const CUTS_PER_OTHER = 40;
const OTHERS_MAX = 5;
/** Of the syncs before a message that has left, its record stands on one of the last so many. */
const LIES = 3;
/** Cuts of the storage alone, for one of a node: they cost less. */
const STORAGE_CUTS = 2;
/** Blocks of each of the four boots that are recorded: at least so many, more for many cuts. */
const BLOCKS_MIN = 3;
const CUTS_PER_BLOCK = 25;
const PORTS = 8;

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: String(CUTS) },
    seed: { type: 'string', default: String(Date.now()) },
    install: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
await runTool(() => main(Number(values.cuts), values.seed));

async function main(cuts: number, seed: string): Promise<number> {
  if (!Number.isSafeInteger(cuts) || cuts < 1)
    return complain(`--cuts ${values.cuts}: a whole number from 1`);
  const missing = strace(values.install);
  if (missing !== '') return complain(missing);
  console.log(`durability: ${cuts} cuts, seed ${seed}`);
  const folder = ownedFolder('aureon-durability-', values.keep);
  if (values.keep) console.log(`kept: ${folder}`);
  const network = makeNetwork(folder, await freePorts(PORTS));
  const recording = await recordValidator(network, BLOCKS_MIN + Math.ceil(cuts / CUTS_PER_BLOCK));
  const { disk, said, told } = recording;
  console.log(
    `recorded: ${disk.changes.length} changes of files, ${disk.syncs.length} syncs, ${said.length} votes and proposals sent, ${told.at(-1)?.height ?? 0} blocks final, ${recording.transfers} transfers`,
  );
  if (said.length === 0 || told.length === 0 || disk.syncs.length === 0)
    return complain('the recording has nothing that could be lost');
  const others = Math.min(OTHERS_MAX, Math.ceil(cuts / CUTS_PER_OTHER));
  const storage = await tryStorage(folder, STORAGE_CUTS * cuts, others, seed);
  console.log(storage.line);
  const wrong = [
    ...storage.wrong,
    ...(await tryCuts(network, recording, chooseCuts(recording, cuts, seed))),
    ...(await tryRejoining(network, recording, finalCuts(recording, seed).slice(0, others))),
    ...(await tryPlanted(network, recording, others, seed)),
  ];
  for (const line of wrong) console.error(line);
  console.log(
    wrong.length === 0 ? 'durability: ok' : `durability: ${wrong.length} cuts are wrong, seed ${seed}`,
  );
  return wrong.length === 0 ? 0 : 1;
}

async function tryCuts(
  network: Network,
  recording: Recording,
  cuts: readonly NamedCut[],
): Promise<readonly string[]> {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  for (const cut of cuts) {
    const found = await tryCut(network, recording, recording.disk.changes, cut);
    const flaws = judge(recording, cut.at, found);
    if (flaws.length > 0) wrong.push(`${cut.name}:\n  ${flaws.join('\n  ')}`);
    const outcome = flaws.length > 0 ? 'WRONG' : outcomeOf(found);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  console.log(`${cuts.length} cuts:`);
  for (const [outcome, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${String(count).padStart(4)}  ${outcome}`);
  return wrong;
}

function tryCut(
  network: Network,
  recording: Recording,
  changes: readonly DiskChange[],
  cut: NamedCut,
): Promise<Found> {
  return restart({ network, recording, files: rebuild(changes, cut), at: cut.at });
}

function outcomeOf({ started }: Found): string {
  if (started.kind !== 'ran')
    return `${started.kind}: ${started.kind === 'refused' ? started.words : started.how}`;
  const damage = started.damaged > 0 ? ', damaged records found' : '';
  return `opened${started.head === 0 ? ' at genesis' : ''}${started.isSilent ? ', silent' : ', signs on'}${damage}`;
}

async function tryRejoining(
  network: Network,
  recording: Recording,
  cuts: readonly NamedCut[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const cut of cuts) {
    const flaw = await rejoin(network, rebuild(recording.disk.changes, cut));
    if (flaw !== undefined) wrong.push(`${cut.name}, with its peers: ${flaw}`);
  }
  console.log(
    `${cuts.length} cuts at the end, with peers: ${cuts.length - wrong.length} caught up and vote, none accused`,
  );
  return wrong;
}

/** The tester itself: a vote has left, and the sync before it was none. All of that must be noticed. */
async function tryPlanted(
  network: Network,
  recording: Recording,
  count: number,
  seed: string,
): Promise<readonly string[]> {
  const below = drawsOf(`${seed} planted`);
  const wrong: string[] = [];
  for (let i = 0; i < count; i++) {
    const later = recording.said.slice(recording.said.length / 2);
    const at = (later[below(later.length)]?.at ?? 0) + 1;
    const cut: NamedCut = { at, loss: 'all', below, name: `planted ${i} at ${at}` };
    const changes = withSyncsIgnored(recording.disk, at, LIES);
    const found = await tryCut(network, recording, changes, cut);
    if (judge(recording, at, found).length === 0)
      wrong.push(`${cut.name}: a sync was ignored, and nothing was noticed`);
  }
  console.log(`${count} cuts with ignored syncs: ${count - wrong.length} noticed`);
  return wrong;
}

/** Empty: it is there. */
function strace(mayInstall: boolean): string {
  const isThere = (): boolean => spawnSync('strace', ['-V']).status === 0;
  if (isThere()) return '';
  if (!mayInstall) return 'strace is not here: install it, or say --install (Debian, as root)';
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  spawnSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'strace'], { stdio: 'inherit' });
  return isThere() ? '' : 'strace could not be installed';
}

function complain(text: string): number {
  console.error(`durability: ${text}`);
  return 2;
}
