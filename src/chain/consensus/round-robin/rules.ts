/**
 * Rules of round-robin: producers take turns by height; when one is silent, the next may follow a while later, for less
 * weight. The example of an engine: only genesis, advance, weigh and compare say something of their own.
 */
import { hexToBytes } from '../../../env/bytes.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { UnixMs } from '../../../env/units.ts';
import { taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import type { Header } from '../../types/block.ts';
import { GENESIS_VALIDATORS_MAX } from '../../types/genesis-codec.ts';
import { headerSignBytes } from '../../types/header-codec.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { heightField, publicKeyField, timeField } from '../../types/layout/fields.ts';
import { type Layout, listOf, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type HeaderRejection, isRejection } from '../../types/rejection.ts';
import { type Height, height, type PublicKey, type Weight, weight } from '../../types/units.ts';
import type { ConsensusRules } from '../consensus.ts';
import { plainRules } from '../plain-rules.ts';
import { decodeRoundRobinConfig, type RoundRobinConfig, roundRobinConfigLayout } from './config.ts';

/** Name of the engine in genesis. */
export const ROUND_ROBIN_NAME = 'round-robin';
const SIGNATURE_BYTES = 64;
const WEIGHT_DIGITS = 16;
const VIEW_MAX_BYTES = 65_536;

/** What the rules know of a chain. */
export interface RoundRobinView {
  readonly config: RoundRobinConfig;
  readonly producers: readonly PublicKey[];
  readonly height: Height;
  readonly timestampMs: UnixMs;
}

/** The `consensus` field of a header. */
export interface Turn {
  /** How many producers are passed over: 0 in turn. */
  readonly skipped: number;
  readonly producer: PublicKey;
}

const turnLayout: Layout<Turn> = struct<Turn>({
  skipped: unsigned<number>(16, GENESIS_VALIDATORS_MAX - 1),
  producer: publicKeyField,
});

const viewLayout: Layout<RoundRobinView> = struct<RoundRobinView>({
  config: roundRobinConfigLayout,
  producers: listOf(publicKeyField, 16, GENESIS_VALIDATORS_MAX),
  height: heightField,
  timestampMs: timeField,
});

/** 34 bytes. */
export function encodeTurn(turn: Turn): Uint8Array {
  return encodeLayout(turnLayout, turn);
}

function turnOf(header: Header): Turn | undefined {
  const bytes = hexToBytes(header.consensus) ?? new Uint8Array(0);
  const turn = decodeLayout(turnLayout, bytes, turnLayout.bytesMin);
  return isDecodeRejection(turn) ? undefined : turn;
}

/** Who produces on this view when `skipped` producers are passed over. */
export function producerAt(view: RoundRobinView, skipped: number): PublicKey {
  return view.producers[(view.height + 1 + skipped) % view.producers.length] as PublicKey;
}

/** The earliest time of the next block when `skipped` producers are passed over. */
export function earliestMs(view: RoundRobinView, skipped: number): number {
  return view.timestampMs + view.config.periodMs + skipped * view.config.skipMs;
}

function checkTurn(view: RoundRobinView, header: Header): HeaderRejection | undefined {
  const expected = height(view.height + 1);
  if (header.height !== expected) return { code: 'WRONG_HEIGHT', height: header.height, expected };
  const turn = turnOf(header);
  if (turn === undefined || turn.skipped >= view.producers.length) {
    return { code: 'BAD_CONSENSUS_FIELD', fact: 'a turn and its producer were expected' };
  }
  if (turn.producer !== producerAt(view, turn.skipped)) {
    return { code: 'WRONG_PRODUCER', fact: `${producerAt(view, turn.skipped)} is due` };
  }
  const after = earliestMs(view, turn.skipped) - 1;
  if (header.timestampMs <= after) {
    return { code: 'TIMESTAMP_TOO_EARLY', timestampMs: header.timestampMs, after };
  }
  if (header.seal.length === 2 * SIGNATURE_BYTES) return undefined;
  return { code: 'BAD_SEAL', fact: 'a signature of 64 bytes was expected' };
}

/** The producer's signature over the header without its seal. */
function sealItems(header: Header): readonly SignedItem[] {
  const publicKey = hexToBytes(turnOf(header)?.producer ?? '');
  const signature = hexToBytes(header.seal);
  if (publicKey?.length !== 32 || signature?.length !== SIGNATURE_BYTES) return [];
  return [{ publicKey, message: taggedBytes(TAG.signSeal, headerSignBytes(header)), signature }];
}

/** In turn a block weighs as much as there are producers, less one for each that is passed over. */
function weigh(parent: Weight, view: RoundRobinView, header: Header): Weight {
  const gained = view.producers.length - (turnOf(header)?.skipped ?? 0);
  return weight((BigInt(`0x${parent}`) + BigInt(gained)).toString(16).padStart(WEIGHT_DIGITS, '0'));
}

export function createRoundRobinRules(): ConsensusRules<RoundRobinView> {
  return {
    ...plainRules<RoundRobinView>(),
    name: ROUND_ROBIN_NAME,
    genesis({ engineConfig, validators, timestampMs }) {
      const config = decodeRoundRobinConfig(engineConfig);
      if (isRejection(config)) return config;
      if (validators.length === 0)
        return { code: 'BAD_CONFIG', field: 'validators', expected: 'at least one' };
      const producers = validators.map(({ key }) => key);
      const view: RoundRobinView = { config, producers, height: height(0), timestampMs };
      return { view, consensus: new Uint8Array(0), records: [], weight: weight('0'.repeat(WEIGHT_DIGITS)) };
    },
    advance: (view, header) =>
      checkTurn(view, header) ?? { ...view, height: header.height, timestampMs: header.timestampMs },
    sealItems,
    weigh,
    /** A total order: of two branches that weigh the same, all nodes take the one with the lower id. */
    compare(a, b) {
      if (a.weight !== b.weight) return a.weight < b.weight ? -1 : 1;
      return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
    },
    finality(head, _chain, view) {
      const final = height(Math.max(0, head.header.height - view.config.finalityDepth));
      return { final, acknowledged: final, kind: 'depth' };
    },
    encodeView: (view) => encodeLayout(viewLayout, view),
    decodeView(bytes) {
      const view = decodeLayout(viewLayout, bytes, VIEW_MAX_BYTES);
      if (isDecodeRejection(view) || view.producers.length > 0) return view;
      return { code: 'BAD_FIELD', detail: 'producers: at least one expected' };
    },
  };
}
