import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../../env/bytes.ts';
import { unixMs } from '../../../env/units.ts';
import { testAddress, testGenesis, testKey } from '../../execution/test-chain.ts';
import type { Header } from '../../types/block.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, height, publicKey } from '../../types/units.ts';
import { TestClock, TestHost } from '../test-host.ts';
import { decodePoaConfig, encodePoaConfig, POA_NAME, TIE_BREAK } from './config.ts';
import { createPoa } from './engine.ts';
import { encodePoaField, type PoaField, poaFieldOf } from './header-field.ts';
import { encodeProposal, PROPOSE } from './proposals.ts';
import { createPoaRules, earliestMs, maySign } from './rules.ts';
import { hasSignedRecently, POA_SIGNERS_MAX, RECENTS_MAX, signerLimit, withRecent } from './signers.ts';
import { BOTH_ORDERS, POA_CONFIG, POA_START_MS, PoaNet, poaGenesis, seedOf } from './test-poa.ts';
import { castVote, type Electorate, VOTES_MAX, VOTES_OF_SIGNER_MAX } from './votes.ts';

function signersOf(net: PoaNet, host = 0): readonly number[] {
  const { hosts } = net;
  return net
    .host(host)
    .chain()
    .slice(1)
    .map(({ header }) => hosts.findIndex(({ identity }) => identity === poaFieldOf(header)?.signer));
}

/** What the host's operator orders; the answer when it is durable. */
function propose(net: PoaNet, host: number, target: number, what: 0 | 1 | 2): string | undefined {
  let answer: string | undefined = 'no answer';
  const body = encodeProposal({ target: testKey(target), what });
  net.host(host).engine.onProposal(body, (refused) => {
    answer = refused;
  });
  net.host(host).flush();
  return answer;
}

describe('signers', () => {
  it('let each sign one of floor(n / 2) + 1 consecutive blocks', () => {
    expect([1, 2, 3, 4, 5, 8, 9, 30].map(signerLimit)).toEqual([1, 2, 2, 3, 3, 5, 5, 16]);
    const keys = [0, 1, 2, 3].map(testKey);
    const recents = [0, 1, 2].map(testKey);
    expect(keys.map((key) => hasSignedRecently(keys, recents, key))).toEqual([false, true, true, false]);
    expect(hasSignedRecently([testKey(0)], [testKey(0)], testKey(0))).toBe(false);
    expect(hasSignedRecently(keys, [testKey(3)], testKey(3))).toBe(true);
  });

  it('remember as many recent ones as can bar anybody', () => {
    let recents: readonly ReturnType<typeof testKey>[] = [];
    for (let i = 0; i < 40; i++) recents = withRecent(recents, testKey(i));
    expect(recents).toHaveLength(RECENTS_MAX);
    expect(RECENTS_MAX).toBe(15);
    expect(recents.at(-1)).toBe(testKey(39));
  });
});

describe.each(BOTH_ORDERS)('proof of authority, with %s,', (tieBreak) => {
  const config = { tieBreak: TIE_BREAK[tieBreak] };

  it('is signed in turn, one block a period', () => {
    const net = new PoaNet(4, config);
    net.start();
    net.run(62_000);
    expect(signersOf(net)).toEqual([1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0]);
    const times = net
      .host(0)
      .chain()
      .map(({ header }) => header.timestampMs);
    expect(times.slice(1).map((at, i) => at - (times[i] ?? 0))).toEqual(Array(12).fill(5_000));
    expect(net.heads()).toBe(1);
  });

  it('goes on without a signer: others follow after their wiggle, for less difficulty', () => {
    const net = new PoaNet(5, config);
    net.down.add(2);
    net.start();
    net.run(300_000);
    const signers = signersOf(net);
    expect(signers.length).toBeGreaterThan(45);
    expect(new Set(signers)).toEqual(new Set([0, 1, 3, 4]));
    const difficulties = net
      .host(0)
      .chain()
      .slice(1)
      .map(({ header }) => poaFieldOf(header)?.difficulty);
    for (const [i, signer] of signers.entries()) expect(difficulties[i]).toBe((i + 1) % 5 === signer ? 2 : 1);
    expect(difficulties).toContain(1);
  });

  it('stands still without a majority, and goes on when it is back', () => {
    const net = new PoaNet(4, config);
    net.down.add(2).add(3);
    net.start();
    net.run(200_000);
    const stuck = net.host(0).head().header.height;
    expect(stuck).toBeLessThan(4);
    expect(net.unblocked()).toEqual([]);
    net.down.clear();
    net.exchange();
    net.start();
    net.run(60_000);
    expect(net.host(0).head().header.height).toBeGreaterThan(stuck + 5);
    expect(net.heads()).toBe(1);
  });
});

