/** A chain of one authority, written into the data folder of a node by the ledger itself: thousands of blocks in a second, with real signatures. */
import { join } from 'node:path';
import { createPoa } from '../../src/chain/consensus/poa/engine.ts';
import { fieldOn } from '../../src/chain/consensus/poa/rules.ts';
import type { PoaView } from '../../src/chain/consensus/poa/view.ts';
import { taggedBytes } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import type { LedgerEnv } from '../../src/chain/ledger/fold.ts';
import type { LedgerConfig } from '../../src/chain/ledger/ledger.ts';
import { openLedger } from '../../src/chain/ledger/open-ledger.ts';
import { DEFAULT_STORE } from '../../src/chain/node-config.ts';
import type { Block } from '../../src/chain/types/block.ts';
import { EMPTY_SYSTEM } from '../../src/chain/types/block-codec.ts';
import { PROTOCOL_VERSION_MAX } from '../../src/chain/types/genesis.ts';
import { blockId, headerSignBytes } from '../../src/chain/types/header-codec.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { accountAddress, type BlockHash, type PublicKey, signature } from '../../src/chain/types/units.ts';
import { createChainSetup } from '../../src/cluster/chain-setup.ts';
import { transferDraft } from '../../src/cluster/load/wallet.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { ms, unixMs } from '../../src/env/units.ts';
import type { ChainFile } from '../../src/node/genesis-file.ts';
import { type NodeKey, nodeKeyOf } from '../../src/node/key-file.ts';
import { nativeSha256 } from '../../src/node/storage/file-sums.ts';
import { type LmdbStorage, openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { SUITE, small } from '../cluster/support.ts';

/** Accounts that send. */
const SENDERS = 8;
const PERIOD_MS = 1_000;
/** Blocks between two flushes: what is not durable stays within its limit. */
const FLUSH_BLOCKS = 64;

const PLAN = resolveScenario(
  small({
    nodes: 1,
    signatures: 'real',
    chain: { engine: 'poa', blockInterval: '1s' },
    load: [{ kind: 'transfers', perSecond: 1, accounts: SENDERS }],
  }),
  '1',
);
const SETUP = createChainSetup(PLAN, { nativeSuite: SUITE });

/** The chain that these folders are of: it began in 2023. */
export const STORED_CHAIN: ChainFile = { genesis: SETUP.context.genesis, schedule: [], id: SETUP.genesisId };
/** Its one signer. */
export const STORED_KEY: NodeKey = nodeKeyOf(SETUP.hostKeys[0]?.secret ?? new Uint8Array(32), SUITE);

/** What to write. */
export interface StoredPlan {
  readonly blocks: number;
  /** Transfers in each block; every one opens an account of its own, where `opens` says so. */
  readonly perBlock: number;
  readonly opens?: boolean;
  readonly store?: Partial<LedgerConfig<unknown>>;
  /** Other rules: what a node with a bug would have written. */
  readonly rules?: LedgerConfig<PoaView>['rules'];
}

/** Writes the blocks, and answers them. Goes on where the folder ends. */
export async function storeChain(folder: string, plan: StoredPlan): Promise<readonly Block[]> {
  const storage = openLmdbStorage(join(folder, 'chain'), (run) => run());
  const config: LedgerConfig<PoaView> = {
    ...DEFAULT_STORE,
    genesis: STORED_CHAIN.genesis,
    schedule: [],
    rules: plan.rules ?? createPoa().rules,
    protocolMax: PROTOCOL_VERSION_MAX,
    codeVersion: 'stored',
    scrubIntervalMs: 0,
    trustedSnapshot: undefined,
    ...(plan.store as Partial<LedgerConfig<PoaView>>),
  };
  const timers: (() => void)[] = [];
  const opened = openLedger(envOf(storage, timers), config, {
    onReleased: () => undefined,
    onLost: () => undefined,
    onStorageFault: () => undefined,
  });
  if ('code' in opened) throw new Error(opened.code);
  const { ledger } = opened;
  const blocks: Block[] = [];
  for (let i = 0; i < plan.blocks; i++) {
    const parent = ledger.head();
    const block = sealed(ledger, parent.id, transfersOf(ledger.head().header.height, plan));
    const outcome = ledger.importBlock(block, '');
    if (outcome.kind !== 'imported') throw new Error(JSON.stringify(outcome));
    blocks.push(block);
    for (const run of timers.splice(0)) run();
    if (i % FLUSH_BLOCKS === 0) await new Promise((resolve) => storage.flush(resolve));
  }
  while (timers.length > 0) for (const run of timers.splice(0)) run();
  ledger.stop();
  await new Promise((resolve) => storage.flush(resolve));
  await storage.close();
  return blocks;
}

function transfersOf(parentHeight: number, { perBlock, opens = false }: StoredPlan) {
  return Array.from({ length: perBlock }, (_, i) => {
    const ordinal = parentHeight * perBlock + i;
    const [from, to] = [SETUP.wallets[0]?.[ordinal % SENDERS], SETUP.wallets[0]?.[(ordinal + 1) % SENDERS]];
    if (from === undefined || to === undefined) throw new Error('a load has its accounts');
    const fresh = accountAddress(bytesToHex(nativeSha256(Buffer.from(`account ${ordinal}`))));
    return SETUP.signer.sign(
      from,
      transferDraft(0, Math.floor(ordinal / SENDERS), opens ? fresh : to.address, SETUP.genesisId, 1),
    );
  });
}

type Ledger = Exclude<ReturnType<typeof openLedger<PoaView>>, { readonly code: unknown }>['ledger'];

function sealed(ledger: Ledger, parent: BlockHash, transactions: readonly Transaction[]): Block {
  const view = ledger.view(parent);
  const header = ledger.header(parent);
  const [signer]: readonly PublicKey[] = view?.signers ?? [];
  if (view === undefined || header === undefined || signer === undefined)
    throw new Error('the parent is executed');
  const block = ledger.assemble(
    {
      parent,
      timestampMs: unixMs(header.timestampMs + PERIOD_MS),
      beneficiary: STORED_KEY.address,
      consensus: fieldOn(view, signer, undefined),
      system: EMPTY_SYSTEM,
    },
    transactions,
  );
  if (block === undefined) throw new Error('the parent is executed');
  if (block.header.txCount !== transactions.length) throw new Error('every transfer has its place');
  const bytes = taggedBytes(TAG.signSeal, headerSignBytes(block.header));
  const seal = signature(bytesToHex(SUITE.sign(STORED_KEY.secret, bytes)));
  return { ...block, header: { ...block.header, seal } };
}

/** Ids of blocks. */
export function idsOf(blocks: readonly Block[]): readonly BlockHash[] {
  return blocks.map(({ header }) => blockId(header));
}

/** Timers of a ledger that nobody waits for run between two blocks: snapshots are made by them. */
function envOf(storage: LmdbStorage, timers: (() => void)[]): LedgerEnv {
  return {
    clock: {
      monotonicMs: () => ms(0),
      wallMs: () => unixMs(Date.now()),
      setTimer(_name, _delayMs, run) {
        timers.push(run);
        return { cancel: () => void timers.splice(timers.indexOf(run), timers.includes(run) ? 1 : 0) };
      },
    },
    storage,
    crypto: {
      sha256: nativeSha256,
      verify: () => {
        throw new Error('the ledger verifies no signature');
      },
      sign: () => new Uint8Array(64),
      publicKey: () => new Uint8Array(32),
    },
    memo: { get: (_kind, _key, compute) => compute() },
    emit: () => undefined,
    spend: () => undefined,
  };
}
