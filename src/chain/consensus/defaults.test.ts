import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../env/bytes.ts';
import { testAddress, testGenesis, testKey } from '../execution/test-chain.ts';
import type { Header } from '../types/block.ts';
import { u32Field, versionField } from '../types/layout/fields.ts';
import { struct } from '../types/layout/struct.ts';
import { height, type PeerId, weight } from '../types/units.ts';
import type { Candidate, Engine } from './consensus.ts';
import { defaultEngine, type OwnParts } from './default-engine.ts';
import { checkHeight, defaultRules, depthFinality } from './default-rules.ts';
import { checkAtLeastOne, decodeConfig, decodeField, encodeConfig, viewCodec } from './engine-fields.ts';
import { encodePowConfig } from './pow/config.ts';
import { createPow } from './pow/pow.ts';
import { createPowRules } from './pow/rules.ts';
import { createRoundRobinRules } from './round-robin/rules.ts';
import { checkSignedSeal, signedSealItems } from './signed-seal.ts';
import { TestClock, TestHost } from './test-host.ts';
import { addWeight, compareNumbers, compareWeightThenId, numberWeight } from './weights.ts';

const PEER: PeerId = testKey(3);

/** A host of any chain, for its head. */
function host() {
  const target = `7f${'ff'.repeat(31)}` as never;
  const engineConfig = encodePowConfig({
    difficulty: { kind: 'constant' },
    initialTarget: target,
    powLimit: target,
    powScale: 1n as never,
    finalityDepth: 3,
    issuance: [],
  });
  const pow = createPow({ mine: false, hashRate: 0, rebuildMs: 0 });
  return new TestHost(testGenesis({ engine: 'pow', engineConfig }), pow, {
    clock: new TestClock(0),
    beneficiary: testAddress(0),
  });
}

const HEAD: Candidate = host().head();

function headerAt(at: number, overrides: Partial<Header> = {}): Header {
  return { ...HEAD.header, height: height(at), ...overrides };
}

describe('the default engine', () => {
  function engine(more: Partial<Engine> = {}): { readonly heard: string[]; readonly engine: Engine } {
    const heard: string[] = [];
    const own: OwnParts = {
      onHead: (head) => heard.push(`head ${head.header.height}`),
      onStop: () => heard.push('stop'),
      status: () => ({ kind: 'idle' }),
      ...more,
    };
    return { heard, engine: defaultEngine(host(), 'example', own) };
  }

  it('starts on the head of its host, and passes on what is its own', () => {
    const { heard, engine: it } = engine();
    it.onStart();
    it.onHead({ ...HEAD, header: headerAt(7) });
    it.onPeerUp(PEER);
    it.onPeerDown(PEER);
    it.onMempool();
    it.onStop();
    expect(heard).toEqual(['head 0', 'head 7', 'stop']);
    expect(it.status()).toEqual({ kind: 'idle' });
  });

  it('calls a message a fault, and names the engine', () => {
    expect(engine().engine.onMessage(PEER, new Uint8Array(0))).toEqual({
      kind: 'fault',
      fault: 'example has no messages',
      penalty: 10,
    });
  });

  it('gives way to every part that an engine brings', () => {
    const told: string[] = [];
    const { heard, engine: it } = engine({
      onStart: () => told.push('start'),
      onPeerUp: (peer) => told.push(`up ${peer}`),
      onPeerDown: (peer) => told.push(`down ${peer}`),
      onMempool: () => told.push('mempool'),
      onMessage: () => ({ kind: 'ok' }),
    });
    it.onStart();
    it.onPeerUp(PEER);
    it.onPeerDown(PEER);
    it.onMempool();
    expect(it.onMessage(PEER, new Uint8Array(0))).toEqual({ kind: 'ok' });
    expect(told).toEqual(['start', `up ${PEER}`, `down ${PEER}`, 'mempool']);
    expect(heard).toEqual([]);
  });
});

describe('the default rules', () => {
  const rules = defaultRules<number>();
  const system = { evidence: [], lastCommit: '' };
  const block = { header: HEAD.header, transactions: [], system };

  it('refuse evidence, last commits and certificates', () => {
    expect(rules.checkSystem(0, block)).toBeUndefined();
    for (const more of [{ evidence: ['00'] }, { lastCommit: '00' }]) {
      const bad = { ...block, system: { ...system, ...more } };
      expect(rules.checkSystem(0, bad)).toMatchObject({ code: 'SYSTEM_DATA_INVALID' });
    }
    expect(rules.checkCertificate(0, HEAD.header, new Uint8Array(0))).toBeUndefined();
    expect(rules.checkCertificate(0, HEAD.header, new Uint8Array(1))).toMatchObject({
      code: 'BAD_CERTIFICATE',
    });
  });

  it('keep the first seen of two that weigh the same, whatever their ids', () => {
    const other = { ...HEAD, id: PEER as never };
    expect(rules.compare(HEAD, other)).toBe(0);
    expect(rules.compare(HEAD, { ...other, weight: addWeight(HEAD.weight, 1n) })).toBe(-1);
  });

  it('ask for the height above the parent', () => {
    expect(checkHeight(height(4), headerAt(5))).toBeUndefined();
    for (const at of [4, 6])
      expect(checkHeight(height(4), headerAt(at))).toEqual({ code: 'WRONG_HEIGHT', height: at, expected: 5 });
  });

  it('call final what is deep enough, and genesis from the start', () => {
    const finalAt = (at: number) => depthFinality({ ...HEAD, header: headerAt(at) }, 3);
    expect(finalAt(2)).toEqual({ final: 0, acknowledged: 0, kind: 'depth' });
    expect(finalAt(10)).toEqual({ final: 7, acknowledged: 7, kind: 'depth' });
  });
});

