import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NodeSnapshot } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import { createChainSetup } from '../../src/cluster/chain-setup.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import type { Settings } from '../../src/node/config/settings.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import type { HostEnd } from '../../src/node/host.ts';
import { nodeKeyOf } from '../../src/node/key-file.ts';
import type { RunningNode } from '../../src/node/node-process.ts';
import type { Instant } from '../../src/node/turns.ts';
import { SUITE, small } from '../cluster/support.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFrom, startTestNode } from '../support/test-node.ts';

const plan = resolveScenario(
  small({ nodes: 2, signatures: 'real', chain: { engine: 'poa', blockInterval: '300ms' } }),
  '1',
);
const setup = createChainSetup(plan, { nativeSuite: SUITE, wallShiftMs: Date.now() - 1_700_000_000_000 });
const chain = { genesis: setup.context.genesis, schedule: [], id: setup.genesisId };

const listenAt = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

describe('a node of its settings', () => {
  let folder: string;
  const running: RunningNode[] = [];
  const ends: HostEnd[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-node-'));
  });
  afterEach(async () => {
    for (const node of running.splice(0)) await node.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function settingsOf(name: string, flags: Readonly<Record<string, string>>): Settings {
    return settingsFrom({ 'node-data': join(folder, name), 'http-listen': '', ...flags });
  }

  async function start(
    host: number,
    settings: Settings,
    events: DomainEvent[] = [],
    onStopped: (snapshot: NodeSnapshot, at: Instant) => void = () => {},
  ) {
    const secret = setup.hostKeys[host]?.secret ?? new Uint8Array(32);
    const node = await startTestNode({
      settings,
      chain,
      key: nodeKeyOf(secret, SUITE),
      onEvent: (event) => events.push(event),
      onStopped,
      onEnded: (why) => ends.push(why),
    });
    if (!isFileProblem(node)) running.push(node);
    return node;
  }

  it('makes blocks with another, and has them again after an orderly stop', async () => {
    const ports = [await listenAt(), await listenAt()];
    const settings = ports.map((listen, i) =>
      settingsOf(`pair-${i}`, { 'p2p-listen': listen, 'p2p-peers': ports[1 - i] ?? '' }),
    );
    const events: DomainEvent[] = [];
    const [first, second] = [
      await start(0, settings[0] as Settings, events),
      await start(1, settings[1] as Settings),
    ];
    if (isFileProblem(first) || isFileProblem(second)) throw new Error('both start');
    const heightOf = (node: RunningNode): number => node.host.inspect()?.head.height ?? -1;
    await expect.poll(() => Math.min(heightOf(first), heightOf(second))).toBeGreaterThanOrEqual(3);
    const before = heightOf(first);
    expect(await first.stop()).toBe(true);
    expect(events.filter(({ kind }) => kind === 'NodeStopped')).toHaveLength(1);
    const again = await start(0, settings[0] as Settings, events);
    if (isFileProblem(again)) throw new Error(again.what);
    expect(heightOf(again)).toBeGreaterThanOrEqual(before);
    await expect.poll(() => heightOf(again)).toBeGreaterThan(before + 2);
    expect(ends).toEqual([]);
  });

  it('shows itself once it is done with its stop, as its last event left it', async () => {
    const events: DomainEvent[] = [];
    const shown: number[] = [];
    const settings = settingsOf('alone', { 'p2p-listen': await listenAt(), 'p2p-discovery': 'false' });
    const node = await start(0, settings, events, ({ head }) => shown.push(head.height, events.length));
    if (isFileProblem(node)) throw new Error(node.what);
    expect(await node.stop()).toBe(true);
    expect(shown).toEqual([0, events.length]);
    expect(events.filter(({ kind }) => kind === 'NodeStopped')).toHaveLength(1);
    expect(node.host.inspect()).toBeUndefined();
  });

  it('looks for nobody where it is told so, and still takes who comes', async () => {
    const listens = [await listenAt(), await listenAt(), await listenAt()] as const;
    const quiet = await start(
      0,
      settingsOf('quiet', {
        'p2p-listen': listens[0],
        'p2p-bootstrap': listens[2],
        'p2p-discovery': 'false',
      }),
    );
    const other = await start(1, settingsOf('other', { 'p2p-listen': listens[1], 'p2p-peers': listens[0] }));
    if (isFileProblem(quiet) || isFileProblem(other)) throw new Error('both start');
    const peersOf = (node: RunningNode) => node.host.inspect()?.peers.map(({ direction }) => direction) ?? [];
    await expect.poll(() => [peersOf(quiet), peersOf(other)]).toEqual([['in'], ['out']]);
  });

  it('does not start where another has the data folder, nor where another has the port; nothing stays open', async () => {
    const listen = await listenAt();
    const first = settingsOf('one', { 'p2p-listen': listen });
    expect(isFileProblem(await start(0, first))).toBe(false);
    const sameFolder = await start(0, settingsOf('one', { 'p2p-listen': await listenAt() }));
    expect(sameFolder).toMatchObject({
      code: 'IN_USE',
      what: `${join(folder, 'one')}: another node has this data folder`,
    });
    const samePort = settingsOf('two', { 'p2p-listen': listen });
    expect(await start(0, samePort)).toMatchObject({
      code: 'IN_USE',
      what: `p2p.listen ${listen}: another process listens there`,
    });
    await running.pop()?.close();
    expect(isFileProblem(await start(0, samePort))).toBe(false);
  });

  it('does not start where its folder cannot be', async () => {
    const below = settingsOf('x', { 'node-data': '/dev/null/data' });
    expect(await start(0, below)).toMatchObject({ code: 'UNREADABLE' });
    const file = settingsOf('x', { 'node-data': '/dev/null' });
    expect(await start(0, file)).toMatchObject({
      code: 'UNREADABLE',
      advice: 'a folder that this user may write',
    });
  });
});
