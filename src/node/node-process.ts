/** A node as a process has it: what its settings name, opened in order, and ended in order. */
import type { SealSearch } from '../chain/consensus/consensus.ts';
import { meterNode } from '../chain/metered-node.ts';
import { createNode } from '../chain/node.ts';
import type { NodeConfig } from '../chain/node-config.ts';
import type { ChainWorld, NodeSnapshot } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { PROTOCOL_VERSION_MAX } from '../chain/types/genesis.ts';
import {
  createMessageCodec,
  HANDSHAKE_JSON_MAX_BYTES,
  HANDSHAKE_MESSAGES,
} from '../chain/types/message-codec.ts';
import { accountAddress } from '../chain/types/units.ts';
import { assert } from '../env/assert.ts';
import { address, keyId, ms } from '../env/units.ts';
import { openCopyDoor } from './backup/copy-door.ts';
import { factsOf } from './backup/folder-facts.ts';
import type { Settings } from './config/settings.ts';
import { consensusOf } from './engines.ts';
import { type FileProblem, isFileProblem, portProblem } from './file-problem.ts';
import type { ChainFile } from './genesis-file.ts';
import { type HostEnd, type RunningHost, startHost } from './host.ts';
import type { NodeKey } from './key-file.ts';
import { createNodeMetrics } from './metrics/node-metrics.ts';
import { createMiner, type Miner } from './mining/miner.ts';
import { parseEndpoint } from './network/endpoints.ts';
import { listenTcp, type TlsIdentity } from './network/tcp-network.ts';
import { apiProblem, prepareNodeApi } from './node-api.ts';
import { type SignatureSuite, type VerifySignatures, verifyHere } from './signatures/system-crypto.ts';
import { createVerifier } from './signatures/verifier.ts';
import { openDataFolder } from './storage/data-folder.ts';
import { nativeSha256 } from './storage/file-sums.ts';
import { openSettledReader } from './storage/lmdb-reader.ts';
import { systemRandom } from './system-random.ts';
import type { Instant } from './turns.ts';

const NODE_KEY = keyId('node');

/** What a node is made of, read and checked. */
export interface NodeParts {
  readonly settings: Settings;
  readonly chain: ChainFile;
  readonly key: NodeKey;
  readonly tls: TlsIdentity | undefined;
  readonly suite: SignatureSuite;
  /** The first start of a new key, or its owner's word: it has signed nothing that is not in the data folder. */
  readonly isVouched: boolean;
  /** Of this code. */
  readonly version: string;
  /** `at`: the instant of the handler that emitted it. */
  onEvent(event: DomainEvent, at: Instant): void;
  /** Told of what the node shows when it is done with its stop. */
  onStopped?(snapshot: NodeSnapshot, at: Instant): void;
  /** A bug that a request met: the node goes on. */
  readonly onApiError: (error: unknown) => void;
  /** It has ended by itself; `close` is to be called. */
  onEnded(why: HostEnd): void;
}

/** A node that runs. */
export interface RunningNode {
  readonly host: RunningHost<ChainWorld>;
  /** Where its HTTP API listens; undefined: nowhere. */
  readonly api: string | undefined;
  /** Hashes that were tried, where it mines. */
  readonly tries: number;
  /** Stops in order, within the time that its settings give, and frees port and folder. True: it was in order. */
  stop(): Promise<boolean>;
  /** The same, at once; harmless when repeated. */
  close(): Promise<void>;
}

/** Opens folder and port, and starts. A problem leaves nothing open. */
export async function startNode(parts: NodeParts): Promise<RunningNode | FileProblem> {
  const { settings, key, suite, tls } = parts;
  const problem = apiProblem(settings);
  if (problem !== undefined) return problem;
  const opened = openDataFolder(settings['node.data']);
  if (isFileProblem(opened)) return opened;
  const folder = opened;
  const unvouched = parts.isVouched ? await vouchProblem(settings['node.data'], folder.database) : undefined;
  if (unvouched !== undefined) {
    folder.release();
    return unvouched;
  }
  const metrics = createNodeMetrics(() => performance.now());
  let host: RunningHost<ChainWorld> | undefined;
  // Before there is a port: who connects from then on is heard at once.
  const api = await prepareNodeApi(
    parts,
    () => {
      assert(host !== undefined, 'nobody asks the API before it listens');
      return host;
    },
    metrics,
  );
  const listening = await openPort(settings['p2p.listen'], tls);
  if ('advice' in listening) {
    await api?.close();
    folder.release();
    return listening;
  }
  const helpers = startThreads(parts);
  const config = configOf(parts);
  /** Else there is nothing to show. */
  let hasChain = false;
  try {
    host = startHost<ChainWorld>({
      program(enter) {
        const node = createNode({ ...config, createSearch: () => helpers.miner?.search(enter) ?? noSearch });
        return meterNode(node, () => metrics);
      },
      codec: createMessageCodec(),
      listener: listening,
      own: [config.listen, address(settings['p2p.listen'])],
      limits: {
        dialTimeoutMs: settings['p2p.dial_timeout_ms'],
        inboundMax: settings['p2p.inbound_max'],
        inboundPerAddressMax: settings['p2p.inbound_per_address_max'],
      },
      tls,
      opening: { lines: HANDSHAKE_MESSAGES, lineMaxBytes: HANDSHAKE_JSON_MAX_BYTES },
      folder: folder.database,
      suite,
      verify: helpers.verify,
      secrets: new Map([[NODE_KEY, key.secret]]),
      onEvent(event, at) {
        hasChain ||= event.kind === 'NodeStarted';
        parts.onEvent(event, at);
        api?.onEvent(event);
      },
      onStopped(inspect, at) {
        if (hasChain) parts.onStopped?.(inspect(), at);
      },
      onEnded: (why) => parts.onEnded(why),
    });
  } catch (error) {
    await api?.close();
    await helpers.stop();
    await new Promise((resolve) => listening.close(resolve));
    folder.release();
    return {
      code: 'UNREADABLE',
      what: `${folder.database}: no database that can be opened (${error instanceof Error ? error.message : String(error)})`,
      advice: 'the folder as a node left it, or an empty one (node.data)',
    };
  }

  const running = host;
  const listeningAt = await api?.listen();
  if (typeof listeningAt === 'object') {
    await api?.close();
    await helpers.stop();
    await running.close();
    folder.release();
    return listeningAt;
  }
  const door = await openCopyDoor(settings['node.data'], () => running.snapshot());

  let closing: Promise<void> | undefined;
  async function end(): Promise<void> {
    await api?.close();
    await door?.close();
    await helpers.stop();
    await running.close();
    folder.release();
  }
  const close = (): Promise<void> => (closing ??= end());

  return {
    host: running,
    api: listeningAt,
    get tries() {
      return helpers.miner?.tries ?? 0;
    },
    async stop() {
      const isDone = await running.stop(settings['stop.deadline_ms']);
      await close();
      return isDone;
    },
    close,
  };
}

