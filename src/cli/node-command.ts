/** `aureon node`, once its flags are read: runs a node until it is told to stop, or cannot go on. */
import { readFileSync } from 'node:fs';
import { encodeAddress } from '../chain/crypto/address.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { EXIT } from '../cluster/result.ts';
import type { Settings } from '../node/config/settings.ts';
import { type EventFile, openEventFile } from '../node/event-file.ts';
import { readChainFile } from '../node/genesis-file.ts';
import type { HostEnd } from '../node/host.ts';
import { readKeyFile } from '../node/key-file.ts';
import { createLog, type NodeLog } from '../node/log.ts';
import type { TlsIdentity } from '../node/network/tcp-network.ts';
import { type NodeParts, startNode } from '../node/node-process.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import type { Flags } from './flags.ts';
import { leaveAtOnce } from './leave-at-once.ts';
import { used } from './node-flags.ts';
import { settingsOf } from './node-settings.ts';
import type { Output } from './output.ts';
import { systemCode, UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

/** How a node ends, beside EXIT's. */
const NODE_EXIT = {
  stopped: EXIT.passed,
  usage: EXIT.usage,
  crashed: EXIT.crashed,
  disk: 6,
  halted: 7,
} as const;

/** What a node shows of itself is written down so often, where events are. */
const SNAPSHOT_EVERY_MS = 5_000;

/** Runs until something ends it; answers the exit code. @throws {UsageError} when it cannot start. */
export async function nodeCommand(flags: Flags, output: Output): Promise<number> {
  const { settings } = settingsOf(flags);
  const suite = createNativeSignatures();
  const chain = used(readChainFile(settings['node.genesis']));
  const key = used(readKeyFile(settings['node.key'], suite));
  const log = createLog({
    level: settings['log.level'],
    format: settings['log.format'],
    write: (line) => output.print(line.trimEnd()),
  });
  const end = new Ending(log);
  const events = eventFileOf(settings, log);
  /** Before that there is nothing to show. */
  let hasChain = false;
  const parts: NodeParts = {
    settings,
    chain,
    key,
    tls: tlsOf(settings),
    suite,
    isVouched: flags['vouch'] === true,
    version: packageVersion(),
    onEvent(event, at) {
      log.event(event);
      hasChain ||= event.kind === 'NodeStarted';
      events?.event(event, at);
      if (event.kind === 'NodeHalted') end.halted(event, settings['node.data']);
    },
    onStopped: (snapshot, at) => events?.snapshot(snapshot, at),
    onApiError: (error) => log.say('error', `API: ${textOf(error)}`),
    onEnded: (why) => end.because(why, settings['node.data']),
  };
  const node = used(await startNode(parts));
  log.say('info', `chain ${chain.id}, engine ${chain.genesis.engine}, account ${encodeAddress(key.address)}`);
  log.say(
    'info',
    `listening on ${settings['p2p.listen']}, API on ${node.api ?? 'no port'}, data in ${settings['node.data']}`,
  );
  const looking = setInterval(() => {
    const snapshot = hasChain ? node.host.inspect() : undefined;
    if (snapshot !== undefined) events?.snapshot(snapshot, node.host.now());
  }, SNAPSHOT_EVERY_MS);
  const code = await end.wait();
  clearInterval(looking);
  if (code === NODE_EXIT.stopped) {
    const isDone = await node.stop();
    if (!isDone) log.say('warn', `not stopped within ${settings['stop.deadline_ms']} ms; ended`);
  } else await node.close();
  end.off();
  events?.close();
  if (code === NODE_EXIT.disk) leaveAtOnce(code);
  return code;
}

/** Undefined: the settings want none. */
function eventFileOf(settings: Settings, log: NodeLog): EventFile | undefined {
  const path = settings['log.events'];
  if (path === '') return undefined;
  return used(
    openEventFile(path, (why) => log.say('error', `log.events ${path}: nothing more is written: ${why}`)),
  );
}

/** What ends the process, whichever comes first. */
class Ending {
  readonly #log: NodeLog;
  readonly #ended: Promise<number>;
  #resolve: (code: number) => void = () => {};
  #isAsked = false;
  readonly #onSignal = (): void => {
    if (this.#isAsked) process.exit(EXIT.interrupted);
    this.#isAsked = true;
    this.#log.say('info', 'stopping; once more to end at once');
    this.#resolve(NODE_EXIT.stopped);
  };

  constructor(log: NodeLog) {
    this.#log = log;
    this.#ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  wait(): Promise<number> {
    return this.#ended;
  }

  with(code: number, text: string): void {
    this.#log.say('error', text);
    this.#resolve(code);
  }

  /** By its own word. A folder that is not of this chain, or of later code, is told before anything was written. */
  halted({ code, fact }: Extract<DomainEvent, { readonly kind: 'NodeHalted' }>, folder: string): void {
    if (fact === 'OTHER_CHAIN')
      this.with(
        NODE_EXIT.usage,
        `${folder}: this data folder is of another chain: another folder (node.data), or its own genesis file`,
      );
    else if (fact === 'NEWER_FORMAT')
      this.with(
        NODE_EXIT.usage,
        `${folder}: a later version of aureon has written this data folder, and only that one reads it`,
      );
    else if (fact === 'PRUNED')
      this.with(
        NODE_EXIT.usage,
        `${folder}: old blocks of this data folder were deleted, so that it is no archive: store.bodies with a number, or another folder (node.data)`,
      );
    else if (code === 'STORAGE_FAULT') this.with(NODE_EXIT.disk, diskText(fact, folder));
    else this.with(NODE_EXIT.halted, `${code}: ${fact}`);
  }

  because(why: HostEnd, folder: string): void {
    if (why.kind === 'storage') this.with(NODE_EXIT.disk, diskText(why.fault.kind, folder));
    else this.with(NODE_EXIT.crashed, textOf(why.error));
  }

  off(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }
}

/** @param fact what the storage or the ledger says of it. */
function diskText(fact: string, folder: string): string {
  if (fact === 'FULL')
    return `${folder}: the disk is full: make room, and start the node again; nothing that was said to be final is lost`;
  return `${folder}: the disk failed (${fact}): aureon check says what is damaged there, and a backup or an empty folder is what to start from when it is`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** All three files, or none. */
function tlsOf(settings: Settings): TlsIdentity | undefined {
  const names = ['p2p.tls_key', 'p2p.tls_cert', 'p2p.tls_ca'] as const;
  const missing = names.filter((name) => settings[name] === '');
  if (missing.length === names.length) return undefined;
  if (missing.length > 0)
    throw new UsageError(`${missing.join(', ')}: missing\n  expected: all of ${names.join(', ')}, or none`);
  const [key, cert, ca] = names.map((name) => {
    try {
      return readFileSync(settings[name], 'utf8');
    } catch (error) {
      throw new UsageError(`${name}: ${settings[name]} cannot be read (${systemCode(error)})`);
    }
  });
  return { key: key ?? '', cert: cert ?? '', ca: ca ?? '' };
}
