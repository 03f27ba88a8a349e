import { describe, expect, it } from 'vitest';
import { sha256 } from '../../crypto/sha256.ts';
import { testAddress, testGenesis } from '../../execution/test-chain.ts';
import { amount, hash, height } from '../../types/units.ts';
import { TestClock, TestHost } from '../test-host.ts';
import { encodePowConfig } from './config.ts';
import { type PowOptions, REBUILD_MS } from './engine.ts';
import { createPow } from './pow.ts';
import { searchNonce } from './search.ts';

const MINING: PowOptions = { mine: true, hashRate: 1_000, rebuildMs: REBUILD_MS };

function setup(options: Partial<PowOptions> = {}, wallMs = 2_000_000) {
  const engineConfig = encodePowConfig({
    difficulty: { kind: 'constant' },
    initialTarget: hash(`00ff${'ff'.repeat(30)}`),
    powLimit: hash('ff'.repeat(32)),
    powScale: amount(16n),
    finalityDepth: 6,
    issuance: [{ height: height(1), reward: amount(50n) }],
  });
  const clock = new TestClock(wallMs);
  const consensus = createPow({ ...MINING, ...options });
  const host = new TestHost(testGenesis({ engine: 'pow', engineConfig }), consensus, {
    clock,
    beneficiary: testAddress(9),
  });
  host.onSubmit = (block) => expect(host.receive(block)).toBeUndefined();
  const last = () => host.searches[host.searches.length - 1] ?? expect.fail('nothing is searched');
  /** Ends the running search with a real nonce. */
  const find = (search = last()) => {
    const headerBytes = search.job.headerBytes();
    if (headerBytes === undefined) return;
    const seal = searchNonce({ headerBytes, checkTarget: search.job.checkTarget }, 0n, 100_000, sha256);
    search.onFound(seal ?? expect.fail('no nonce'));
  };
  return { host, clock, find, last, engine: host.engine };
}

describe('a miner', () => {
  it('searches on the head from the start, and submits valid blocks one on another', () => {
    const { host, find, engine } = setup();
    engine.onStart();
    for (let i = 0; i < 3; i++) find();
    expect(host.head().header.height).toBe(3);
    expect(host.submitted).toHaveLength(3);
    expect(engine.status()).toMatchObject({ kind: 'mining', height: 4, hashRate: 1_000 });
  });

  it('gives the search the unscaled target for time and the scaled one for the seal', () => {
    const { last, engine } = setup();
    engine.onStart();
    expect(last().job.checkTarget).toBe(last().job.target * 16n);
  });

  it('does nothing when it is told not to mine', () => {
    const { host, engine, clock } = setup({ mine: false });
    engine.onStart();
    engine.onHead(host.head());
    engine.onMempool();
    clock.advance(10_000);
    expect(host.searches).toEqual([]);
    expect(engine.status()).toEqual({ kind: 'idle' });
  });

  it('drops the search when the head moves, and when it stops', () => {
    const { host, engine, last } = setup();
    engine.onStart();
    const first = last();
    engine.onHead(host.head());
    expect(first.isOver).toBe(true);
    expect(last().isOver).toBe(false);
    engine.onStop();
    expect(last().isOver).toBe(true);
    expect(engine.status()).toEqual({ kind: 'idle' });
  });

  it('takes the wall clock when the search asks, but never less than the median allows', () => {
    const ahead = setup({}, 2_000_000);
    ahead.engine.onStart();
    ahead.clock.advance(700);
    ahead.find();
    expect(ahead.host.head().header.timestampMs).toBe(2_000_700);
    const behind = setup({}, 5);
    behind.engine.onStart();
    behind.find();
    expect(behind.host.head().header.timestampMs).toBe(1_000_001);
  });

  it('begins anew for transactions at most once in rebuildMs', () => {
    const { host, engine, clock } = setup();
    engine.onStart();
    clock.advance(400);
    for (let i = 0; i < 5; i++) engine.onMempool();
    expect(host.searches).toHaveLength(1);
    clock.advance(599);
    expect(host.searches).toHaveLength(1);
    clock.advance(1);
    expect(host.searches).toHaveLength(2);
    clock.advance(5_000);
    expect(host.searches).toHaveLength(2);
    engine.onMempool();
    clock.advance(0);
    expect(host.searches).toHaveLength(3);
  });

  it('never begins anew for transactions when rebuildMs is 0', () => {
    const { host, engine, clock } = setup({ rebuildMs: 0 });
    engine.onStart();
    engine.onMempool();
    clock.advance(60_000);
    expect(host.searches).toHaveLength(1);
  });

  it('tries again when a block that it found did not become the head', () => {
    const { host, engine, clock, find } = setup();
    host.onSubmit = () => {};
    engine.onStart();
    find();
    expect(host.searches).toHaveLength(1);
    clock.advance(1_000);
    expect(host.searches).toHaveLength(2);
    expect(engine.status().kind).toBe('mining');
  });

  it('tries again when there was nothing to build', () => {
    const { host, engine, clock, find } = setup();
    engine.onStart();
    host.isBuilding = false;
    find();
    expect(host.submitted).toEqual([]);
    host.isBuilding = true;
    clock.advance(1_000);
    find();
    expect(host.head().header.height).toBe(1);
  });

  it('knows no messages', () => {
    const { engine } = setup();
    expect(engine.onMessage(testKeyText(), new Uint8Array(1))).toMatchObject({ kind: 'fault' });
  });
});

function testKeyText() {
  return hash('00'.repeat(32)) as never;
}
