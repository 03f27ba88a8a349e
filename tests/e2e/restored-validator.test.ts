/** A validator whose data folder is lost and restored from a backup, on real nodes: whatever it says, it said nothing else before. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restoredOp } from '../../src/chain/blockstore/restored.ts';
import { decodePosMessage } from '../../src/chain/consensus/pos/messages.ts';
import type { Promised } from '../../src/chain/consensus/pos/promises.ts';
import type { Answer, NodeSnapshot } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import { height } from '../../src/chain/types/units.ts';
import { hexToBytes } from '../../src/env/bytes.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import { createLinkProxies, type LinkProxies } from '../../src/lab/real/link-proxies.ts';
import { Tap } from '../../src/lab/real/tap.ts';
import { type FileProblem, isFileProblem } from '../../src/node/file-problem.ts';
import { readChainFile } from '../../src/node/genesis-file.ts';
import { readKeyFile } from '../../src/node/key-file.ts';
import type { RunningNode } from '../../src/node/node-process.ts';
import { nativeSha256 } from '../../src/node/storage/file-sums.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { SUITE } from '../cluster/support.ts';
import { makeNetwork, type Network } from '../durability/network.ts';
import { contradicts, nameOf, readSignRecords } from '../durability/sign-records.ts';
import { freePorts } from '../support/free-port.ts';
import { until } from '../support/node-process.ts';
import { settingsFrom, startTestNode } from '../support/test-node.ts';
import { createWorkshop, type Workshop } from './cli-runner.ts';

const NODES = 4;
/** One that is restored, moved, and one whose mark is taken away. */
const RESTORED = 0;
const UNMARKED = 3;
const PATIENCE = { timeout: 100_000, interval: 20 };
/** The chain goes on for so many heights after a backup, the validator voting. */
const HEIGHTS = 4;
/** Backups until one is of the moment that is wanted. */
const TRIES_MAX = 20;
/** A link that is cut ends its connections. */
const STALL_MS = 200;

function heightOf(own: Promised): number {
  return own.kind === 'vote' ? own.vote.height : own.proposal.height;
}

function isFirstPrevote(own: Promised, at: number): boolean {
  if (own.kind !== 'vote' || own.vote.type !== 1) return false;
  return own.vote.height === at && own.vote.round === 0 && own.vote.block !== undefined;
}

class RealNetwork {
  readonly network: Network;
  readonly tap = new Tap();
  readonly events: DomainEvent[][] = Array.from({ length: NODES }, () => []);
  readonly #running: (RunningNode | undefined)[] = [];
  readonly #proxies: LinkProxies;
  /** By its validator, of so many messages of the tap. */
  readonly #said: Promised[][] = Array.from({ length: NODES }, () => []);
  #read = 0;

  private constructor(network: Network, tap: Tap, proxies: LinkProxies) {
    this.network = network;
    this.tap = tap;
    this.#proxies = proxies;
  }

  static async open(folder: string): Promise<RealNetwork> {
    const network = makeNetwork(folder, await freePorts(2 * NODES));
    const tap = new Tap();
    const all = Array.from({ length: NODES }, (_, i) => i);
    const proxies = await createLinkProxies(
      all.map((i) => all.filter((other) => other !== i)),
      (host) => network.port + host,
      STALL_MS,
      { onBytes: (from, _to, stream, bytes) => tap.onBytes(from, stream, bytes) },
    );
    return new RealNetwork(network, tap, proxies);
  }

  dataOf(host: number): string {
    return join(this.network.folder, `n${host}`, 'data');
  }

  async start(host: number, isVouched: boolean): Promise<FileProblem | undefined> {
    const { folder, port } = this.network;
    const chain = readChainFile(join(folder, 'genesis.json'));
    const key = readKeyFile(join(folder, `n${host}`, 'node.key'), SUITE);
    if (isFileProblem(chain) || isFileProblem(key)) throw new Error('a network has its files');
    const others = Array.from({ length: NODES }, (_, i) => i).filter((i) => i !== host);
    const node = await startTestNode({
      settings: settingsFrom({
        'node-data': this.dataOf(host),
        'p2p-listen': `127.0.0.1:${port + host}`,
        'p2p-peers': others.map((to) => `127.0.0.1:${this.#proxies.portOf(host, to)}`).join(','),
        'http-listen': '',
        'signatures-threads': '0',
      }),
      chain,
      key,
      isVouched,
      onEvent: (event) => this.events[host]?.push(event),
    });
    if (isFileProblem(node)) return node;
    this.#running[host] = node;
    return undefined;
  }

