import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { merkleTreeHash, u64, uint } from './bytes.ts';
import { type ChainExport, checkChain, checkExport, type UpgradeStep } from './checker.ts';
import { type Block, decodeBlock, decodeGenesis } from './layouts.ts';
import { changed, encodeSet, proposerAt, turn } from './stake-sets.ts';

interface GoldenChain {
  readonly engine: string;
  readonly genesis: string;
  readonly schedule: readonly UpgradeStep[];
  readonly blocks: readonly { readonly bytes: string }[];
}

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/aureon-v1.json'), 'utf8')) as {
  readonly chains: readonly GoldenChain[];
};
const chain = golden.chains.find(({ engine }) => engine === 'pos') as GoldenChain;

/** Where fields stand in an encoded header with a round and no seal. */
const AT = { time: 42, systemRoot: 182, consensus: 288, seal: 388, body: 390 } as const;
const VOTE_BYTES = 75;

function exportUpTo(height: number, last?: Buffer): ChainExport {
  const { genesis, schedule } = chain;
  const blocks = chain.blocks.slice(0, height + 1).map(({ bytes }) => bytes);
  if (last !== undefined) blocks[height] = last.toString('hex');
  return { genesis, schedule, blocks };
}

function bytesAt(height: number): Buffer {
  return Buffer.from(chain.blocks[height]?.bytes ?? '', 'hex');
}

/** The rules that break when the block of that height becomes another. */
function broken(height: number, last: Buffer, signatures: 'ed25519' | 'skip' = 'ed25519'): readonly string[] {
  const { problems } = checkChain(exportUpTo(height, last), signatures);
  for (const problem of problems) expect(problem.height).toBe(height);
  return [...new Set(problems.map(({ rule }) => rule))];
}

/** The block after a change of its header's bytes. */
function withHeader(height: number, change: (bytes: Buffer) => void): Buffer {
  const bytes = bytesAt(height);
  change(bytes);
  return bytes;
}

/** The block with other system data, and the root of it. */
function withSystem(
  height: number,
  change: (block: Block) => Partial<Pick<Block, 'evidence' | 'lastCommit'>>,
): Buffer {
  const bytes = bytesAt(height);
  const block = decodeBlock(bytes);
  const { evidence, lastCommit } = { ...block, ...change(block) };
  const sizeOf = (items: readonly Buffer[]) => items.reduce((sum, item) => sum + 4 + item.length, 1);
  const head = Buffer.from(
    bytes.subarray(0, bytes.length - sizeOf(block.evidence) - 4 - block.lastCommit.length),
  );
  head.set(Buffer.from(merkleTreeHash([lastCommit, ...evidence]), 'hex'), AT.systemRoot);
  const items = evidence.flatMap((item) => [uint(4, item.length), item]);
  return Buffer.concat([head, uint(1, evidence.length), ...items, uint(4, lastCommit.length), lastCommit]);
}

/** The block with another last commit. */
function withCommit(height: number, change: (commit: Buffer) => Buffer): Buffer {
  return withSystem(height, ({ lastCommit }) => ({ lastCommit: change(Buffer.from(lastCommit)) }));
}

function set(buffer: Buffer, at: number, bytes: Buffer): Buffer {
  buffer.set(bytes, at);
  return buffer;
}

const LAST = chain.blocks.length - 1;

