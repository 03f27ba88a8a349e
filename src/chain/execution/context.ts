/** What every execution on one chain is given. */
import type { ConsensusRules } from '../consensus/consensus.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { Genesis, UpgradeSchedule } from '../types/genesis.ts';
import type { BlockHash } from '../types/units.ts';

/** Immutable, and the same for all blocks of a chain. */
export interface ExecutionContext<View> {
  readonly genesis: Genesis;
  readonly genesisId: BlockHash;
  readonly schedule: UpgradeSchedule;
  readonly rules: ConsensusRules<View>;
  /** What roots are computed with; absent: portable code. */
  readonly sha256?: Sha256;
}
