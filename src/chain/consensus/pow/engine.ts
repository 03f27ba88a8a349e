/** Miner: one search at a time on the head; a new head, or transactions that came since, begin it anew. */
import { bytesToHex } from '../../../env/bytes.ts';
import type { Timer } from '../../../env/clock.ts';
import { ms, unixMs } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { headerSignBytes } from '../../types/header-codec.ts';
import { type BlockHash, height } from '../../types/units.ts';
import type { Cancel, Candidate, ConsensusHost, Engine, EngineStatus } from '../consensus.ts';
import { defaultEngine, type OwnParts } from '../default-engine.ts';
import { POW_NAME } from './config.ts';
import { scaledTarget, targetToBytes, targetToHex } from './target.ts';
import { medianTimestamp, type PowView } from './view.ts';

/** What one node mines with: local, nobody else knows. */
export interface PowOptions {
  readonly mine: boolean;
  /** Hashes a second, as status shows them. */
  readonly hashRate: number;
  /**
   * While transactions wait that came after the search began, it begins anew so often, with them and the time of then;
   * a search has no memory, so that nothing is lost. 0: never, for searches that build when they end.
   */
  readonly rebuildMs: number;
}

/** A real miner rebuilds once a second: the block a user waits for is then a second older at most. */
export const REBUILD_MS = 1_000;
/** A found block is the head long before. If it is not, or none could be built, it is tried again. */
const RETRY_MS = 1_000;

/** The running part. */
export function createPowEngine(host: ConsensusHost<PowView>, options: PowOptions): Engine {
  return defaultEngine(host, POW_NAME, new Miner(host, options));
}

class Miner implements OwnParts {
  readonly #host: ConsensusHost<PowView>;
  readonly #options: PowOptions;
  #head: Candidate | undefined;
  #target = 0n;
  #cancel: Cancel | undefined;
  #timer: Timer | undefined;
  #begunMs = 0;

  constructor(host: ConsensusHost<PowView>, options: PowOptions) {
    this.#host = host;
    this.#options = options;
  }

  onHead(head: Candidate): void {
    this.#head = head;
    this.#begin();
  }

  onMempool(): void {
    const { rebuildMs } = this.#options;
    if (rebuildMs === 0 || this.#cancel === undefined || this.#timer !== undefined) return;
    const due = this.#begunMs + rebuildMs - this.#host.clock.monotonicMs();
    this.#beginIn(Math.max(0, due));
  }

  onStop(): void {
    this.#end();
    this.#head = undefined;
  }

  status(): EngineStatus {
    if (this.#cancel === undefined || this.#head === undefined) return { kind: 'idle' };
    return {
      kind: 'mining',
      height: height(this.#head.header.height + 1),
      target: targetToHex(this.#target),
      hashRate: this.#options.hashRate,
    };
  }

  #begin(): void {
    this.#end();
    const head = this.#head;
    if (head === undefined || !this.#options.mine) return;
    const view = this.#host.view(head.id);
    if (view === undefined) return;
    const { nextTarget: target, chain } = view;
    this.#target = target;
    this.#begunMs = this.#host.clock.monotonicMs();
    const checkTarget = scaledTarget(target, chain.config.powScale);
    let built: Block | undefined;
    const headerBytes = (): Uint8Array | undefined => {
      built = this.#build(head.id, view);
      if (built === undefined) this.#beginIn(RETRY_MS);
      return built === undefined ? undefined : headerSignBytes(built.header);
    };
    this.#cancel = this.#host.search({ headerBytes, target, checkTarget }, (seal) => {
      this.#end();
      this.#beginIn(RETRY_MS);
      if (built !== undefined) this.#submit(built, seal);
    });
  }

  #build(parent: BlockHash, view: PowView): Block | undefined {
    const earliest = medianTimestamp(view) + 1;
    return this.#host.build({
      parent,
      timestampMs: unixMs(Math.max(earliest, this.#host.clock.wallMs())),
      beneficiary: this.#host.beneficiary,
      consensus: targetToBytes(view.nextTarget),
      system: { evidence: [], lastCommit: '' },
    });
  }

  #submit(block: Block, seal: Uint8Array): void {
    this.#host.submit({ ...block, header: { ...block.header, seal: bytesToHex(seal) } });
  }

  #beginIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#host.clock.setTimer('pow.begin', ms(delayMs), () => {
      this.#timer = undefined;
      this.#begin();
    });
  }

  #end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
