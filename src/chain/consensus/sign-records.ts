/**
 * Sign records: a signer writes (height, parent) → block durably before it sends the block, and never signs two blocks on
 * one parent. PROTOCOL.md, PoA.
 */
import { concatBytes, hexToBytes } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { WriteOp } from '../../env/storage.ts';
import type { Block } from '../types/block.ts';
import { decodeBlock, EMPTY_SYSTEM, encodeBlock } from '../types/block-codec.ts';
import { headerSignBytes } from '../types/header-codec.ts';
import { ByteWriter } from '../types/layout/buffers.ts';
import { type BlockHash, type Height, height } from '../types/units.ts';
import type { BlockPlan, Candidate, ConsensusHost } from './consensus.ts';

/** Records are kept so many heights below the newest: no reorganisation goes deeper and then up again. */
export const SIGN_RECORDS_KEPT = 1_024;

/**
 * In a restored folder nothing is signed on a parent from before the restore and so much after it: who signed on it was this
 * key, perhaps. A child is never older than its parent, so that later parents are safe where clocks differ by less; blocks
 * from further ahead are not let in either (FUTURE_MAX_MS of the engines).
 */
export const RESTORED_MARGIN_MS = 15_000;

/** What the signer decides; parent, beneficiary and system data follow. */
export type SealPlan = Pick<BlockPlan, 'timestampMs' | 'consensus'>;

/** The seals of one key, and their records in the engine's own namespace. */
export class SignRecords<View> {
  readonly #host: ConsensusHost<View>;
  readonly #engine: string;
  /** Parents whose record is not durable yet. */
  readonly #recording = new Set<BlockHash>();

  #isPaused = false;

  /** @param engine as events name it. */
  constructor(host: ConsensusHost<View>, engine: string) {
    this.#host = host;
    this.#engine = engine;
  }

  /**
   * Builds, signs and records a block on `parent`, and submits it when the record is durable. Where a record is there,
   * of an earlier boot or of an earlier time as head, its block is submitted again. A record that cannot be read is one.
   * @param isWanted asked once it is durable, for other handlers ran in between: false keeps the block back.
   */
  seal(parent: Candidate, plan: SealPlan, isWanted: () => boolean): void {
    if (this.#recording.has(parent.id)) return;
    const at = height(parent.header.height + 1);
    const key = recordKey(at, parent.id);
    const [signed] = this.#host.read({ start: key, end: concatBytes(key, Uint8Array.of(0)) });
    if (signed !== undefined) {
      const before = decodeBlock(signed.value);
      if (!isDecodeRejection(before)) this.#host.submit(before);
      return;
    }
    if (this.#mayBeSigned(parent)) return;
    const block = this.#signed(parent, plan);
    if (block === undefined) return;
    this.#recording.add(parent.id);
    this.#host.record([{ kind: 'put', key, value: encodeBlock(block) }, ...this.#expired(at)], () => {
      this.#recording.delete(parent.id);
      if (isWanted()) this.#host.submit(block);
    });
  }

  #signed(parent: Candidate, plan: SealPlan): Block | undefined {
    const { beneficiary } = this.#host;
    const block = this.#host.build({ ...plan, parent: parent.id, beneficiary, system: EMPTY_SYSTEM });
    if (block === undefined) return undefined;
    const seal = this.#host.sign({ tag: 'seal', bytes: headerSignBytes(block.header) });
    return { ...block, header: { ...block.header, seal } };
  }

  /** An earlier life of the key may have signed on it, without a record here. Tells when signing pauses and is resumed. */
  #mayBeSigned({ header }: Candidate): boolean {
    const { restoredMs } = this.#host;
    const isOld = restoredMs !== undefined && header.timestampMs <= restoredMs + RESTORED_MARGIN_MS;
    if (isOld !== this.#isPaused) {
      this.#isPaused = isOld;
      const what = isOld ? 'signing-paused' : 'signing-resumed';
      this.#host.emit({ kind: 'Engine', engine: this.#engine, what, height: height(header.height + 1) });
    }
    return isOld;
  }

  #expired(at: Height): readonly WriteOp[] {
    const end = recordKey(height(Math.max(0, at - SIGN_RECORDS_KEPT)), '');
    return this.#host
      .read({ start: recordKey(height(0), ''), end })
      .map(({ key }) => ({ kind: 'delete', key }));
  }
}

/** Height (u64), then parent: keys order by height. */
function recordKey(at: Height, parent: BlockHash | ''): Uint8Array {
  const prefix = new ByteWriter(8);
  prefix.u64(at);
  return concatBytes(prefix.bytes, hexToBytes(parent) ?? new Uint8Array(0));
}