describe('weights that are numbers', () => {
  it('have one size in a chain, and refuse what does not fit it', () => {
    expect(numberWeight(258n, 3)).toBe('000102');
    expect(addWeight(numberWeight(255n, 2), 1n)).toBe('0100');
    expect(() => addWeight(numberWeight(255n, 1), 1n)).toThrow('a weight fits');
  });

  it('are ordered as numbers even where a claim has another size', () => {
    const order = ['', '00', '0000', '01', '0002', '0a', 'ff', '0100', '00ffff', '010000'].map(weight);
    const valueOf = (text: string) => BigInt(`0x0${text}`);
    for (const a of order) {
      for (const b of order) {
        const [x, y] = [valueOf(a), valueOf(b)];
        expect([a, b, compareNumbers(a, b)]).toEqual([a, b, x < y ? -1 : x > y ? 1 : 0]);
      }
    }
  });

  it('are followed by the order of ids where every node must agree', () => {
    const at = (id: string, of: bigint) => ({ ...HEAD, id: id as never, weight: numberWeight(of, 2) });
    expect(compareWeightThenId(at('aa', 1n), at('00', 2n))).toBe(-1);
    expect(compareWeightThenId(at('aa', 2n), at('00', 2n))).toBe(-1);
    expect(compareWeightThenId(at('00', 2n), at('aa', 2n))).toBe(1);
    expect(compareWeightThenId(at('aa', 2n), at('aa', 2n))).toBe(0);
  });
});

describe.each([
  ['proof of work', createPowRules()],
  ['round robin', createRoundRobinRules()],
])('the order of claims, of %s,', (_name, rules) => {
  it('is that of candidates wherever weights decide', () => {
    const values = [0n, 1n, 255n, 256n, 2n ** 40n];
    const sizeBytes = rules.name === 'pow' ? 32 : 8;
    for (const a of values) {
      for (const b of values) {
        const candidates = [a, b].map((value) => ({ ...HEAD, weight: numberWeight(value, sizeBytes) }));
        const [left = HEAD, right = HEAD] = candidates;
        expect(rules.compareWeight(left.weight, right.weight)).toBe(rules.compare(left, right));
      }
    }
  });

  it('is total over what no peer should state', () => {
    for (const claim of ['', '00', 'ff'.repeat(64)].map(weight)) {
      const order = rules.compareWeight(claim, HEAD.weight);
      expect(rules.compareWeight(HEAD.weight, claim) + order).toBe(0);
    }
  });
});

describe('the fields of an engine', () => {
  interface Config {
    readonly depth: number;
    readonly kind: number;
  }
  const layout = struct<Config>({ depth: u32Field, kind: versionField });

  it('are read back from exactly their bytes', () => {
    const config = { depth: 7, kind: 1 };
    const text = encodeConfig(layout, config);
    expect(text).toBe('000000070001');
    expect(decodeConfig(layout, 'example', text)).toEqual(config);
    expect(decodeField(layout, text)).toEqual(config);
    for (const bad of [`${text}00`, text.slice(2), text.slice(1), 'XY', '']) {
      expect(decodeConfig(layout, 'example', bad)).toMatchObject({
        code: 'BAD_CONFIG',
        field: 'engineConfig',
      });
      expect(decodeField(layout, bad)).toBeUndefined();
    }
    expect(decodeConfig(layout, 'example', '00')).toMatchObject({
      expected: expect.stringContaining("encoded parameters of 'example'"),
    });
  });

  it('name the first that must be at least 1', () => {
    expect(checkAtLeastOne({ a: 1, b: 1 }, ['a', 'b'])).toBeUndefined();
    expect(checkAtLeastOne({ a: 1, b: 0 }, ['a', 'b'])).toEqual({
      code: 'BAD_CONFIG',
      field: 'b',
      expected: 'at least 1',
    });
  });

  it('make a view that refuses other bytes, and values that are no view', () => {
    const codec = viewCodec(layout, ({ depth }) => (depth > 0 ? undefined : 'depth: at least 1 expected'));
    const view = { depth: 2, kind: 0 };
    expect(codec.decodeView(codec.encodeView(view))).toEqual(view);
    expect(codec.decodeView(codec.encodeView({ ...view, depth: 0 }))).toEqual({
      code: 'BAD_FIELD',
      detail: 'depth: at least 1 expected',
    });
    expect(codec.decodeView(new Uint8Array(2))).toMatchObject({ code: 'TRUNCATED' });
  });
});

describe('a signed seal', () => {
  const signed = headerAt(1, { seal: '5a'.repeat(64) });

  it('is one signature of the signer, over the header without it', () => {
    const [item, ...rest] = signedSealItems(signed, PEER);
    expect(rest).toEqual([]);
    expect(bytesToHex(item?.publicKey ?? new Uint8Array(0))).toBe(PEER);
    expect(signedSealItems({ ...signed, seal: 'a5'.repeat(64) }, PEER)[0]?.message).toEqual(item?.message);
    expect(signedSealItems({ ...signed, height: height(2) }, PEER)[0]?.message).not.toEqual(item?.message);
    expect(checkSignedSeal(signed)).toBeUndefined();
  });

  it('is none without a signer, or with another number of bytes, and then a fault', () => {
    expect(signedSealItems(signed, undefined)).toEqual([]);
    for (const seal of ['', '5a'.repeat(63), '5a'.repeat(65)]) {
      expect(signedSealItems({ ...signed, seal }, PEER)).toEqual([]);
      expect(checkSignedSeal({ ...signed, seal })).toMatchObject({ code: 'BAD_SEAL' });
    }
  });
});
