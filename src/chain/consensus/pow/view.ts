/** What proof of work must know of a chain to judge its next header: a small immutable value. */
import type { DecodeRejection } from '../../../env/network.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { UnixMs } from '../../../env/units.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { heightField, timeField } from '../../types/layout/fields.ts';
import { type Layout, listOf } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type Height, height } from '../../types/units.ts';
import { asertTarget } from './asert.ts';
import { type PowConfig, powConfigLayout, validatePowConfig } from './config.ts';
import { hexToTarget } from './target.ts';

/** The last blocks whose median a timestamp must pass: as Bitcoin has it since 2009 (GetMedianTimePast). */
export const MEDIAN_SPAN = 11;

/** The facts of one chain, shared by all its views. */
export interface PowChain {
  readonly config: PowConfig;
  /** Of genesis, the anchor of the schedule. */
  readonly genesisMs: UnixMs;
}

export interface PowView {
  readonly chain: PowChain;
  readonly height: Height;
  /** Of the last blocks, this one last; at most MEDIAN_SPAN. */
  readonly timestamps: readonly UnixMs[];
  /** What the next header must state. */
  readonly nextTarget: bigint;
}

/** The view after genesis. */
export function genesisView(chain: PowChain): PowView {
  return viewOf(chain, height(0), [chain.genesisMs]);
}

/** The view one block on. */
export function nextView(view: PowView, timestampMs: UnixMs): PowView {
  const from = view.timestamps.length < MEDIAN_SPAN ? 0 : 1;
  const timestamps = [...view.timestamps.slice(from), timestampMs];
  return viewOf(view.chain, height(view.height + 1), timestamps);
}

/** What the next timestamp must be later than: the middle one, of an even count the later. */
export function medianTimestamp(view: PowView): number {
  const sorted = [...view.timestamps].sort((a, b) => a - b);
  return sorted[sorted.length >>> 1] as number;
}

function viewOf(chain: PowChain, at: Height, timestamps: readonly UnixMs[]): PowView {
  const last = timestamps[timestamps.length - 1] as UnixMs;
  return { chain, height: at, timestamps, nextTarget: targetAfter(chain, at, last) };
}

/** Genesis stands for its own parent one interval earlier: block 1 has the initial target, whenever it comes. */
function targetAfter({ config, genesisMs }: PowChain, at: Height, timestampMs: UnixMs): bigint {
  const anchorTarget = hexToTarget(config.initialTarget);
  const { difficulty } = config;
  if (difficulty.kind === 'constant') return anchorTarget;
  const idealTime = BigInt(difficulty.intervalMs);
  return asertTarget({
    anchorTarget,
    powLimit: hexToTarget(config.powLimit),
    idealTime,
    halfLife: BigInt(difficulty.halfLifeMs),
    timeDelta: BigInt(timestampMs) - BigInt(genesisMs) + idealTime,
    heightDelta: BigInt(at),
  });
}

interface ViewRecord {
  readonly config: PowConfig;
  readonly genesisMs: UnixMs;
  readonly height: Height;
  readonly timestamps: readonly UnixMs[];
}

const viewLayout: Layout<ViewRecord> = struct<ViewRecord>({
  config: powConfigLayout,
  genesisMs: timeField,
  height: heightField,
  timestamps: listOf(timeField, 8, MEDIAN_SPAN),
});
/** A configuration, 11 timestamps and the rest take 1,240 bytes. */
const VIEW_MAX_BYTES = 4096;

/** The canonical bytes. */
export function encodePowView({ chain, height: at, timestamps }: PowView): Uint8Array {
  return encodeLayout(viewLayout, { ...chain, height: at, timestamps });
}

/** The view of exactly these bytes. */
export function decodePowView(bytes: Uint8Array): PowView | DecodeRejection {
  const record = decodeLayout(viewLayout, bytes, VIEW_MAX_BYTES);
  if (isDecodeRejection(record)) return record;
  const { config, genesisMs, timestamps } = record;
  const wrong = validatePowConfig(config);
  if (wrong !== undefined) {
    return { code: 'BAD_FIELD', detail: `config.${wrong.field}: ${wrong.expected} expected` };
  }
  const expected = Math.min(record.height + 1, MEDIAN_SPAN);
  if (timestamps.length !== expected) {
    return { code: 'BAD_FIELD', detail: `timestamps: ${expected} expected, not ${timestamps.length}` };
  }
  return viewOf({ config, genesisMs }, record.height, timestamps);
}
