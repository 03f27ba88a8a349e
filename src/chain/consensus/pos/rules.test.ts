import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../../env/bytes.ts';
import { unixMs } from '../../../env/units.ts';
import { buildGenesis } from '../../execution/genesis.ts';
import { readSupply } from '../../execution/supply.ts';
import { testKey } from '../../execution/test-chain.ts';
import type { Block, Header } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, hash, height, weight } from '../../types/units.ts';
import { type Commit, encodeCommit } from './commit.ts';
import { POS_NAME } from './config.ts';
import { proposerOf } from './proposer-priority.ts';
import { decodeRoundField, encodeRoundField, type RoundField } from './round.ts';
import { createPosRules } from './rules.ts';
import { NO_SIGNATURE, PosTestChain, posTestGenesis, testCommit, testEvidence } from './test-chain.ts';
import { placeOf, TOTAL_POWER_MAX, type ValidatorSet } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import type { PosView } from './view.ts';

const STAKES = [4_000n, 3_000n, 2_000n, 1_000n];

function chainOf(blocks: number, stakes: readonly bigint[] = STAKES): PosTestChain {
  const chain = new PosTestChain(posTestGenesis(stakes));
  chain.run(blocks);
  return chain;
}

function lastOf({ view }: PosTestChain): ValidatorSet {
  if (view.last === undefined) throw new Error('the chain is at genesis');
  return view.last;
}

describe('the genesis of a chain with stake', () => {
  it('gives its validators their power as stake, which counts as supply', () => {
    const chain = chainOf(0);
    expect(chain.membersOf(chain.view.current)).toEqual([...STAKES.entries()]);
    expect(chain.rules.held?.(chain.state)).toBe(10_000n);
    expect(readSupply(chain.state)).toEqual({ genesis: 16_010_000n, issued: 0n, burnt: 0n });
    expect(decodeRoundField(chain.header.consensus)).toEqual({
      round: 0,
      proposer: '0'.repeat(64),
      validatorsHash: '0'.repeat(64),
      nextValidatorsHash: validatorsHash(chain.view.current),
    });
  });

  it('has the set of height 2 one turn on from that of height 1', () => {
    const { view } = chainOf(0);
    expect(proposerOf(view.next, 0)).toMatchObject({ key: proposerOf(view.current, 1).key });
  });

  it.each([
    ['without validators', posTestGenesis([]), 'validators'],
    [
      'with more validators than the maximum',
      posTestGenesis([1_000n, 1_000n], { validatorsMax: 1 }),
      'validators',
    ],
    ['with a stake below the least', posTestGenesis([1_000n, 999n]), 'validators[1].power'],
    ['with too much power', posTestGenesis([TOTAL_POWER_MAX, 1_000n]), 'validators'],
    ['without a configuration', { ...posTestGenesis(STAKES), engineConfig: '' }, 'engineConfig'],
    ['that slashes more than there is', posTestGenesis(STAKES, { slashPermille: 1_001 }), 'slashPermille'],
    ['where evidence outlives stake', posTestGenesis(STAKES, { evidenceBlocks: 6 }), 'evidenceBlocks'],
  ])('is refused %s', (_name, genesis, field) => {
    expect(createPosRules().genesis(genesis)).toMatchObject({ code: 'BAD_CONFIG', field });
  });

  it('is refused when balances and stake together pass the supply', () => {
    const genesis = posTestGenesis([TOTAL_POWER_MAX]);
    const [first] = genesis.allocation;
    if (first === undefined) throw new Error('the genesis of tests has accounts');
    const rest = amount(2n ** 63n - 1n - TOTAL_POWER_MAX);
    const most = { ...genesis, allocation: [{ ...first, balance: rest }] };
    expect(isRejection(buildGenesis(most, createPosRules()))).toBe(false);
    const over = { ...most, allocation: [{ ...first, balance: amount(rest + 1n) }] };
    expect(buildGenesis(over, createPosRules())).toMatchObject({ code: 'BAD_CONFIG', field: 'validators' });
  });
});