  async stop(host: number): Promise<void> {
    const node = this.#running[host];
    this.#running[host] = undefined;
    await node?.stop();
  }

  async close(): Promise<void> {
    for (let host = 0; host < NODES; host++) await this.stop(host);
    await this.#proxies.close();
  }

  setAlone(host: number, isAlone: boolean): void {
    if (isAlone) this.#proxies.set({ kind: 'isolate', id: 'alone', hosts: [host] });
    else this.#proxies.clear('alone');
  }

  inspect(host: number): NodeSnapshot | undefined {
    return this.#running[host]?.host.inspect();
  }

  heightOf(host: number): number {
    return this.inspect(host)?.head.height ?? -1;
  }

  async goesOn(host: number, heights: number): Promise<void> {
    const goal = this.heightOf(host) + heights;
    await until(`block ${goal}`, PATIENCE.timeout, async () =>
      this.heightOf(host) >= goal ? goal : undefined,
    );
  }

  /** Everything of that validator that left any node. */
  said(host: number): readonly Promised[] {
    const { seen } = this.tap;
    for (; this.#read < seen.length; this.#read++) {
      const message = seen[this.#read]?.message;
      if (message?.kind !== 'Consensus') continue;
      const own = decodePosMessage(hexToBytes(message.body) ?? new Uint8Array(0));
      if (isDecodeRejection(own) || (own.kind !== 'vote' && own.kind !== 'proposal')) continue;
      const by = own.kind === 'vote' ? own.vote.validator : own.proposal.proposer;
      this.#said[this.network.keys.indexOf(by)]?.push(own);
    }
    return this.#said[host] ?? [];
  }

  /** The same, and what its stopped node has signed and kept. @returns what it says twice, and not the same. */
  contradictions(host: number): readonly string[] {
    const [records] = readSignRecords([join(this.dataOf(host), 'chain')]);
    if (records === undefined || typeof records === 'string') throw new Error(records);
    const all = [...this.said(host), ...records.all()];
    const bySlot = new Map<string, Promised[]>();
    for (const one of all) bySlot.set(nameOf(one), [...(bySlot.get(nameOf(one)) ?? []), one]);
    return [...bySlot].flatMap(([name, [first, ...others]]) =>
      first !== undefined && others.some((other) => contradicts(first, other)) ? [name] : [],
    );
  }

  /** A precommit of that validator for a block, at that height or above. */
  precommitFrom(host: number, at: number): Promised | undefined {
    return this.said(host).find(
      (own) =>
        own.kind === 'vote' && own.vote.type === 2 && own.vote.height >= at && own.vote.block !== undefined,
    );
  }

  count(host: number, what: string): number {
    return (this.events[host] ?? []).filter((event) => event.kind === 'Engine' && event.what === what).length;
  }

  /** Evidence in any block that this node has. */
  async evidence(host: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let at = 1; at <= this.heightOf(host); at++) {
      const answer = await new Promise<Answer>((resolve) =>
        this.#running[host]?.host.command({ kind: 'GetBlock', at: { height: height(at) } }, resolve),
      );
      if (answer.kind !== 'Block') throw new Error(`${answer.kind} at height ${at}`);
      found.push(...answer.block.system.evidence);
    }
    return found;
  }
}

