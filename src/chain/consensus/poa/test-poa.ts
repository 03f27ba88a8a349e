/** Proof of authority in tests: hosts of one chain that hear only what a test delivers, blocks of chosen signers, and both orders of heads. */
import { assert } from '../../../env/assert.ts';
import { unixMs } from '../../../env/units.ts';
import { testAddress, testGenesis, testKey } from '../../execution/test-chain.ts';
import type { Block } from '../../types/block.ts';
import { EMPTY_SYSTEM } from '../../types/block-codec.ts';
import type { Genesis } from '../../types/genesis.ts';
import { amount } from '../../types/units.ts';
import { TestClock, TestHost } from '../test-host.ts';
import { encodePoaConfig, POA_NAME, type PoaConfig, TIE_BREAK, type TieBreak } from './config.ts';
import { createPoa } from './engine.ts';
import { earliestMs, fieldOn } from './rules.ts';
import type { PoaView } from './view.ts';
import type { Vote } from './votes.ts';

export const POA_START_MS = 1_000_000;
export const POA_CONFIG: PoaConfig = {
  periodMs: 5_000,
  wiggleMs: 500,
  epoch: 30_000,
  tieBreak: TIE_BREAK['eip-3436'],
};

/** `count` signers with the keys testKey(0) and so on, which are in the order of their numbers. */
export function poaGenesis(count: number, config: Partial<PoaConfig> = {}): Genesis {
  return testGenesis({
    engine: POA_NAME,
    engineConfig: encodePoaConfig({ ...POA_CONFIG, ...config }),
    validators: Array.from({ length: count }, (_, i) => ({ key: testKey(i), power: amount(1n) })),
    timestampMs: unixMs(POA_START_MS),
  });
}

/** Hosts 0 to `hosts` - 1, the first `signers` of which sign. Their engines are not started. */
export class PoaNet {
  readonly clock = new TestClock(POA_START_MS);
  readonly hosts: readonly TestHost<PoaView>[];
  /** Hosts that neither hear nor are heard. */
  readonly down = new Set<number>();

  constructor(signers: number, config: Partial<PoaConfig> = {}, hosts = signers) {
    const genesis = poaGenesis(signers, config);
    this.hosts = Array.from(
      { length: hosts },
      (_, i) =>
        new TestHost(genesis, createPoa(), {
          clock: this.clock,
          beneficiary: testAddress(i),
          identity: testKey(i),
          seed: seedOf(i),
        }),
    );
    for (const [from, host] of this.hosts.entries()) host.onSubmit = (block) => this.#send(from, block);
  }

  host(index: number): TestHost<PoaView> {
    const host = this.hosts[index];
    assert(host !== undefined, 'a test asks for a host that there is');
    return host;
  }

  /** The view of a host's head. */
  viewOf(index: number): PoaView {
    const host = this.host(index);
    const view = host.view(host.head().id);
    assert(view !== undefined, 'the head has a view');
    return view;
  }

  /** A block of `signer` on his own head, at the first moment; delivered to `to`, the signer included or not. */
  sign(signer: number, to: readonly number[], vote?: Vote): Block {
    const host = this.host(signer);
    const view = this.viewOf(signer);
    const block = host.build({
      parent: host.head().id,
      timestampMs: unixMs(earliestMs(view)),
      beneficiary: testAddress(signer),
      consensus: fieldOn(view, testKey(signer), vote),
      system: EMPTY_SYSTEM,
    });
    assert(block !== undefined, 'a head can be built on');
    const sealed = { ...block, header: { ...block.header, seal: '5a'.repeat(64) } };
    for (const index of to) this.deliver(sealed, index);
    return sealed;
  }

  deliver(block: Block, to: number): void {
    const refused = this.host(to).receive(block);
    assert(refused === undefined, `the block is valid: ${JSON.stringify(refused)}`);
  }

  /** Everybody hears of every block of everybody's main chain: the network has healed. */
  exchange(): void {
    const chains = this.hosts.map((host) => host.chain().slice(1));
    for (const [from, blocks] of chains.entries())
      for (const block of blocks)
        for (const to of this.hosts.keys())
          if (!this.down.has(from) && !this.down.has(to)) this.deliver(block, to);
  }

  start(): void {
    for (const [i, host] of this.hosts.entries()) if (!this.down.has(i)) host.engine.onStart();
  }

  /** Turns the clock on, making what was recorded durable every 100 ms. */
  run(durationMs: number): void {
    for (let at = 0; at < durationMs; at += 100) {
      this.clock.advance(100);
      for (const [i, host] of this.hosts.entries()) if (!this.down.has(i)) host.flush();
    }
  }

  /** Hosts that may sign on their own heads. */
  unblocked(): readonly number[] {
    return [...this.hosts.keys()].filter((i) => {
      const { rules } = this.host(i).context;
      return !this.down.has(i) && rules.mayExtend?.(this.viewOf(i), testKey(i)) === true;
    });
  }

  heads(): number {
    return new Set(this.hosts.filter((_, i) => !this.down.has(i)).map((host) => host.head().id)).size;
  }

  #send(from: number, block: Block): void {
    for (const to of this.hosts.keys())
      if (!this.down.has(from) && !this.down.has(to)) this.deliver(block, to);
  }
}

/** Far from 1: of small seeds the first draws are small. */
export function seedOf(index: number): number {
  return Math.imul(index + 1, 0x9e37_79b1) >>> 0;
}

export const BOTH_ORDERS: readonly TieBreak[] = ['total-difficulty', 'eip-3436'];
