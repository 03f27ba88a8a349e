/** What a node prints: a line for each event that somebody may want to read, for people or as JSON. */
import { pino } from 'pino';
import type { DomainEvent } from '../chain/types/event.ts';
import { jsonable } from './jsonable.ts';

/** From the gravest to the least. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** The part of a node that an event is of. */
type Part = 'node' | 'peers' | 'chain' | 'sync' | 'mempool' | 'storage' | 'consensus';

/** A line. */
interface Line {
  readonly part: Part;
  readonly level: LogLevel;
}

/** By kind; what happens thousands of times is told to who looks for it. */
const LINES: Readonly<Record<DomainEvent['kind'], Line>> = {
  NodeStarted: { part: 'node', level: 'info' },
  NodeStopped: { part: 'node', level: 'info' },
  NodeHalted: { part: 'node', level: 'error' },
  PeerUp: { part: 'peers', level: 'info' },
  PeerDown: { part: 'peers', level: 'info' },
  PeerScored: { part: 'peers', level: 'debug' },
  PeerBanned: { part: 'peers', level: 'warn' },
  HandshakeRefused: { part: 'peers', level: 'warn' },
  UnknownMessageIgnored: { part: 'peers', level: 'debug' },
  BlockProduced: { part: 'chain', level: 'info' },
  BlockReceived: { part: 'chain', level: 'debug' },
  BlockRejected: { part: 'chain', level: 'warn' },
  BlockHeld: { part: 'chain', level: 'info' },
  BlockImported: { part: 'chain', level: 'debug' },
  HeadChanged: { part: 'chain', level: 'info' },
  Reorganised: { part: 'chain', level: 'warn' },
  FinalityAdvanced: { part: 'chain', level: 'debug' },
  BaseAdvanced: { part: 'chain', level: 'trace' },
  TransactionAccepted: { part: 'mempool', level: 'trace' },
  TransactionRejected: { part: 'mempool', level: 'debug' },
  TransactionDropped: { part: 'mempool', level: 'debug' },
  SyncStarted: { part: 'sync', level: 'info' },
  SyncFinished: { part: 'sync', level: 'info' },
  SyncPeerDropped: { part: 'sync', level: 'warn' },
  BranchSetAside: { part: 'sync', level: 'warn' },
  SnapshotMade: { part: 'sync', level: 'info' },
  SnapshotFetchStarted: { part: 'sync', level: 'info' },
  SnapshotUnavailable: { part: 'sync', level: 'warn' },
  SnapshotLeftAside: { part: 'sync', level: 'warn' },
  SnapshotInstalled: { part: 'sync', level: 'info' },
  CorruptionDetected: { part: 'storage', level: 'error' },
  CorruptionRepaired: { part: 'storage', level: 'warn' },
  ProducersChanged: { part: 'consensus', level: 'info' },
  Engine: { part: 'consensus', level: 'debug' },
};

/** How lines are printed. */
export interface LogConfig {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** One line, with its end. */
  write(line: string): void;
}

/** A log of a node. */
export interface NodeLog {
  event(event: DomainEvent): void;
  say(level: LogLevel, text: string): void;
}

/** Lines of this level and graver ones. */
export function createLog({ level, format, ...out }: LogConfig): NodeLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => out.write(format === 'json' ? line : asText(line)) },
  );
  return {
    event(event) {
      const { kind, ...facts } = event;
      const grade = levelOf(event);
      if (logger.isLevelEnabled(grade)) logger[grade]({ part: LINES[kind].part, ...jsonable(facts) }, kind);
    },
    say: (of, text) => logger[of]({ part: 'node' }, text),
  };
}

/** Two nodes that dial each other keep one connection: nothing to be warned of. */
/** Of engines that sign: an operator wants to know when a validator is silent. */
const SIGNING: ReadonlySet<string> = new Set(['signing-paused', 'signing-resumed']);

function levelOf(event: DomainEvent): LogLevel {
  if (event.kind === 'Engine' && SIGNING.has(event.what)) return 'warn';
  return event.kind === 'HandshakeRefused' && event.code === 'DUPLICATE' ? 'debug' : LINES[event.kind].level;
}

const HEX = /^[0-9a-f]{64}$/;
const SHOWN_DIGITS = 12;

/** `12:00:01.123 info  chain   HeadChanged height=7 id=0a1b2c…`. */
function asText(line: string): string {
  const { time, level, part, msg, ...facts } = JSON.parse(line);
  const words = Object.entries(facts).map(([name, value]) => `${name}=${word(value)}`);
  return `${[String(time).slice(11, 23), String(level).padEnd(5), String(part).padEnd(9), msg, ...words].join(' ')}\n`;
}

function word(value: unknown): string {
  if (typeof value === 'string') return HEX.test(value) ? value.slice(0, SHOWN_DIGITS) : value;
  return JSON.stringify(value);
}