describe('the checker of a chain with stake', () => {
  it('accepts the golden chain as far as one looks', () => {
    for (let height = 0; height <= LAST; height += 1) expect(checkExport(exportUpTo(height))).toEqual([]);
  });

  it.each<[string, string, (bytes: Buffer) => void]>([
    ['turn', 'another round, whose proposer is another', (b) => b.set([1], AT.consensus + 3)],
    ['turn', 'another proposer', (b) => b.set([b.readUInt8(AT.consensus + 4) ^ 1], AT.consensus + 4)],
    ['consensus-field', 'a round that is not', (b) => b.set(uint(4, 10_000), AT.consensus)],
    ['validators-hash', 'another set', (b) => b.set([b.readUInt8(AT.consensus + 40) ^ 1], AT.consensus + 40)],
    [
      'validators-hash',
      'another next set',
      (b) => b.set([b.readUInt8(AT.consensus + 99) ^ 1], AT.consensus + 99),
    ],
    ['bft-time', 'a millisecond more', (b) => b.set(u64(b.readBigUInt64BE(AT.time) + 1n), AT.time)],
  ])('refuses a header: %s, %s', (rule, _name, change) => {
    expect(broken(9, withHeader(9, change))).toContain(rule);
  });

  it('refuses a seal, and a field of another size', () => {
    const bytes = bytesAt(LAST);
    const sealed = Buffer.concat([
      bytes.subarray(0, AT.seal),
      uint(2, 1),
      Buffer.of(0),
      bytes.subarray(AT.body),
    ]);
    expect(broken(LAST, sealed)).toEqual(['seal']);
    const long = Buffer.concat([
      bytes.subarray(0, AT.consensus - 2),
      uint(2, 101),
      bytes.subarray(AT.consensus, AT.seal),
      Buffer.of(0),
      bytes.subarray(AT.seal),
    ]);
    expect(broken(LAST, long)).toEqual(['consensus-field']);
  });

  it('refuses a time before the parent, beside what the commit says', () => {
    const early = withHeader(17, (b) => b.set(u64(decodeBlock(bytesAt(16)).header.timestampMs - 1), AT.time));
    expect(broken(17, early)).toEqual(expect.arrayContaining(['timestamp', 'bft-time']));
  });

  it.each<[string, (commit: Buffer) => Buffer]>([
    ['is none', () => Buffer.alloc(0)],
    ['has bytes left over', (c) => Buffer.concat([c, Buffer.of(0)])],
    ['is of another height', (c) => set(c, 0, u64(15))],
    ['is of another block', (c) => set(c, 20, Buffer.of(c.readUInt8(20) ^ 1))],
    ['has a wrong signature', (c) => set(c, c.length - 1, Buffer.of(c.readUInt8(c.length - 1) ^ 1))],
    ['is of another round, which the votes did not sign', (c) => set(c, 8, uint(4, 5))],
    ['names an unknown place', (c) => set(c, c.length - VOTE_BYTES, uint(2, 9))],
    ['names a place twice', (c) => set(c, c.length - VOTE_BYTES, c.subarray(46, 48))],
    ['has no votes', (c) => Buffer.concat([c.subarray(0, 44), uint(2, 0)])],
  ])('refuses a last commit that %s', (_name, change) => {
    expect(broken(LAST, withCommit(LAST, change))).toContain('last-commit');
  });

  it('refuses votes that are not later than their block, and less than a quorum, whoever signed', () => {
    const parentMs = decodeBlock(bytesAt(LAST - 1)).header.timestampMs;
    const early = withCommit(LAST, (c) => set(c, 48, u64(parentMs)));
    expect(broken(LAST, early, 'skip')).toContain('last-commit');
    // Frank and Alice: 1,000 and 8,000. Without Alice a ninth is left.
    const count = decodeBlock(bytesAt(LAST)).lastCommit.readUInt16BE(44);
    expect(count).toBe(2);
    const one = (from: number) =>
      withCommit(LAST, (c) =>
        Buffer.concat([c.subarray(0, 44), uint(2, 1), c.subarray(from, from + VOTE_BYTES)]),
      );
    const answers = [one(46), one(46 + VOTE_BYTES)].map((bytes) =>
      broken(LAST, bytes).includes('last-commit'),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  it('refuses a last commit at height 1, and another time than that of genesis', () => {
    const early = withCommit(1, () => Buffer.from(decodeBlock(bytesAt(2)).lastCommit));
    expect(broken(1, early)).toEqual(['last-commit']);
    const late = withHeader(1, (b) => b.set(u64(b.readBigUInt64BE(AT.time) + 1n), AT.time));
    expect(broken(1, late)).toEqual(['bft-time']);
  });

  it.each<[string, number, (item: Buffer) => Buffer[]]>([
    ['malformed', 6, (e) => [Buffer.concat([e, Buffer.of(0)])]],
    ['of no kind', 6, (e) => [set(e, 0, Buffer.of(3))]],
    ['with a wrong signature', 6, (e) => [set(e, e.length - 1, Buffer.of(e.readUInt8(e.length - 1) ^ 1))]],
    ['for one block twice', 10, (e) => [Buffer.concat([e.subarray(0, 143), e.subarray(1, 143)])]],
    ['twice', 6, (e) => [e, e]],
  ])('refuses evidence %s', (_name, height, change) => {
    const bytes = withSystem(height, ({ evidence }) => ({
      evidence: change(Buffer.from(evidence[0] ?? '')),
    }));
    expect(broken(height, bytes)).toContain('evidence');
  });

  it('refuses evidence that is out of time, of no seat, or judged before', () => {
    const [item] = decodeBlock(bytesAt(6)).evidence;
    if (item === undefined) throw new Error('block 6 has evidence');
    const rules = (height: number) =>
      broken(
        height,
        withSystem(height, ({ evidence }) => ({ evidence: [item, ...evidence] })),
      );
    // Of height 5, against Bob: to come at height 5, judged from height 7 on, too old at last.
    for (const height of [5, 7, 9, LAST]) expect(rules(height)).toContain('evidence');
    const dave = decodeBlock(bytesAt(10)).evidence;
    const early = withSystem(3, () => ({ evidence: dave }));
    expect(broken(3, early)).toContain('evidence');
  });

  it('finds what evidence and stake did to the state when it is left out', () => {
    expect(
      broken(
        6,
        withSystem(6, () => ({ evidence: [] })),
      ),
    ).toContain('state-root');
  });

  it.each<[string, (config: Buffer) => void]>([
    ['a time-out of nothing', (c) => c.set(uint(4, 0), 0)],
    ['no least stake', (c) => c.set(u64(0), 28)],
    ['more validators than it may have', (c) => c.set(uint(4, 2), 36)],
    ['more than 512', (c) => c.set(uint(4, 513), 36)],
    ['a stake below the least', (c) => c.set(u64(2_001), 28)],
    ['evidence as long as unbonding, in blocks', (c) => c.set(uint(4, 5), 48)],
    ['evidence as long as unbonding, in time', (c) => c.set(uint(4, 6_000), 52)],
    ['a slash of nothing', (c) => c.set(uint(4, 0), 56)],
    ['a slash of more than all', (c) => c.set(uint(4, 1_001), 56)],
  ])('refuses a genesis with %s', (_name, change) => {
    const genesis = Buffer.from(chain.genesis, 'hex');
    const { engineConfig } = decodeGenesis(genesis);
    change(engineConfig);
    expect(engineConfig.length).toBe(64);
    expect(checkExport({ genesis: genesis.toString('hex'), schedule: [], blocks: [] })).toMatchObject([
      { height: 0, rule: 'layout' },
    ]);
  });
});

describe('the sets of the checker', () => {
  const keyOf = (name: string) => Buffer.from(name.padEnd(32)).toString('hex');

  it('propose in proportion to power', () => {
    const start = changed(
      { members: [], proposer: 0 },
      [4n, 5n, 3n].map((power, i) => ({ key: keyOf(`${i}`), power })),
    );
    let at = turn(start);
    const counts = new Map<string, number>();
    for (let i = 0; i < 120; i += 1, at = turn(at)) {
      const key = proposerAt(at, 0);
      expect(proposerAt(turn(start), i)).toBe(key);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([0, 1, 2].map((i) => counts.get(keyOf(`${i}`)))).toEqual([40, 50, 30]);
  });

  it('write priorities below zero as the complement of two', () => {
    const set = turn(
      changed({ members: [], proposer: 0 }, [
        { key: keyOf('a'), power: 3n },
        { key: keyOf('b'), power: 3n },
      ]),
    );
    const bytes = encodeSet(set);
    const priorities = [42, 90].map((at) => bytes.readBigInt64BE(at));
    expect(new Set(priorities)).toEqual(new Set([-3n, 3n]));
  });
});
