import { describe, expect, it } from 'vitest';
import type { Block, Header } from '../../src/chain/types/block.ts';
import { blockId } from '../../src/chain/types/header-codec.ts';
import type { Message } from '../../src/chain/types/message.ts';
import { accountAddress, type BlockHash, blockHash, height, weight } from '../../src/chain/types/units.ts';
import { bytesToHex, hexToBytes } from '../../src/env/bytes.ts';
import { address, unixMs } from '../../src/env/units.ts';
import { committeeWorld, withWrongSignature } from '../support/committee.ts';
import { liar, partsOf } from '../support/liar.ts';
import type { HostPlan, NodeWorld } from '../support/node-world.ts';

const FOLLOWER = 3;

describe('a certified chain', () => {
  it('grows by blocks that travel undecided, and are decided by votes', () => {
    const undecided = new Set<string>();
    const sent: Message[] = [];
    const spy = liar((message) => {
      sent.push(message);
      return message;
    });
    const plans = [{ dials: [0], program: spy }];
    const world = committeeWorld(plans, { until: 20, onBlock: (id) => undecided.add(id) });
    const answers = world.run(2_500).submit(0, world.transfer(0, 0));
    world.run(40_000);
    expect(answers).toMatchObject([{ kind: 'Accepted' }]);
    expect(world.heights()).toEqual([20, 20, 20, 20]);
    expect(world.headCount()).toBe(1);
    expect(undecided.size).toBe(20);
    const heights = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(world.of('BlockProduced').map(({ height: at }) => at)).toEqual(heights);
    expect(world.of('BlockImported', FOLLOWER).reduce((sum, { txCount }) => sum + txCount, 0)).toBe(1);
    expect(sent.filter(({ kind }) => kind === 'Block')).toEqual([]);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.of('BlockRejected')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('checks a signature once: those of votes are not checked again in certificates and last commits', () => {
    let checked = 0;
    const counting: HostPlan['program'] = (honest) => (env) =>
      honest({
        ...partsOf(env),
        crypto: {
          sha256: (bytes) => env.crypto.sha256(bytes),
          sign: (key, bytes) => env.crypto.sign(key, bytes),
          publicKey: (key) => env.crypto.publicKey(key),
          verify(items, onResult) {
            checked += items.length;
            env.crypto.verify(items, onResult);
          },
        },
      });
    const world = committeeWorld([{ dials: [0, 1, 2], program: counting }], { until: 30 }).run(60_000);
    expect(world.heights()).toEqual([30, 30, 30, 30]);
    // One vote of each member for each block, and the handshakes.
    expect(checked).toBeGreaterThan(2 * 30);
    expect(checked).toBeLessThanOrEqual(3 * 30 + 3);
  });

  it('brings a late joiner over 560 blocks to the head within seconds', () => {
    const startUs = 160_000_000;
    const world = committeeWorld([{ dials: [0, 1], startUs }], { until: 560, periodMs: 100 });
    world.run(startUs / 1_000 + 3_000);
    expect(world.heights()).toEqual([560, 560, 560, 560]);
    expect(world.of('SyncFinished', FOLLOWER).map(({ at }) => at)).toEqual([560]);
    const from = new Set(world.of('BlockReceived', FOLLOWER).map((event) => event.from));
    expect(from.size).toBe(2);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('goes on when members crash, and each votes for what it voted for', () => {
    const crash = { kind: 'crash', how: 'power', disk: 'keep', downUs: 3_000_000 } as const;
    const faults = Array.from({ length: 12 }, (_, i) => ({
      ...crash,
      id: `crash-${i}`,
      atUs: 5_020_000 + i * 4_010_000,
      hosts: [i % 3],
    }));
    const world = committeeWorld([{ dials: [0, 1, 2] }], { until: 40 }, { faults });
    world.run(120_000);
    expect(world.heights()).toEqual([40, 40, 40, 40]);
    expect(world.headCount()).toBe(1);
    expect(world.of('CorruptionDetected')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('writes lost certificates anew: from the next block, and that of the head from a peer', () => {
    const lost = (kind: 'missingKey' | 'bitRotValue', i: number) => ({
      id: `${kind}-${i}`,
      atUs: 60_000_000,
      kind: 'disk' as const,
      hosts: [FOLLOWER],
      fault: {
        kind,
        target: { kind: 'drawn' as const, draw: i * 1_000_000_007, prefix: '63' },
        bit: 100,
      },
      forUs: 'forever' as const,
    });
    const drawn = Array.from({ length: 20 }, (_, i) => i);
    const faults = [...drawn.map((i) => lost('missingKey', i)), ...drawn.map((i) => lost('bitRotValue', i))];
    const world = committeeWorld([{ dials: [0, 1] }], { until: 6 }, { faults }).run(59_000);
    expect(world.heights()).toEqual([6, 6, 6, 6]);
    world.run(120_000);
    const keys = (kind: 'CorruptionDetected' | 'CorruptionRepaired') =>
      [...new Set(world.of(kind, FOLLOWER).map((e) => e.key))].sort();
    const head = '63000000000006';
    expect(keys('CorruptionDetected').length).toBeGreaterThan(4);
    expect(keys('CorruptionDetected').some((key) => key.startsWith(head))).toBe(true);
    expect(keys('CorruptionRepaired')).toEqual(keys('CorruptionDetected'));
    expect(world.inspect(FOLLOWER).sync.phase).toBe('idle');
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('takes blocks that are certified whatever its clock says', () => {
    const config = { store: { futureMaxMs: 5_000 } } as HostPlan['config'];
    const faults = [
      { id: 'back', atUs: 10_000_000, kind: 'clockStep' as const, hosts: [FOLLOWER], byUs: -20_000_000 },
    ];
    const world = committeeWorld([{ dials: [0, 1] }], { until: 60 }, { faults }, config).run(40_000);
    const [first = 0, , , last = 0] = world.heights();
    expect(first).toBeGreaterThan(20);
    expect(first - last).toBeLessThan(2);
    expect(world.of('BlockHeld')).toEqual([]);
    expect(world.of('PeerScored')).toEqual([]);
  });
});

describe('a last commit with a wrong signature', () => {
  it('is not voted for', () => {
    const world = committeeWorld([], { until: 8, wrongCommitAt: 5 }).run(30_000);
    expect(world.heights()).toEqual([4, 4, 4]);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('makes the block invalid, though it is decided, and nobody who passes it on is at fault', () => {
    const world = committeeWorld([{ dials: [0, 1] }], { until: 8, wrongCommitAt: 5, isCredulous: true });
    world.run(30_000);
    expect(world.heights()).toEqual([4, 4, 4, 4]);
    const rejected = world.of('BlockRejected');
    expect(new Set(rejected.map(({ code, height: at }) => `${code} ${at}`))).toEqual(
      new Set(['SYSTEM_DATA_INVALID 5']),
    );
    expect(world.of('PeerScored')).toEqual([]);
  });
});

const JOINER = 4;
const LENGTH = 100;

type Blocks = Extract<Extract<Message, { kind: 'SyncResponse' }>['result'], { readonly kind: 'blocks' }>;

function badBlocks(change: (result: Blocks) => Blocks) {
  return liar((message) =>
    message.kind === 'SyncResponse' && message.result.kind === 'blocks'
      ? { ...message, result: change(message.result) }
      : message,
  );
}

/** Host 3 follows and lies; host 4 joins when the chain is done, and knows the liar and one honest host. */
function joinBeside(program: NonNullable<HostPlan['program']>, withinMs: number): NodeWorld {
  const startUs = 30_000_000;
  const others: HostPlan[] = [
    { dials: [0], program },
    { dials: [3], startUs },
  ];
  const world = committeeWorld(others, { until: LENGTH, periodMs: 100 });
  // It asks the liar before it hears of anybody else.
  world.run(startUs / 1_000 + 85);
  expect(world.of('SyncStarted', JOINER)).toHaveLength(1);
  world.simulator.command(JOINER, { kind: 'Dial', address: address('host-0') }, () => undefined);
  world.run(withinMs);
  expect(world.inspect(JOINER).head.height).toBe(LENGTH);
  expect(world.overBounds()).toEqual([]);
  // Nothing of what it made up waits for ever.
  const orphans = world.inspect(JOINER).bounds.find(({ name }) => name === 'intake.orphans');
  expect(orphans?.size).toBe(0);
  const liarKey = world.inspect(3).nodeKey;
  for (const { peer } of world.of('PeerScored', JOINER)) expect(peer).toBe(liarKey);
  return world;
}

function faultsOf(world: NodeWorld): ReadonlySet<string> {
  return new Set(world.of('SyncPeerDropped', JOINER).map(({ fault }) => fault));
}

/** A chain of headers that nobody decided: other fees, and all that follows from the change. */
function madeUp(headers: readonly Header[], from: number): readonly Header[] {
  let parent: BlockHash | undefined;
  return headers.map((header) => {
    if (header.height < from) return header;
    const changed = {
      ...header,
      beneficiary: accountAddress('e'.repeat(64)),
      parent: parent ?? header.parent,
    };
    parent = blockId(changed);
    return changed;
  });
}

describe('sync of a certified chain', () => {
  it('drops a peer that gives certificates that do not certify', () => {
    const program = badBlocks((result) => ({
      ...result,
      certificates: result.certificates.map((text) =>
        bytesToHex(withWrongSignature(hexToBytes(text) ?? new Uint8Array(0))),
      ),
    }));
    expect(faultsOf(joinBeside(program, 4_000))).toEqual(new Set(['INVALID_CERTIFICATE']));
  });

  it('drops a peer that gives no certificates', () => {
    const program = badBlocks((result) => ({ ...result, certificates: result.certificates.map(() => '') }));
    expect(faultsOf(joinBeside(program, 4_000))).toEqual(new Set(['INVALID_CERTIFICATE']));
  });

  it('drops a peer that gives other bodies', () => {
    const program = badBlocks((result) => ({
      ...result,
      blocks: result.blocks.map((block): Block => ({ ...block, system: { evidence: [], lastCommit: '' } })),
    }));
    expect(faultsOf(joinBeside(program, 4_000))).toEqual(new Set(['BODY_MISMATCH']));
  });

  const headersFrom = (from: number) =>
    liar((message) =>
      message.kind === 'SyncResponse' && message.result.kind === 'headers'
        ? { ...message, result: { ...message.result, headers: madeUp(message.result.headers, from) } }
        : message,
    );

  it('leaves made-up headers of which there are no bodies, at once and in the middle of a chain', () => {
    for (const from of [1, 2, 40]) {
      const world = joinBeside(headersFrom(from), 4_000);
      expect(world.of('SyncFinished', JOINER).map(({ at }) => at)).toEqual([LENGTH]);
    }
  });

  it('drops a peer whose headers do not connect', () => {
    const program = liar((message) => {
      if (message.kind !== 'SyncResponse' || message.result.kind !== 'headers') return message;
      const headers = message.result.headers.filter((_, i) => i !== 5);
      return { ...message, result: { ...message.result, headers } };
    });
    expect(faultsOf(joinBeside(program, 4_000))).toEqual(new Set(['BROKEN_CHAIN']));
  });

  it('drops a peer that claims a height that it has not', () => {
    const program = liar((message) => {
      if (message.kind !== 'Handshake' && message.kind !== 'SyncResponse') return message;
      const id = blockHash('fe'.repeat(32));
      return { ...message, head: { id, height: height(1_000_000), weight: weight('7fffffffffffffff') } };
    });
    expect(faultsOf(joinBeside(program, 4_000))).toEqual(new Set(['FALSE_HEAD']));
  });

  it('goes on beside a peer that does not answer', () => {
    const program = liar((message) => (message.kind === 'SyncResponse' ? undefined : message));
    expect(faultsOf(joinBeside(program, 40_000))).toEqual(new Set(['STALLED']));
  });
});

describe('blocks that an engine asks for', () => {
  const answers = (certificate: (text: string) => string) =>
    liar((message) =>
      message.kind === 'GetBlockResponse' && message.result.kind === 'block'
        ? { ...message, result: { ...message.result, certificate: certificate(message.result.certificate) } }
        : message,
    );
  const beside = (program: NonNullable<HostPlan['program']>): NodeWorld => {
    const others: HostPlan[] = [{ dials: [0, 1, 2], program }, { dials: [3, 0] }];
    const world = committeeWorld(others, { until: 30 }).run(60_000);
    expect(world.heights()).toEqual([30, 30, 30, 30, 30]);
    expect(world.overBounds()).toEqual([]);
    return world;
  };

  it('come from another peer when the certificate is wrong, whose sender is at fault', () => {
    const world = beside(answers((text) => (text === '' ? 'aabb' : text.replace(/^..../, '0309'))));
    const scored = world.of('PeerScored', JOINER);
    expect(new Set(scored.map(({ fault }) => fault))).toEqual(new Set(['INVALID_CERTIFICATE']));
    expect(new Set(scored.map(({ peer }) => peer))).toEqual(new Set([world.inspect(3).nodeKey]));
  });

  it('are the engine’s where the certificate is withheld, and sync brings what was decided', () => {
    const world = beside(answers(() => ''));
    expect(world.of('PeerScored', JOINER)).toEqual([]);
  });
});

describe('blocks that nobody asked for', () => {
  it('cost who sends them', () => {
    let body: Block | undefined;
    const program = liar((message) => {
      if (message.kind === 'GetBlockResponse' && message.result.kind === 'block') body = message.result.block;
      if (message.kind !== 'Ping' || body === undefined) return message;
      const { header } = body;
      const other = { ...body, header: { ...header, timestampMs: header.timestampMs, seal: '00' } };
      return {
        kind: 'GetBlockResponse',
        id: blockId(other.header),
        result: { kind: 'block', block: other, certificate: '' },
      };
    });
    const world = committeeWorld([{ dials: [0, 1], program }, { dials: [3] }], { until: 30 });
    world.run(100_000);
    expect(world.heights()).toEqual([30, 30, 30, 30, 30]);
    const faults = [...world.of('PeerScored', 0), ...world.of('PeerScored', JOINER)];
    expect(faults.some(({ fault }) => fault === 'UNREQUESTED')).toBe(true);
  });

  it('are a claim when they come as a header alone, which is not kept', () => {
    let last: Header | undefined;
    const program = liar((message) => {
      if (message.kind === 'GetBlockResponse' && message.result.kind === 'block')
        last = message.result.block.header;
      if (message.kind !== 'Ping' || last === undefined) return message;
      const header = { ...last, height: height(last.height + 1), timestampMs: unixMs(last.timestampMs + 1) };
      return { kind: 'Block', header, weight: weight('00000000000000ff') };
    });
    const world = committeeWorld([{ dials: [0, 1], program }, { dials: [3, 0] }], { until: 30 });
    world.run(100_000);
    expect(world.heights()).toEqual([30, 30, 30, 30, 30]);
    // It looks whether there is more, and hears of no more.
    expect(world.of('SyncStarted', JOINER).length).toBeGreaterThan(0);
    expect(world.inspect(JOINER).sync.phase).toBe('idle');
    expect(world.of('BlockRejected')).toEqual([]);
    const tree = world.inspect(JOINER).bounds.find(({ name }) => name === 'ledger.tree');
    expect(tree?.size).toBe(2);
  });
});