describe('a validator on real nodes that was restored from a backup', () => {
  let shop: Workshop;
  let root: string;
  let net: RealNetwork;
  beforeAll(async () => {
    shop = createWorkshop();
    root = mkdtempSync(join(tmpdir(), 'aureon-restored-'));
    net = await RealNetwork.open(root);
    for (let host = 0; host < NODES; host++) {
      const problem = await net.start(host, true);
      if (problem !== undefined) throw new Error(problem.what);
    }
  });
  afterAll(async () => {
    await net.close();
    rmSync(root, { recursive: true });
    shop.remove();
  });

  async function aureon(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await shop.aureon(args);
    expect([code, stderr]).toEqual([0, '']);
  }

  /** A backup from between two heights, of a validator that then votes for a block in the first round of the next one. */
  async function backUp(
    host: number,
    name: string,
  ): Promise<{ readonly path: string; readonly head: number }> {
    for (let i = 0; i < TRIES_MAX; i++) {
      const path = shop.path(`${name}-${i}`);
      await aureon('backup', path, '--node-data', net.dataOf(host));
      await net.goesOn(host, HEIGHTS);
      const head: number = JSON.parse(readFileSync(join(path, 'backup.json'), 'utf8')).head.height;
      const [records] = readSignRecords([path]);
      if (records === undefined || typeof records === 'string') throw new Error(records);
      const hasBegun = records.all().some((own) => heightOf(own) > head);
      if (!hasBegun && net.said(host).some((own) => isFirstPrevote(own, head + 1))) return { path, head };
    }
    throw new Error(
      `${TRIES_MAX} backups were made while the validator was voting, or voted for nothing next`,
    );
  }

  /** After the backup it signs on; then its folder is lost, and restored. @returns height of the backup. */
  async function loseAndRestore(host: number, name: string): Promise<number> {
    const { path, head } = await backUp(host, name);
    await expect.poll(() => net.precommitFrom(host, head + 2), PATIENCE).toBeDefined();
    await net.stop(host);
    rmSync(net.dataOf(host), { recursive: true });
    await aureon('restore', path, '--node-data', net.dataOf(host));
    return head;
  }

  /** It hears of nobody: what it signs follows from its folder alone. */
  async function signsAlone(host: number): Promise<boolean> {
    net.setAlone(host, true);
    expect(await net.start(host, false)).toBeUndefined();
    const doing = (): string => {
      const engine = net.inspect(host)?.engine;
      if (engine?.kind !== 'round') return 'nothing';
      return engine['isPaused'] === true ? 'paused' : String(engine['step']);
    };
    await expect.poll(doing, PATIENCE).toMatch(/paused|vote|commit/);
    return doing() !== 'paused';
  }

  it('follows in silence, catches up, and signs again, and nobody holds two words of it', async () => {
    await net.goesOn(1, 2);
    await loseAndRestore(RESTORED, 'first');
    expect(await net.start(RESTORED, true)).toMatchObject({ code: 'RESTORED' });
    expect(await signsAlone(RESTORED)).toBe(false);
    net.setAlone(RESTORED, false);
    const top = net.heightOf(1);
    await expect.poll(() => net.heightOf(RESTORED), PATIENCE).toBeGreaterThanOrEqual(top);
    await expect.poll(() => net.count(RESTORED, 'signing-resumed'), PATIENCE).toBe(1);
    await expect.poll(() => net.precommitFrom(RESTORED, net.heightOf(1) - 1), PATIENCE).toBeDefined();
    await net.goesOn(1, 2);
    expect(net.count(RESTORED, 'signing-paused')).toBe(1);
    expect(await net.evidence(1)).toEqual([]);
    await net.stop(RESTORED);
    expect(net.contradictions(RESTORED)).toEqual([]);
  });

  it('signs on at once where it was stopped, backed up, and only moved, as its owner says', async () => {
    await aureon('backup', shop.path('moved'), '--node-data', net.dataOf(RESTORED));
    rmSync(net.dataOf(RESTORED), { recursive: true });
    await aureon('restore', shop.path('moved'), '--node-data', net.dataOf(RESTORED), '--vouch');
    const top = net.heightOf(1);
    expect(await net.start(RESTORED, false)).toBeUndefined();
    await expect.poll(() => net.precommitFrom(RESTORED, top + 1), PATIENCE).toBeDefined();
    await net.goesOn(RESTORED, 2);
    expect(net.count(RESTORED, 'signing-paused')).toBe(1);
    expect(await net.evidence(1)).toEqual([]);
    await net.stop(RESTORED);
    expect(net.contradictions(RESTORED)).toEqual([]);
    expect(await net.start(RESTORED, false)).toBeUndefined();
    await net.goesOn(RESTORED, 2);
  });

  it('contradicts itself without the mark of a restored folder: that is what is seen here', async () => {
    const head = await loseAndRestore(UNMARKED, 'unmarked');
    const storage = openLmdbStorage(join(net.dataOf(UNMARKED), 'chain'), (run) => run());
    storage.write([restoredOp(nativeSha256, undefined)]);
    expect(await new Promise((resolve) => storage.flush(resolve))).toBeUndefined();
    await storage.close();
    expect(await signsAlone(UNMARKED)).toBe(true);
    expect(net.heightOf(UNMARKED)).toBe(head);
    await net.stop(UNMARKED);
    expect(net.contradictions(UNMARKED)).toContain(`prevote of height ${head + 1}, round 0`);
  });
});
