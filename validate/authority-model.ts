/**
 * Two forks of authorities without network and time, by the rules of the engine alone: a chain in turn, a partition in which
 * each side signs until it can not or its time is up, and the question whether anybody could go on after the heal.
 */
import { encodePoaConfig, POA_NAME, TIE_BREAK } from '../src/chain/consensus/poa/config.ts';
import { createPoaRules, earliestMs, fieldOn, maySign } from '../src/chain/consensus/poa/rules.ts';
import { signerInTurn } from '../src/chain/consensus/poa/signers.ts';
import type { PoaView } from '../src/chain/consensus/poa/view.ts';
import { buildGenesis } from '../src/chain/execution/genesis.ts';
import type { Genesis } from '../src/chain/types/genesis.ts';
import { isRejection } from '../src/chain/types/rejection.ts';
import {
  amount,
  gas,
  height,
  type PublicKey,
  publicKey,
  signature,
  type Weight,
} from '../src/chain/types/units.ts';
import { assert } from '../src/env/assert.ts';
import { bytesToHex } from '../src/env/bytes.ts';
import { unixMs } from '../src/env/units.ts';
import { createStream, type Stream } from '../src/sim/seeds.ts';

/** So many alignments of one number of signers, `side` of which are on one side. */
export interface AuthorityModelJob {
  readonly kind: 'authority-model';
  readonly signers: number;
  readonly side: number;
  readonly trials: number;
  readonly seed: string;
}

export interface AuthorityModelOutcome {
  readonly kind: 'authority-model';
  readonly signers: number;
  readonly side: number;
  readonly trials: number;
  /** Both forks of one total difficulty. */
  readonly ties: number;
  /** Of those: nobody may sign on his own fork. */
  readonly deadlocks: number;
}

/** Periods that a partition lasts: long enough for each side to come to its end. */
const PERIODS = 12;
const RULES = createPoaRules();
/** Any 64 bytes: who checks signatures is not asked. */
const SEAL = signature('5a'.repeat(64));

interface Tip {
  readonly view: PoaView;
  readonly weight: Weight;
}

function keyOf(index: number): PublicKey {
  return publicKey(`${index.toString(16).padStart(4, '0')}${'5a'.repeat(29)}00`);
}

function genesisOf(signers: number): Genesis {
  return {
    name: 'authorities',
    shard: 0,
    engine: POA_NAME,
    engineConfig: encodePoaConfig({
      periodMs: 1_000,
      wiggleMs: 500,
      epoch: 30_000,
      tieBreak: TIE_BREAK['total-difficulty'],
    }),
    parameters: {
      blockGasMax: gas(1_000_000),
      blockBytesMax: 65_536,
      gasPerByte: gas(1),
      gasPerSignature: gas(1),
      gasPerNewAccount: gas(1),
      gasPriceMin: amount(0n),
    },
    allocation: [],
    validators: Array.from({ length: signers }, (_, i) => ({ key: keyOf(i), power: amount(1n) })),
    timestampMs: unixMs(0),
    version: 1,
  };
}

/** A chain whose first block stands. */
class Forks {
  readonly #header;
  readonly start: Tip;

  constructor(signers: number) {
    const built = buildGenesis(genesisOf(signers), RULES);
    assert(!isRejection(built), 'the genesis of the model is valid');
    this.#header = built.block.header;
    this.start = { view: built.view, weight: built.weight };
  }

  signed({ view, weight }: Tip, signer: PublicKey): Tip {
    const header = {
      ...this.#header,
      height: height(view.height + 1),
      timestampMs: unixMs(earliestMs(view)),
      consensus: bytesToHex(fieldOn(view, signer, undefined)),
      seal: SEAL,
    };
    const next = RULES.advance(view, header);
    assert(!isRejection(next), 'who may sign makes a valid block');
    return { view: next, weight: RULES.weigh(weight, next, header) };
  }

  /** One side alone: in turn where the signer is here, else whoever may and draws the least wiggle. */
  alone(from: Tip, side: readonly PublicKey[], stream: Stream): Tip {
    let tip = from;
    for (let period = 0; period < PERIODS; period++) {
      const { view } = tip;
      const able = side.filter((key) => maySign(view, key));
      if (able.length === 0) return tip;
      const due = signerInTurn(view.signers, view.height + 1);
      const signer = due !== undefined && able.includes(due) ? due : stream.pick(able);
      tip = this.signed(tip, signer);
    }
    return tip;
  }
}

/** Runs the trials of a job. */
export function runAuthorityModel(job: AuthorityModelJob): AuthorityModelOutcome {
  const { signers, side, trials } = job;
  const stream = createStream(job.seed, 'authority-model');
  const forks = new Forks(signers);
  const keys = Array.from({ length: signers }, (_, i) => keyOf(i));
  let ties = 0;
  let deadlocks = 0;
  for (let trial = 0; trial < trials; trial++) {
    const common = signers + stream.below(signers);
    let tip = forks.start;
    for (let at = 1; at <= common; at++) tip = forks.signed(tip, keyOf(at % signers));
    const order = stream.shuffled(keys);
    const groups = [order.slice(0, side), order.slice(side)];
    const tips = groups.map((group) => forks.alone(tip, group, stream));
    if (tips[0]?.weight !== tips[1]?.weight) continue;
    ties++;
    const isBlocked = (group: readonly PublicKey[], i: number): boolean =>
      group.every((key) => !maySign((tips[i] as Tip).view, key));
    if (groups.every(isBlocked)) deadlocks++;
  }
  return { kind: 'authority-model', signers, side, trials, ties, deadlocks };
}