describe('a signer', () => {
  it('waits out of turn up to 500 ms for each signer, drawn from its host', () => {
    const net = new PoaNet(8, {});
    const waits = new Set<number>();
    for (let seed = 1; seed <= 40; seed++) {
      const clock = new TestClock(POA_START_MS);
      const host = new TestHost(poaGenesis(8), createPoa(), {
        clock,
        beneficiary: testAddress(3),
        identity: testKey(3),
        seed: seedOf(seed),
      });
      host.engine.onStart();
      while (host.signed.length === 0 && clock.nowMs < 60_000) clock.advance(1);
      waits.add(clock.nowMs - 5_000);
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(4_000);
    expect(Math.max(...waits)).toBeGreaterThan(2_000);
    expect(waits.size).toBeGreaterThan(20);
    expect(net.viewOf(0).signers).toHaveLength(8);
  });

  it('with an old head waits a period for a better one, and signs nothing while blocks come', () => {
    const net = new PoaNet(4);
    for (const other of [1, 2, 3]) net.down.add(other);
    for (const signer of [1, 2, 3, 1, 2, 3, 1]) net.sign(signer, [1, 2, 3]);
    net.clock.advance(120_000);
    net.host(0).engine.onStart();
    for (const block of net.host(1).chain().slice(1)) {
      net.run(3_000);
      net.deliver(block, 0);
    }
    // On the third and the last of them it is the turn of this signer.
    expect(net.host(0).signed).toEqual([]);
    net.run(4_900);
    expect(net.host(0).signed).toEqual([]);
    net.run(200);
    expect(net.host(0).signed).toHaveLength(1);
    expect(net.host(0).head().header.height).toBe(8);
  });

  it('submits only when its sign record is durable, and never signs two blocks on one parent', () => {
    const net = new PoaNet(1);
    const host = net.host(0);
    net.start();
    net.clock.advance(5_000);
    expect(host.signed).toHaveLength(1);
    expect(host.submitted).toEqual([]);
    host.restart();
    net.clock.advance(1);
    expect(host.signed).toHaveLength(1);
    expect(host.submitted).toHaveLength(1);
    expect(host.head().header.timestampMs).toBe(POA_START_MS + 5_000);
  });

  it('that is none only follows', () => {
    const net = new PoaNet(2, {}, 3);
    net.start();
    net.run(30_000);
    expect(net.host(2).signed).toEqual([]);
    expect(net.host(2).head().header.height).toBeGreaterThan(3);
  });

  it('says whose turn it is; nobody is left when the last one dropped itself', () => {
    const net = new PoaNet(3);
    net.start();
    expect(net.host(0).engine.status()).toEqual({
      kind: 'waiting',
      height: 1,
      turnOf: testKey(1),
      producers: 3,
    });
    const alone = new PoaNet(1);
    alone.start();
    alone.sign(0, [0], { target: testKey(0), add: false });
    expect(alone.host(0).engine.status()).toEqual({ kind: 'idle' });
    alone.run(60_000);
    expect(alone.host(0).head().header.height).toBe(1);
  });

  it('tells only who cannot read a message that there are none', () => {
    const net = new PoaNet(1);
    expect(net.host(0).engine.onMessage(testKey(3), new Uint8Array(0))).toMatchObject({ kind: 'fault' });
  });
});

describe('proposals', () => {
  it('are cast until they pass: a majority adds a signer, who signs from then on', () => {
    const net = new PoaNet(3, {}, 4);
    net.start();
    expect([0, 1].map((host) => propose(net, host, 3, PROPOSE.add))).toEqual([undefined, undefined]);
    net.run(100_000);
    expect(net.viewOf(0).signers).toEqual([0, 1, 2, 3].map(testKey));
    expect(signersOf(net)).toContain(3);
    expect(net.viewOf(0).votes).toEqual([]);
    expect(net.heads()).toBe(1);
  });

  it('of a minority stand as votes until the epoch ends, and are cast anew', () => {
    const net = new PoaNet(3, { epoch: 10 }, 4);
    net.start();
    propose(net, 1, 2, PROPOSE.drop);
    net.run(46_000);
    expect(net.viewOf(0).votes).toEqual([{ signer: testKey(1), target: testKey(2), add: false }]);
    net.run(5_000);
    expect(net.viewOf(0)).toMatchObject({ height: 10, votes: [] });
    const tenth = net.host(0).chain()[10]?.header;
    expect(tenth === undefined ? undefined : poaFieldOf(tenth)?.checkpoint).toEqual([0, 1, 2].map(testKey));
    net.run(20_000);
    expect(net.viewOf(0).votes).toHaveLength(1);
    expect(net.viewOf(0).signers).toHaveLength(3);
  });

  it('survive a restart, end when they are withdrawn, and are bounded', () => {
    const net = new PoaNet(3, {}, 4);
    net.start();
    propose(net, 1, 3, PROPOSE.add);
    net.host(1).restart();
    net.run(20_000);
    expect(net.viewOf(0).votes).toEqual([{ signer: testKey(1), target: testKey(3), add: true }]);
    propose(net, 2, 3, PROPOSE.add);
    propose(net, 2, 3, PROPOSE.withdraw);
    net.host(2).restart();
    net.run(60_000);
    expect(net.viewOf(0).signers).toHaveLength(3);
    const answers = Array.from({ length: 17 }, (_, i) => propose(net, 2, 10 + i, PROPOSE.add));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(VOTES_OF_SIGNER_MAX);
    expect(answers.at(-1)).toContain('withdraw one first');
  });

  it('are refused when they are none', () => {
    const net = new PoaNet(1);
    let answer: string | undefined;
    net.host(0).engine.onProposal(Uint8Array.of(1), (refused) => {
      answer = refused;
    });
    expect(answer).toContain('a key and 0 (drop), 1 (add) or 2 (withdraw)');
  });

  it('that wait for their majority to be noticed are cast again', () => {
    const net = new PoaNet(4);
    net.start();
    // Three of four drop 3; two had voted to drop 2, which are then a majority of three.
    for (const host of [0, 1]) propose(net, host, 2, PROPOSE.drop);
    net.run(60_000);
    expect(net.viewOf(0).signers).toHaveLength(4);
    for (const host of [0, 1, 2]) propose(net, host, 3, PROPOSE.drop);
    net.run(100_000);
    expect(net.viewOf(0).signers).toEqual([testKey(0), testKey(1)]);
  });
});

describe('votes', () => {
  const signers = Array.from({ length: POA_SIGNERS_MAX }, (_, i) => testKey(i));
  const add = (target: number) => ({ target: testKey(target), add: true });

  it('of one signer are 16 at most: a further one ends the oldest', () => {
    let now: Electorate = { signers: signers.slice(0, 3), votes: [] };
    for (let i = 0; i < 20; i++) now = castVote(now, testKey(0), add(100 + i));
    now = castVote(now, testKey(1), add(200));
    expect(now.votes).toHaveLength(VOTES_OF_SIGNER_MAX + 1);
    expect(now.votes[0]?.target).toBe(testKey(104));
    expect(VOTES_MAX).toBe(480);
  });

  it('add nobody where there are 30 signers, nor a key that is none', () => {
    expect(castVote({ signers, votes: [] }, testKey(0), add(99)).votes).toEqual([]);
    const none = { target: publicKey(`01${'00'.repeat(31)}`), add: true };
    expect(castVote({ signers: [testKey(0)], votes: [] }, testKey(0), none).signers).toEqual([testKey(0)]);
    // Standing votes of the time when there was room do not count either.
    const votes = signers.slice(1, 20).map((signer) => ({ ...add(99), signer }));
    expect(castVote({ signers, votes }, testKey(0), add(99)).signers).toHaveLength(POA_SIGNERS_MAX);
  });
});

describe('the rules of proof of authority', () => {
  const rules = createPoaRules();
  const start = rules.genesis(poaGenesis(4, { epoch: 3 }));
  if (isRejection(start)) throw new Error(start.field);
  const { view } = start;
  const base = new PoaNet(4).host(0).head().header;

  function header(field: Partial<PoaField> = {}, overrides: Partial<Header> = {}): Header {
    const whole = { difficulty: 2, signer: testKey(1), vote: undefined, checkpoint: [], ...field };
    return {
      ...base,
      height: height(1),
      timestampMs: unixMs(earliestMs(view)),
      consensus: bytesToHex(encodePoaField(whole)),
      seal: '5a'.repeat(64),
      ...overrides,
    };
  }

  it('take a block at the first moment of its period, and not a millisecond before', () => {
    expect(isRejection(rules.advance(view, header()))).toBe(false);
    const early = header({}, { timestampMs: unixMs(POA_START_MS + 4_999) });
    expect(rules.advance(view, early)).toMatchObject({ code: 'TIMESTAMP_TOO_EARLY' });
  });

  it('refuse a wrong difficulty, signer, height, form and seal', () => {
    expect(rules.advance(view, header({ difficulty: 1 }))).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
    expect(rules.advance(view, header({ signer: testKey(2) }))).toMatchObject({
      code: 'BAD_CONSENSUS_FIELD',
    });
    expect(isRejection(rules.advance(view, header({ signer: testKey(2), difficulty: 1 })))).toBe(false);
    expect(rules.advance(view, header({ signer: testKey(9) }))).toMatchObject({ code: 'WRONG_PRODUCER' });
    expect(rules.advance(view, header({}, { height: height(2) }))).toMatchObject({ code: 'WRONG_HEIGHT' });
    expect(rules.advance(view, header({}, { consensus: '02' }))).toMatchObject({
      code: 'BAD_CONSENSUS_FIELD',
    });
    expect(rules.advance(view, header({}, { seal: '' }))).toMatchObject({ code: 'BAD_SEAL' });
    expect(rules.advance(view, header({ checkpoint: view.signers }))).toMatchObject({
      code: 'BAD_CONSENSUS_FIELD',
    });
  });

  it('want all signers, and no vote, at a checkpoint', () => {
    const net = new PoaNet(4, { epoch: 3 });
    for (const signer of [1, 2]) net.sign(signer, [0, 1, 2, 3]);
    const at = net.viewOf(0);
    const block = net.sign(3, []);
    const judge = (field: Partial<PoaField>) =>
      rules.advance(at, {
        ...block.header,
        consensus: bytesToHex(
          encodePoaField({
            difficulty: 2,
            signer: testKey(3),
            vote: undefined,
            checkpoint: at.signers,
            ...field,
          }),
        ),
      });
    expect(isRejection(judge({}))).toBe(false);
    expect(judge({ checkpoint: [] })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
    expect(judge({ checkpoint: at.signers.slice(1) })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
    expect(judge({ checkpoint: [...at.signers].reverse() })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
    expect(judge({ vote: { target: testKey(7), add: true } })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
  });

  it('say who may extend a chain, at whatever time', () => {
    const net = new PoaNet(4);
    for (const signer of [1, 2]) net.sign(signer, [0, 1, 2, 3]);
    const may = [0, 1, 2, 3, 4].map((i) => maySign(net.viewOf(0), testKey(i)));
    expect(may).toEqual([true, false, false, true, false]);
  });

  it('name the signature of the signer that the header names, and none where it names nobody', () => {
    expect(rules.sealItems(header()).map((item) => bytesToHex(item.publicKey))).toEqual([testKey(1)]);
    expect(rules.sealItems(header({}, { consensus: '' }))).toEqual([]);
    expect(rules.sealItems(header({}, { seal: '00' }))).toEqual([]);
  });

  it('call final what floor(n / 2) + 1 distinct signers have built on', () => {
    const net = new PoaNet(5);
    const finality = () => {
      const host = net.host(0);
      const headers = new Map(host.chain().map(({ header }, i, all) => [all[i + 1]?.header.parent, header]));
      const chain = {
        idAt: () => undefined,
        headerOf: (id: string) => headers.get(id as never),
      };
      return host.context.rules.finality(host.head(), chain, net.viewOf(0)).final;
    };
    const finals = [finality()];
    for (const signer of [1, 2, 3, 4, 0]) {
      net.sign(signer, [0, 1, 2, 3, 4]);
      finals.push(finality());
    }
    expect(finals).toEqual([0, 0, 0, 1, 2, 3]);
  });

  it('bring a view back from its bytes', () => {
    const net = new PoaNet(4, { epoch: 100 });
    net.sign(1, [0, 1, 2, 3], { target: testKey(8), add: true });
    net.sign(2, [0, 1, 2, 3], { target: testKey(0), add: false });
    const now = net.viewOf(0);
    expect(now.votes).toHaveLength(2);
    expect(rules.decodeView(rules.encodeView(now))).toEqual(now);
    expect(rules.decodeView(new Uint8Array(3))).toMatchObject({ code: 'TRUNCATED' });
    const unsorted = { ...now, signers: [...now.signers].reverse() };
    expect(rules.decodeView(rules.encodeView(unsorted))).toMatchObject({ code: 'BAD_FIELD' });
    const standing = { ...now, config: { ...POA_CONFIG, epoch: 0 } };
    expect(rules.decodeView(rules.encodeView(standing))).toMatchObject({ code: 'BAD_FIELD' });
  });

  it('need 1 to 30 validators, and a period and an epoch of at least 1', () => {
    expect(rules.genesis({ ...poaGenesis(1), validators: [] })).toMatchObject({ field: 'validators' });
    const many = Array.from({ length: 31 }, (_, i) => ({ key: testKey(i), power: amount(1n) }));
    expect(rules.genesis({ ...poaGenesis(1), validators: many })).toMatchObject({ field: 'validators' });
    for (const field of ['periodMs', 'epoch']) {
      const text = encodePoaConfig({ ...POA_CONFIG, [field]: 0 });
      expect(decodePoaConfig(text)).toEqual({ code: 'BAD_CONFIG', field, expected: 'at least 1' });
    }
    expect(decodePoaConfig(`${encodePoaConfig(POA_CONFIG).slice(0, -2)}02`)).toMatchObject({
      field: 'engineConfig',
    });
    expect(testGenesis({ engine: POA_NAME }).engineConfig).toBe('');
  });

  it('fit the largest checkpoint into a header', () => {
    const signers = Array.from({ length: POA_SIGNERS_MAX }, (_, i) => testKey(i));
    const field = { difficulty: 2, signer: testKey(0), vote: undefined, checkpoint: signers };
    expect(encodePoaField(field)).toHaveLength(995);
  });
});
