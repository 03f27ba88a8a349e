/** What the rules know of a chain: a fold over its headers, as EIP-225 wants it, which needs no state. */
import type { UnixMs } from '../../../env/units.ts';
import { heightField, publicKeyField, timeField } from '../../types/layout/fields.ts';
import { type Layout, listOf, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { Height, PublicKey } from '../../types/units.ts';
import { type PoaConfig, poaConfigLayout } from './config.ts';
import { signersLayout } from './header-field.ts';
import { POA_SIGNERS_MAX, RECENTS_MAX } from './signers.ts';
import { castVoteLayout, type Electorate, VOTES_MAX } from './votes.ts';

/** The view of a block: what stands after it. */
export interface PoaView extends Electorate {
  readonly config: PoaConfig;
  readonly height: Height;
  readonly timestampMs: UnixMs;
  /** How many blocks before this one it was its signer's turn, among the signers of the parent: EIP-3436, (Hn - Vi) % Vt. */
  readonly ago: number;
  /** Signers of the last blocks, the newest last: as many as can bar anybody. */
  readonly recents: readonly PublicKey[];
}

/** 34 bytes of configuration, height and time, 32 for each signer and recent one, 65 for each vote. */
export const poaViewLayout: Layout<PoaView> = struct<PoaView>({
  config: poaConfigLayout,
  height: heightField,
  timestampMs: timeField,
  ago: unsigned<number>(8, POA_SIGNERS_MAX - 1),
  signers: signersLayout,
  recents: listOf(publicKeyField, 8, RECENTS_MAX),
  votes: listOf(castVoteLayout, 16, VOTES_MAX),
});

/** What is wrong with a view that fits its layout; undefined: nothing. */
export function viewFlaw({ signers, config }: PoaView): string | undefined {
  if (config.periodMs < 1 || config.epoch < 1) return 'config: period and epoch of at least 1 expected';
  const isSorted = signers.every((key, i) => {
    const before = signers[i - 1];
    return before === undefined || before < key;
  });
  return isSorted ? undefined : 'signers: strictly growing keys expected';
}