describe('a header', () => {
  const chain = chainOf(2);
  const { header } = chain.build();
  const advance = (changes: Partial<Header>, view = chain.view) =>
    chain.rules.advance(view, { ...header, ...changes });
  const withField = (changes: Partial<RoundField>) => {
    const field = decodeRoundField(header.consensus);
    if (field === undefined) throw new Error('a built header has a round');
    return advance({ consensus: bytesToHex(encodeRoundField({ ...field, ...changes })) });
  };

  it('moves the sets by one height, and waits for execution', () => {
    const view = advance({});
    expect(view).toMatchObject({ height: 3, isExecuted: false });
    if (isRejection(view)) throw new Error(view.code);
    expect([view.last, view.current]).toEqual([chain.view.current, chain.view.next]);
    expect(chain.rules.advance(view, header)).toEqual({ code: 'NEEDS_EXECUTION' });
  });

  it.each<[string, Partial<Header>, object]>([
    ['of another height', { height: height(4) }, { code: 'WRONG_HEIGHT', expected: 3 }],
    ['with a seal', { seal: '00' }, { code: 'BAD_SEAL' }],
    ['without a round', { consensus: '' }, { code: 'BAD_CONSENSUS_FIELD' }],
    ['with more than a round', { consensus: `${header.consensus}00` }, { code: 'BAD_CONSENSUS_FIELD' }],
    [
      'before its parent',
      { timestampMs: unixMs(chain.header.timestampMs - 1) },
      { code: 'TIMESTAMP_TOO_EARLY', after: chain.header.timestampMs - 1 },
    ],
  ])('%s is refused', (_name, changes, expected) => {
    expect(advance(changes)).toMatchObject(expected);
  });

  it('of the time of its parent is no fault of the header', () => {
    expect(isRejection(advance({ timestampMs: chain.header.timestampMs }))).toBe(false);
  });

  it('names the proposer of its round, and no other', () => {
    const keys = [0, 1, 2, 3, 4, 5].map((round) => proposerOf(chain.view.current, round).key);
    for (const [round, proposer] of keys.entries()) {
      expect(isRejection(withField({ round, proposer }))).toBe(false);
      const other = keys.find((key) => key !== proposer);
      expect(withField({ round, proposer: other ?? testKey(9) })).toMatchObject({ code: 'WRONG_PRODUCER' });
    }
    expect(withField({ proposer: testKey(9) })).toMatchObject({ code: 'WRONG_PRODUCER' });
  });

  it('states the sets of its height and of the next', () => {
    const other = hash('ab'.repeat(32));
    expect(withField({ validatorsHash: other })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
    expect(withField({ nextValidatorsHash: other })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
  });

  it('states a changed set one height before it acts', () => {
    const changing = chainOf(1);
    changing.append({ transactions: [changing.stake(7, 5_000n)] });
    const before = validatorsHash(changing.view.current);
    const after = validatorsHash(changing.view.next);
    expect(after).not.toBe(before);
    changing.append();
    expect(decodeRoundField(changing.header.consensus)).toMatchObject({
      validatorsHash: before,
      nextValidatorsHash: after,
    });
    changing.append();
    expect(decodeRoundField(changing.header.consensus)).toMatchObject({
      validatorsHash: after,
      nextValidatorsHash: after,
    });
  });
});

describe('the last commit of a block', () => {
  const chain = chainOf(3);
  const set = lastOf(chain);
  const commit = testCommit(set, chain.header);
  const fact = (lastCommit: Commit | undefined) => {
    const answer = chain.execute(
      chain.build({ lastCommit, timestampMs: unixMs(chain.header.timestampMs + 1_000) }),
    );
    return isRejection(answer) ? answer : undefined;
  };
  const vote = commit.votes[0];
  if (vote === undefined) throw new Error('a commit of tests has votes');

  it('is empty at height 1, and there above', () => {
    const young = chainOf(0);
    const early = testCommit(young.view.current, young.header);
    const block = young.build();
    const withCommit = { ...block, system: { ...block.system, lastCommit: bytesToHex(encodeCommit(early)) } };
    expect(young.rules.checkSystem(young.view, block)).toBeUndefined();
    expect(young.rules.checkSystem(young.view, withCommit)).toMatchObject({
      fact: 'lastCommit: empty at height 1',
    });
    expect(fact(undefined)).toMatchObject({ code: 'SYSTEM_DATA_INVALID', fact: 'lastCommit: MALFORMED' });
  });

  it('is any commit of the parent: also of another round and with fewer votes', () => {
    expect(fact(commit)).toBeUndefined();
    expect(fact({ ...commit, round: 7 })).toBeUndefined();
    const least = set.validators.findIndex(({ power }) => power === 1_000n);
    expect(fact(testCommit(set, chain.header, [least]))).toBeUndefined();
  });

  it.each<[string, Partial<Commit>]>([
    ['WRONG_HEIGHT', { height: height(2) }],
    ['WRONG_BLOCK', { block: chain.header.parent }],
    ['UNKNOWN_PLACE', { votes: [...commit.votes, { ...vote, validator: 4 }] }],
    ['PLACES_OUT_OF_ORDER', { votes: [vote, ...commit.votes] }],
    ['PLACES_OUT_OF_ORDER', { votes: [...commit.votes].reverse() }],
    ['VOTE_NOT_AFTER_BLOCK', { votes: [{ ...vote, timestampMs: chain.header.timestampMs }] }],
    ['NO_QUORUM', { votes: [] }],
  ])('is refused: %s', (flaw, changes) => {
    expect(fact({ ...commit, ...changes })).toMatchObject({ fact: `lastCommit: ${flaw}` });
  });

  it('decides with more than two thirds of the power, not of the heads', () => {
    // 2 of 3 equal ones are two thirds exactly.
    const equal = chainOf(3, [1_000n, 1_000n, 1_000n]);
    const short = testCommit(lastOf(equal), equal.header, [1]);
    const refused = equal.rules.checkSystem(equal.view, equal.build({ lastCommit: short }));
    expect(refused).toMatchObject({ fact: 'lastCommit: NO_QUORUM' });
    // One unit more of power, and the same two heads decide.
    const more = chainOf(3, [1_001n, 1_000n, 1_000n]);
    const silent = lastOf(more).validators.findIndex(({ power }) => power === 1_000n);
    expect(
      more.rules.checkSystem(
        more.view,
        more.build({ lastCommit: testCommit(lastOf(more), more.header, [silent]) }),
      ),
    ).toBeUndefined();
    // Three of four heads, with half of the power.
    const heavy = chainOf(3, [3_000n, 1_000n, 1_000n, 1_000n]);
    const giant = lastOf(heavy).validators.findIndex(({ power }) => power === 3_000n);
    const heads = heavy.build({ lastCommit: testCommit(lastOf(heavy), heavy.header, [giant]) });
    expect(heavy.rules.checkSystem(heavy.view, heads)).toMatchObject({ fact: 'lastCommit: NO_QUORUM' });
  });

  it('gives the block its time: the weighted median, to the millisecond', () => {
    const votes = commit.votes.map((one) => ({
      ...one,
      timestampMs: unixMs(chain.header.timestampMs + Number(set.validators[one.validator]?.power ?? 0n)),
    }));
    const skewed = { ...commit, votes };
    // Of 10,000 half are used up by 1,000 + 2,000 + 3,000.
    const due = unixMs(chain.header.timestampMs + 3_000);
    const check = (timestampMs: number) =>
      chain.rules.checkSystem(
        chain.view,
        chain.build({ lastCommit: skewed, timestampMs: unixMs(timestampMs) }),
      );
    expect(check(due)).toBeUndefined();
    for (const other of [due - 1, due + 1])
      expect(check(other)).toMatchObject({ code: 'SYSTEM_DATA_INVALID' });
    const young = chainOf(0);
    expect(young.header.timestampMs).toBe(1_000_000);
    const late = young.build({ timestampMs: unixMs(1_000_001) });
    expect(young.rules.checkSystem(young.view, late)).toMatchObject({ code: 'SYSTEM_DATA_INVALID' });
  });
});

describe('a certificate', () => {
  const chain = chainOf(3);
  const commit = testCommit(lastOf(chain), chain.header);
  const check = (certificate: Uint8Array) =>
    chain.rules.checkCertificate(chain.view, chain.header, certificate);

  it('is a commit of its own block by the set of its height', () => {
    expect(check(encodeCommit(commit))).toBeUndefined();
    expect(check(new Uint8Array(0))).toEqual({ code: 'BAD_CERTIFICATE', fact: 'MALFORMED' });
    expect(check(encodeCommit({ ...commit, votes: commit.votes.slice(0, 1) }))).toMatchObject({
      fact: 'NO_QUORUM',
    });
    const other = encodeCommit({ ...commit, block: chain.header.parent });
    expect(check(other)).toMatchObject({ fact: 'WRONG_BLOCK' });
  });

  it('of genesis is empty', () => {
    const { rules, view, header } = chainOf(0);
    expect(rules.checkCertificate(view, header, new Uint8Array(0))).toBeUndefined();
    expect(rules.checkCertificate(view, header, encodeCommit(commit))).toMatchObject({
      fact: 'genesis has none',
    });
  });

  it('of a set that changed is judged by the set of its height', () => {
    const changing = new PosTestChain(posTestGenesis(STAKES));
    changing.append({ transactions: [changing.stake(7, 90_000n)] });
    changing.append();
    const old = changing.view.last;
    changing.append();
    const now = changing.view.last;
    if (old === undefined || now === undefined) throw new Error('the chain is above genesis');
    expect(now.totalPower - old.totalPower).toBe(90_000n);
    const giant = placeOf(now, testKey(7)) ?? -1;
    const byOld = encodeCommit(testCommit(now, changing.header, [giant]));
    expect(changing.rules.checkCertificate(changing.view, changing.header, byOld)).toMatchObject({
      fact: 'NO_QUORUM',
    });
    const byNow = encodeCommit(testCommit(now, changing.header));
    expect(changing.rules.checkCertificate(changing.view, changing.header, byNow)).toBeUndefined();
  });
});

describe('signatures of system data', () => {
  const chain = chainOf(3);
  const evidence = [testEvidence(1, 2)];
  const block = chain.build({ evidence });
  const certificate = encodeCommit(testCommit(chain.view.current, block.header));
  const items = (of: Block, bytes: Uint8Array, view: PosView = chain.view) =>
    chain.rules.systemItems(view, of, bytes);

  it('are those of certificate, last commit and evidence', () => {
    expect(items(block, new Uint8Array(0))).toHaveLength(4 + 2);
    const all = items(block, certificate);
    expect(all).toHaveLength(4 + 4 + 2);
    expect(new Set(all.map(({ message }) => bytesToHex(message))).size).toBe(4);
    const keys = chain.view.current.validators.map(({ key }) => key);
    expect(all.slice(0, 4).map(({ publicKey }) => bytesToHex(publicKey))).toEqual(keys);
  });

  it('are not there of what is malformed, which fails elsewhere', () => {
    const broken = { ...block, system: { evidence: ['00'], lastCommit: 'ff' } };
    expect(items(broken, Uint8Array.of(1))).toEqual([]);
    const unknown = encodeCommit({
      ...testCommit(chain.view.current, block.header),
      votes: [{ validator: 99, timestampMs: unixMs(1), signature: NO_SIGNATURE }],
    });
    expect(items(broken, unknown)).toEqual([]);
  });

  it('are all those of the set that the height has', () => {
    const young = chainOf(0);
    const first = young.build();
    const own = encodeCommit(testCommit(young.view.current, first.header));
    expect(items(first, own, young.view)).toHaveLength(4);
  });
});

describe('finality and weight', () => {
  const chain = chainOf(3);
  const { rules } = chain;

  it('are those of a chain that is final at once', () => {
    expect(rules).toMatchObject({ name: POS_NAME, isCertified: true });
    const candidate = { id: blockId(chain.header), header: chain.header, weight: weight('0000000000000003') };
    const view = { idAt: () => undefined, headerOf: () => undefined };
    expect(rules.finality(candidate, view, chain.view)).toEqual({
      final: 3,
      acknowledged: 3,
      kind: 'absolute',
    });
    expect(rules.weigh(weight('00'), chain.view, chain.header)).toBe('0000000000000003');
    const rival = { ...candidate, id: chain.header.parent };
    expect(rules.compare(candidate, rival)).toBe(0);
    const higher = { ...candidate, weight: weight('0000000000000004') };
    expect([rules.compare(candidate, higher), rules.compare(higher, candidate)]).toEqual([-1, 1]);
    expect(rules.compareWeight(weight('04'), weight('0000000000000003'))).toBe(1);
  });
});