/** Threads beside the node's own. */
interface Threads {
  readonly miner: Miner | undefined;
  readonly verify: VerifySignatures;
  stop(): Promise<void>;
}

function startThreads(parts: NodeParts): Threads {
  const { settings, suite } = parts;
  const onFailed = (error: Error): void => parts.onEnded({ kind: 'crashed', error });
  const mining = settings['mining.threads'];
  const miner = mining === 0 ? undefined : createMiner(mining, systemRandom, onFailed);
  const checking = settings['signatures.threads'];
  const verifier = checking === 0 ? undefined : createVerifier(checking, onFailed);
  return {
    miner,
    verify:
      verifier === undefined
        ? verifyHere(suite)
        : (items, onResult, order) => verifier.verify(items, onResult, order),
    async stop() {
      await miner?.stop();
      await verifier?.stop();
    },
  };
}

/** Nobody can say of a restored folder that it has all that its key has signed; undefined: it was never restored. */
async function vouchProblem(folder: string, database: string): Promise<FileProblem | undefined> {
  const reader = await openSettledReader(database);
  if (isFileProblem(reader)) return undefined;
  const facts = factsOf(reader, nativeSha256, folder);
  await reader.close();
  if (isFileProblem(facts) || facts.restoredMs === undefined) return undefined;
  return {
    code: 'RESTORED',
    what: `${folder}: it was restored at ${new Date(facts.restoredMs).toISOString()} from a backup, which nobody can vouch for`,
    advice:
      'a start without --vouch: the node signs again when the chain is beyond what its key may have signed; or aureon restore --vouch, where it has signed nothing since the backup',
  };
}

/** Of a node that does not mine. */
const noSearch: SealSearch = () => () => {};

async function openPort(
  listen: string,
  tls: TlsIdentity | undefined,
): Promise<Awaited<ReturnType<typeof listenTcp>> | FileProblem> {
  const endpoint = parseEndpoint(listen);
  assert(endpoint !== undefined, 'settings hold endpoints');
  try {
    return await listenTcp(endpoint, tls);
  } catch (error) {
    return portProblem('p2p.listen', listen, error);
  }
}

/** What the program of such a node is told. */
export function configOf({
  settings,
  chain,
  key,
  isVouched,
}: Pick<NodeParts, 'settings' | 'chain' | 'isVouched'> & {
  readonly key: Pick<NodeKey, 'address'>;
}): Omit<NodeConfig, 'createSearch'> {
  const consensus = consensusOf(chain.genesis.engine, settings['mining.threads'] > 0);
  assert(consensus !== undefined, 'the file of a chain names an engine that there is');
  const beneficiary = settings['node.beneficiary'];
  const advertise = settings['p2p.advertise'];
  const peers = settings['p2p.peers'].map(address);
  const discovers = peers.length === 0 && settings['p2p.discovery'];
  return {
    genesis: chain.genesis,
    schedule: chain.schedule,
    protocolMax: PROTOCOL_VERSION_MAX,
    consensus,
    identity: NODE_KEY,
    isVouched,
    beneficiary: beneficiary === '' ? key.address : accountAddress(beneficiary),
    listen: address(advertise === '' ? settings['p2p.listen'] : advertise),
    bootstrap: [...peers, ...settings['p2p.bootstrap'].map(address)],
    ...(discovers ? {} : { staticPeers: peers }),
    features: { discovery: discovers },
    store: {
      flushBlocks: settings['store.flush_blocks'],
      bodies: settings['store.bodies'],
      accountIndex: settings['store.account_index'],
      snapshotInterval: settings['store.snapshot_interval'],
      futureMaxMs: ms(settings['store.future_max_ms']),
    },
    limits: { mempoolCountMax: settings['mempool.count_max'] },
  };
}
