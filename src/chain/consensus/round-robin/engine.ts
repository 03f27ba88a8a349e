/** Producer of round-robin: waits for its turn, signs one block on a parent and never a second, and writes it down first. */
import { concatBytes, hexToBytes } from '../../../env/bytes.ts';
import { TIMER_DELAY_MAX_MS, type Timer } from '../../../env/clock.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { WriteOp } from '../../../env/storage.ts';
import { ms, unixMs } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { decodeBlock, encodeBlock } from '../../types/block-codec.ts';
import { headerSignBytes } from '../../types/header-codec.ts';
import { ByteWriter } from '../../types/layout/buffers.ts';
import { type BlockHash, type Height, height } from '../../types/units.ts';
import type { Candidate, Consensus, ConsensusHost, Engine, EngineStatus } from '../consensus.ts';
import { createRoundRobinRules, earliestMs, encodeTurn, producerAt, type RoundRobinView } from './rules.ts';

/** Sign records are kept so many heights below the newest: no reorganisation goes deeper and then up again. */
export const SIGN_RECORDS_KEPT = 1_024;

/** The engine of a genesis that names ROUND_ROBIN_NAME. */
export function createRoundRobin(): Consensus<RoundRobinView> {
  return { rules: createRoundRobinRules(), create: (host) => new Producer(host) };
}

/** Height (u64), then parent: keys order by height. */
function recordKey(at: Height, parent: BlockHash | ''): Uint8Array {
  const prefix = new ByteWriter(8);
  prefix.u64(at);
  return concatBytes(prefix.bytes, hexToBytes(parent) ?? new Uint8Array(0));
}

class Producer implements Engine {
  readonly #host: ConsensusHost<RoundRobinView>;
  /** Parents whose sign record is not durable yet. */
  readonly #recording = new Set<BlockHash>();
  #head: Candidate | undefined;
  #timer: Timer | undefined;

  constructor(host: ConsensusHost<RoundRobinView>) {
    this.#host = host;
  }

  onStart(): void {
    this.onHead(this.#host.head());
  }

  onHead(head: Candidate): void {
    this.#timer?.cancel();
    this.#head = head;
    const view = this.#host.view(head.id);
    const skipped = view === undefined ? undefined : this.#skipped(view);
    if (view !== undefined && skipped !== undefined) this.#await(head, view, skipped);
  }

  onMempool(): void {}
  onPeerUp(): void {}
  onPeerDown(): void {}

  onMessage(): { readonly kind: 'fault'; readonly fault: string; readonly penalty: number } {
    return { kind: 'fault', fault: 'round-robin has no messages', penalty: 10 };
  }

  onStop(): void {
    this.#timer?.cancel();
    this.#head = undefined;
  }

  status(): EngineStatus {
    const view = this.#head === undefined ? undefined : this.#host.view(this.#head.id);
    if (view === undefined) return { kind: 'idle' };
    return { kind: 'waiting', height: height(view.height + 1), turnOf: producerAt(view, 0) };
  }

  /** How many producers are before this node on the view; undefined: it is none. */
  #skipped(view: RoundRobinView): number | undefined {
    const { length } = view.producers;
    const own = view.producers.findIndex((key) => key === this.#host.identity);
    return own < 0 ? undefined : (own + length - ((view.height + 1) % length)) % length;
  }

  /** The wall clock may step: it is asked again when the timer fires. */
  #await(head: Candidate, view: RoundRobinView, skipped: number): void {
    const leftMs = Math.max(0, earliestMs(view, skipped) - this.#host.clock.wallMs());
    this.#timer = this.#host.clock.setTimer(
      'round-robin.turn',
      ms(Math.min(leftMs, TIMER_DELAY_MAX_MS)),
      () => {
        if (this.#host.clock.wallMs() < earliestMs(view, skipped)) this.#await(head, view, skipped);
        else this.#produce(head, view, skipped);
      },
    );
  }

  #produce(head: Candidate, view: RoundRobinView, skipped: number): void {
    if (this.#recording.has(head.id)) return;
    const at = height(view.height + 1);
    const key = recordKey(at, head.id);
    const [signed] = this.#host.read({ start: key, end: concatBytes(key, Uint8Array.of(0)) });
    const before = signed === undefined ? undefined : decodeBlock(signed.value);
    if (before !== undefined) {
      if (!isDecodeRejection(before)) this.#host.submit(before);
      return;
    }
    const block = this.#sealed(head, view, skipped);
    if (block === undefined) return;
    this.#recording.add(head.id);
    this.#host.record([{ kind: 'put', key, value: encodeBlock(block) }, ...this.#expired(at)], () => {
      this.#recording.delete(head.id);
      if (this.#head?.id === head.id) this.#host.submit(block);
    });
  }

  #sealed(head: Candidate, view: RoundRobinView, skipped: number): Block | undefined {
    const block = this.#host.build({
      parent: head.id,
      timestampMs: unixMs(Math.max(earliestMs(view, skipped), this.#host.clock.wallMs())),
      beneficiary: this.#host.beneficiary,
      consensus: encodeTurn({ skipped, producer: producerAt(view, skipped) }),
      system: { evidence: [], lastCommit: '' },
    });
    if (block === undefined) return undefined;
    const seal = this.#host.sign({ tag: 'seal', bytes: headerSignBytes(block.header) });
    return { ...block, header: { ...block.header, seal } };
  }

  #expired(at: Height): readonly WriteOp[] {
    const end = recordKey(height(Math.max(0, at - SIGN_RECORDS_KEPT)), '');
    return this.#host
      .read({ start: recordKey(height(0), ''), end })
      .map(({ key }) => ({ kind: 'delete', key }));
  }
}
