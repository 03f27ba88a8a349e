/** A node whose ports are counted: what it sends, receives, reads, writes and emits is told to a meter, and nothing else changes. */
import type { Process, Program } from '../env/program.ts';
import type { Storage } from '../env/storage.ts';
import type { ChainWorld } from './types/command.ts';
import type { DomainEvent } from './types/event.ts';
import type { Message } from './types/message.ts';

/** What a node asks of its database. */
export type DbOperation = 'get' | 'scan' | 'write' | 'flush';

/** Told inside the node's handlers: it must not call back. */
export interface NodeMeter {
  /** For `onEvent` and durations, in milliseconds; only differences count. */
  nowMs(): number;
  onEvent(event: DomainEvent, atMs: number): void;
  onSent(kind: Message['kind']): void;
  onReceived(kind: Message['kind']): void;
  onMalformed(): void;
  /** @param tookMs of a flush: until its callback. */
  onOperation(operation: DbOperation, tookMs: number): void;
}

/** @param meterOf makes the meter of a boot. */
export function meterNode(program: Program<ChainWorld>, meterOf: () => NodeMeter): Program<ChainWorld> {
  return (env) => {
    const meter = meterOf();
    return meteredProcess(
      program({
        clock: env.clock,
        random: env.random,
        crypto: env.crypto,
        memo: env.memo,
        spend: (kind, units) => env.spend(kind, units),
        storage: meteredStorage(env.storage, meter),
        network: {
          dial: (address) => env.network.dial(address),
          send(to, message) {
            const sent = env.network.send(to, message);
            if (sent === 'queued') meter.onSent(message.kind);
            return sent;
          },
          close: (c, how, reason) => env.network.close(c, how, reason),
        },
        emit(event) {
          meter.onEvent(event, meter.nowMs());
          env.emit(event);
        },
      }),
      meter,
    );
  };
}

function meteredProcess(process: Process<ChainWorld>, meter: NodeMeter): Process<ChainWorld> {
  return {
    onStart: () => process.onStart(),
    onConnected: (c, info) => process.onConnected(c, info),
    onDialFailed: (address, reason) => process.onDialFailed(address, reason),
    onMessage(from, message) {
      meter.onReceived(message.kind);
      process.onMessage(from, message);
    },
    onMalformed(from, reason) {
      meter.onMalformed();
      process.onMalformed(from, reason);
    },
    onWritable: (c) => process.onWritable(c),
    onDisconnected: (c, reason) => process.onDisconnected(c, reason),
    onCommand: (command, reply) => process.onCommand(command, reply),
    onStop: (done) => process.onStop(done),
    inspect: () => process.inspect(),
  };
}

function meteredStorage(storage: Storage, meter: NodeMeter): Storage {
  function timed<T>(operation: DbOperation, run: () => T): T {
    const startedMs = meter.nowMs();
    const answer = run();
    meter.onOperation(operation, meter.nowMs() - startedMs);
    return answer;
  }
  return {
    get: (key) => timed('get', () => storage.get(key)),
    scan: (range, limit, reverse) => timed('scan', () => storage.scan(range, limit, reverse)),
    write: (ops) => timed('write', () => storage.write(ops)),
    flush(onDurable) {
      const startedMs = meter.nowMs();
      storage.flush((fault) => {
        meter.onOperation('flush', meter.nowMs() - startedMs);
        onDurable(fault);
      });
    },
  };
}
