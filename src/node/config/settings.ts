/** Every setting of a node, by its place in aureon.toml. */
import { DEFAULT_LIMITS, DEFAULT_STORE } from '../../chain/node-config.ts';
import { DEFAULT_TCP_LIMITS } from '../network/tcp-network.ts';
import {
  allOr,
  choice,
  endpoint,
  endpoints,
  flag,
  integer,
  optionalEndpoint,
  optionalPath,
  path,
  type Setting,
  text,
} from './setting.ts';

const PEERS_MAX = 64;
const HOUR_MS = 3_600_000;

/** `section.name`; AUREON_SECTION_NAME in the environment, --section-name as a flag. */
export const SETTINGS = {
  'node.data': path('data', 'Folder of the database: one node at a time, of one chain.'),
  'node.genesis': path('genesis.json', 'The chain: a file that every node of it has.'),
  'node.key': path(
    'node.key',
    'Secret key of this node: it signs handshakes and, for a validator, votes and blocks.',
  ),
  'node.beneficiary': text(
    '',
    /^(?:[0-9a-f]{64})?$/,
    'an address of 64 lower-case hexadecimal digits, or ""',
    'Account that gets fees and rewards; "": that of the key.',
  ),
  'p2p.listen': endpoint('0.0.0.0:6000', 'Where other nodes connect to.'),
  'p2p.advertise': optionalEndpoint('', 'Where others are told to dial this node; "": p2p.listen.'),
  'p2p.bootstrap': endpoints(PEERS_MAX, 'Dialed when nothing better is known.'),
  'p2p.peers': endpoints(
    PEERS_MAX,
    'Exactly these are dialed, again and again, and none is discovered; empty: all that are found.',
  ),
  'p2p.discovery': flag(
    true,
    'Whether nodes are looked for; false: those of p2p.peers are dialed and no other, though there be none.',
  ),
  'p2p.dial_timeout_ms': integer(
    DEFAULT_TCP_LIMITS.dialTimeoutMs,
    [100, 60_000],
    'ms',
    'A dial without an answer ends.',
  ),
  'p2p.inbound_max': integer(
    DEFAULT_TCP_LIMITS.inboundMax,
    [0, 10_000],
    'connections',
    'Connections that others opened, at once.',
  ),
  'p2p.inbound_per_address_max': integer(
    DEFAULT_TCP_LIMITS.inboundPerAddressMax,
    [1, 10_000],
    'connections',
    'Of one address of those.',
  ),
  'p2p.tls_key': optionalPath(
    'Private key (PEM) of this node; with all three of them connections are TLS 1.3.',
  ),
  'p2p.tls_cert': optionalPath('Its certificate (PEM).'),
  'p2p.tls_ca': optionalPath('The authority (PEM) that has to have signed the certificates of both sides.'),
  'http.listen': optionalEndpoint('127.0.0.1:8080', 'Where the HTTP API listens; "": nowhere.'),
  'http.body_max_bytes': integer(
    131_072,
    [1_024, 16_777_216],
    'bytes',
    'The longest body of a request; the default holds 100 transactions.',
  ),
  'http.rate_per_second': integer(1_000, [1, 1_000_000], 'requests', 'Of one address in a second.'),
  'http.request_timeout_ms': integer(
    10_000,
    [100, 600_000],
    'ms',
    'A request that is not here whole by then is given up.',
  ),
  'http.events_max': integer(256, [0, 900], 'streams', 'WebSockets of /events at once; 0: none.'),
  'http.events_per_address_max': integer(16, [1, 900], 'streams', 'Of one address of those.'),
  'http.sign_with_node_key': flag(
    false,
    'POST /submit-tx/unsigned signs with the key of this node whatever it is asked to: for a devnet, and with a loopback http.listen only.',
  ),
  'mining.threads': integer(
    0,
    [0, 256],
    'threads',
    'Proof of work: threads that search; 0: this node does not mine.',
  ),
  'signatures.threads': integer(
    1,
    [0, 64],
    'threads',
    'Threads that check signatures while the node goes on; 0: none, the node checks them itself.',
  ),
  'mempool.count_max': integer(
    DEFAULT_LIMITS.mempoolCountMax,
    [1, 1_000_000],
    'transactions',
    'Transactions that wait, at most.',
  ),
  'store.flush_blocks': integer(
    DEFAULT_STORE.flushBlocks,
    [1, 1_000],
    'blocks',
    'A flush is asked for after so many; what is not durable is not called final.',
  ),
  'store.bodies': allOr(
    'archive',
    [DEFAULT_STORE.baseDepth + DEFAULT_STORE.undoDepth, 1_000_000_000],
    'blocks',
    'Blocks whose transactions are kept, the newest; "archive": all. Headers, state and indexes stay. What was deleted does not come back.',
  ),
  'store.account_index': flag(DEFAULT_STORE.accountIndex, 'Whether transactions can be listed by account.'),
  'store.snapshot_interval': integer(
    DEFAULT_STORE.snapshotInterval,
    [0, 1_000_000_000],
    'blocks',
    'A snapshot of the state is made in so many; 0: never.',
  ),
  'store.future_max_ms': integer(
    DEFAULT_STORE.futureMaxMs,
    [0, 24 * HOUR_MS],
    'ms',
    'Blocks from further in the future of the local clock wait.',
  ),
  'stop.deadline_ms': integer(10_000, [0, HOUR_MS], 'ms', 'An orderly stop takes no longer.'),
  'log.level': choice(
    'info',
    ['error', 'warn', 'info', 'debug', 'trace'],
    'The least grave line that is printed.',
  ),
  'log.format': choice('text', ['text', 'json'], 'Lines for people, or JSON.'),
  'log.events': optionalPath(
    'File that every event is added to, and a snapshot of the node now and then, as lines of JSON; "": none.',
  ),
} as const satisfies Readonly<
  Record<
    string,
    | Setting<string>
    | Setting<number>
    | Setting<'archive' | number>
    | Setting<boolean>
    | Setting<readonly string[]>
  >
>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** A value for each. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

/** In the order of the table. */
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS).filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** AUREON_P2P_LISTEN of p2p.listen. */
export function environmentName(name: SettingName): string {
  return `AUREON_${name.replace('.', '_').toUpperCase()}`;
}

/** p2p-listen of p2p.listen. */
export function flagName(name: SettingName): string {
  return name.replaceAll(/[._]/g, '-');
}

/** Settings that name a file or a folder. */
const PATHS = [
  'node.data',
  'node.genesis',
  'node.key',
  'p2p.tls_key',
  'p2p.tls_cert',
  'p2p.tls_ca',
  'log.events',
] as const;

/** True for one of those. */
export function isPathSetting(name: SettingName): name is (typeof PATHS)[number] {
  return PATHS.some((path) => path === name);
}
