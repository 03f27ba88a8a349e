/**
 * Rules of round-robin: producers take turns by height; when one is silent, the next may follow a while later, for less
 * weight. The example of an engine: docs/engines.md.
 */
import type { UnixMs } from '../../../env/units.ts';
import type { Header } from '../../types/block.ts';
import { GENESIS_VALIDATORS_MAX } from '../../types/genesis-codec.ts';
import { encodeLayout } from '../../types/layout/codec.ts';
import { heightField, publicKeyField, timeField } from '../../types/layout/fields.ts';
import { listOf, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type HeaderRejection, isRejection } from '../../types/rejection.ts';
import { type Height, height, type PublicKey } from '../../types/units.ts';
import type { ConsensusRules } from '../consensus.ts';
import { checkHeight, defaultRules, depthFinality } from '../default-rules.ts';
import { badConfig, decodeField, viewCodec } from '../engine-fields.ts';
import { checkSignedSeal, signedSealItems } from '../signed-seal.ts';
import { addWeight, compareWeightThenId, numberWeight } from '../weights.ts';
import {
  decodeRoundRobinConfig,
  ROUND_ROBIN_NAME,
  type RoundRobinConfig,
  roundRobinConfigLayout,
} from './config.ts';

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

const turnLayout = struct<Turn>({
  skipped: unsigned<number>(16, GENESIS_VALIDATORS_MAX - 1),
  producer: publicKeyField,
});

const viewLayout = struct<RoundRobinView>({
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
  return decodeField(turnLayout, header.consensus);
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
  const turn = turnOf(header);
  if (turn === undefined || turn.skipped >= view.producers.length)
    return { code: 'BAD_CONSENSUS_FIELD', fact: 'a turn and its producer were expected' };
  const due = producerAt(view, turn.skipped);
  if (turn.producer !== due) return { code: 'WRONG_PRODUCER', fact: `${due} is due` };
  const after = earliestMs(view, turn.skipped) - 1;
  const { timestampMs } = header;
  return timestampMs > after ? undefined : { code: 'TIMESTAMP_TOO_EARLY', timestampMs, after };
}

export function createRoundRobinRules(): ConsensusRules<RoundRobinView> {
  return {
    ...defaultRules<RoundRobinView>(),
    name: ROUND_ROBIN_NAME,
    genesis({ engineConfig, validators, timestampMs }) {
      const config = decodeRoundRobinConfig(engineConfig);
      if (isRejection(config)) return config;
      if (validators.length === 0) return badConfig('validators', 'at least one');
      const producers = validators.map(({ key }) => key);
      const view = { config, producers, height: height(0), timestampMs };
      return { view, consensus: new Uint8Array(0), records: [], weight: numberWeight(0n, 8) };
    },
    advance: (view, header) =>
      checkHeight(view.height, header) ??
      checkTurn(view, header) ??
      checkSignedSeal(header) ?? { ...view, height: header.height, timestampMs: header.timestampMs },
    sealItems: (header) => signedSealItems(header, turnOf(header)?.producer),
    /** In turn a block weighs as much as there are producers, less one for each that is passed over. */
    weigh: (parent, view, header) =>
      addWeight(parent, BigInt(view.producers.length - (turnOf(header)?.skipped ?? 0))),
    compare: compareWeightThenId,
    finality: (head, _chain, view) => depthFinality(head, view.config.finalityDepth),
    ...viewCodec(viewLayout, ({ producers }) =>
      producers.length > 0 ? undefined : 'producers: at least one expected',
    ),
  };
}
