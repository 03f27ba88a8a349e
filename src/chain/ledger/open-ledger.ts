/** Opens the ledger of a node: builds genesis, recovers the chain from the disk, and answers the one interface. */
import { BlockStore } from '../blockstore/block-store.ts';
import { EMPTY_HISTORY } from '../crypto/history.ts';
import type { ExecutionContext } from '../execution/context.ts';
import { buildGenesis } from '../execution/genesis.ts';
import { CHUNK_LEAVES_MAX_BYTES } from '../snapshot/chunk.ts';
import { chunkCount } from '../snapshot/manifest.ts';
import { SnapshotStore, type StoredSnapshot } from '../snapshot/snapshot-store.ts';
import { genesisHash } from '../types/genesis-codec.ts';
import { blockId } from '../types/header-codec.ts';
import { type ConfigRejection, isRejection } from '../types/rejection.ts';
import type { BlockHash } from '../types/units.ts';
import { Batches } from './batches.ts';
import { Chain } from './chain.ts';
import type { ChainParts } from './chain-state.ts';
import { DeepBranches } from './deep-branches.ts';
import { createFold, type LedgerEnv, linkOf, nameOf } from './fold.ts';
import { installMarked } from './install-snapshot.ts';
import type { LedgerConfig, LedgerHooks, OpenedLedger, OpenRejection } from './ledger.ts';
import { NodeLedger } from './node-ledger.ts';
import { checkBodies, checkFormat, type GenesisParts, recover } from './recovery.ts';
import { SnapshotMaker } from './snapshot-maker.ts';

/**
 * Opens the data folder. May write (genesis, repairs) and emit: call it from onStart, not while the program is built.
 */
export function openLedger<View>(
  env: LedgerEnv,
  config: LedgerConfig<View>,
  hooks: LedgerHooks,
): OpenedLedger<View> | OpenRejection {
  const parts = ledgerPartsOf(env, config);
  if ('code' in parts) return parts;
  const { store, batches, context, genesis } = parts;
  const { genesisId } = context;
  const chain = new Chain(parts);
  const deep = new DeepBranches(chain);
  chain.attachDeep(deep);
  const refusal = checkFormat(store, genesisId) ?? checkBodies(store, config.bodies);
  if (refusal !== undefined) return refusal;
  const snapshots = new SnapshotStore(store, (bytes) => env.crypto.sha256(bytes));
  const installed = installMarked({ store, batches, snapshots, context: { ...config, genesisId } });
  const recovered = recover(parts, chain, genesis);
  if (installed !== undefined && chain.origin === installed.height) tellInstalled(env, installed);
  // While a snapshot is received there is nothing to make one of, and what came so far is kept.
  const isReceiving = config.trustedSnapshot !== undefined && chain.head.header.height === 0;
  const maker = isReceiving ? undefined : new SnapshotMaker(chain, snapshots, genesisId);
  chain.onBaseAdvanced = (from, to) => maker?.onBaseAdvanced(from, to);
  const ledger = new NodeLedger({
    chain,
    deep,
    store,
    context,
    hooks,
    detached: recovered.detached,
    genesisId,
    snapshots,
    maker,
  });
  ledger.start();
  return { ledger, reexecuted: recovered.reexecuted, corrupt: store.corrupt(), halt: recovered.halt };
}

/** What a ledger is made of, before anything of the disk was read. */
export interface LedgerParts<View> extends ChainParts<View> {
  readonly context: ExecutionContext<View>;
  readonly genesis: GenesisParts<View>;
}

/** Reads and writes nothing. */
export function ledgerPartsOf<View>(
  env: LedgerEnv,
  config: LedgerConfig<View>,
): LedgerParts<View> | ConfigRejection {
  const invalid = checkConfig(config);
  if (invalid !== undefined) return invalid;
  const genesis = genesisOf(env, config);
  if ('code' in genesis) return genesis;
  const genesisId = genesis.executed.link.id;
  const prefix = prefixOf(env, config, genesisId);
  const store = new BlockStore(env);
  const batches = new Batches(env, store, config.rules, { prefix, ...config });
  const context: ExecutionContext<View> = {
    ...config,
    genesisId,
    sha256: (bytes) => env.crypto.sha256(bytes),
  };
  const fold = createFold(env, config.rules, context, prefix);
  return { env, config, store, batches, fold, context, genesis };
}

function tellInstalled(env: LedgerEnv, { id, height, block, manifest }: StoredSnapshot): void {
  env.emit({ kind: 'SnapshotInstalled', id, height, block, chunks: chunkCount(manifest) });
}

function checkConfig<View>(config: LedgerConfig<View>): ConfigRejection | undefined {
  for (const field of [
    'baseDepth',
    'undoDepth',
    'flushBlocks',
    'scrubIntervalMs',
    'scrubRecords',
    'snapshotInterval',
  ] as const) {
    const value = config[field];
    const least = field === 'flushBlocks' || field === 'scrubRecords' ? 1 : 0;
    if (!Number.isSafeInteger(value) || value < least) {
      return { code: 'BAD_CONFIG', field, expected: `an integer of at least ${least}` };
    }
  }
  const { snapshotChunkBytes } = config;
  if (
    !Number.isSafeInteger(snapshotChunkBytes) ||
    snapshotChunkBytes < 1 ||
    snapshotChunkBytes > CHUNK_LEAVES_MAX_BYTES
  )
    return { code: 'BAD_CONFIG', field: 'snapshotChunkBytes', expected: `1 to ${CHUNK_LEAVES_MAX_BYTES}` };
  const least = config.baseDepth + config.undoDepth;
  if (config.bodies === 'archive' || (Number.isSafeInteger(config.bodies) && config.bodies >= least))
    return undefined;
  return { code: 'BAD_CONFIG', field: 'bodies', expected: `'archive' or an integer of at least ${least}` };
}

/** Everything that results depend on beside the block itself. */
function prefixOf<View>(env: LedgerEnv, config: LedgerConfig<View>, genesisId: BlockHash): string {
  const schedule = config.schedule.map((step) => `${step.height}:${step.version}`).join(',');
  const { codeVersion, protocolMax, undoDepth, accountIndex } = config;
  return nameOf(env, [codeVersion, protocolMax, genesisId, schedule, undoDepth, accountIndex].join('|'));
}

function genesisOf<View>(env: LedgerEnv, config: LedgerConfig<View>): GenesisParts<View> | ConfigRejection {
  const { codeVersion, genesis, rules } = config;
  const key = nameOf(env, `${codeVersion}|${genesisHash(genesis)}`);
  return env.memo.get('ledger.genesis', key, () => {
    const built = buildGenesis(genesis, rules, (bytes) => env.crypto.sha256(bytes));
    if (isRejection(built)) return built;
    const { block, state, view, weight } = built;
    const { header } = block;
    const link = linkOf({ id: blockId(header), header, weight }, view, EMPTY_HISTORY, 0);
    return { executed: { link, state, entries: [], changes: [] }, block };
  });
}
