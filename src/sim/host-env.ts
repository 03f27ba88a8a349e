/** The env of one boot: what a program of the simulator asks of its world. */
import { assert } from '../env/assert.ts';
import type { SignedItem } from '../env/crypto.ts';
import type { Env, World } from '../env/program.ts';
import type { Random } from '../env/random.ts';
import type { Storage } from '../env/storage.ts';
import { type KeyId, ms, unixMs } from '../env/units.ts';
import { PendingFlush, PendingResult } from './calls.ts';
import type { HostClock } from './clock.ts';
import type { HostConfig } from './config.ts';
import type { Prices } from './cpu.ts';
import type { SimDisk } from './disk/disk.ts';
import { keyToText } from './disk/key-text.ts';
import { PURPOSE } from './draws.ts';
import { hashText } from './hash.ts';
import type { HostTimers } from './host-timers.ts';
import type { HostWorld } from './host-world.ts';
import { COMPONENT } from './kernel.ts';
import { HOST_OP, TRACE } from './trace-kinds.ts';

/** Items of one call of `verify`; see env/crypto.ts. */
const VERIFY_MAX = 65_536;
/** Bytes of one call of `random.bytes`; see env/random.ts. */
const RANDOM_BYTES_MAX = 65_536;
const TWO_32 = 4_294_967_296;

/** What the env of a boot needs of its host. */
export interface BootHost<W extends World> {
  readonly number: number;
  readonly variant: string;
  readonly world: HostWorld<W>;
  readonly config: HostConfig;
  readonly clock: HostClock;
  readonly timers: HostTimers;
  readonly prices: Prices;
  readonly disk: SimDisk;
  /** When an effect of the running handler leaves. */
  readonly leaveUs: number;
  /** µs that the running handler spent so far. */
  spentUs: number;
  /** When the last flush of the boot is done. */
  lastFlushUs: number;
  /** @throws when the boot is over, or nothing of it is called. */
  assertReads(boot: number): void;
  /** @throws also while a program is inspected, or a shared value computed. */
  assertDraws(boot: number): void;
  /** @throws outside a handler too. */
  assertActs(boot: number): void;
  /** Counts an effect that was done just now. @throws when a crash waited for it. */
  acted(kind: number, fingerprint: number, extra: number): void;
}

/** Builds the env of the boot that begins. */
export function createHostEnv<W extends World>(host: BootHost<W>, boot: number): Env<W> {
  const { world, clock, timers } = host;
  const { scheduler, network } = world;
  return {
    clock: {
      monotonicMs: () => ms(clock.monotonicMs(scheduler.time)),
      wallMs: () => unixMs(clock.wallMs(scheduler.time)),
      setTimer(name, delayMs, run) {
        host.assertActs(boot);
        const timer = timers.set(name, boot, delayMs, run);
        host.acted(TRACE.setTimer, hashText(name), delayMs);
        return timer;
      },
    },
    network: {
      dial(address) {
        host.assertActs(boot);
        network.dial(host.number, boot, address, host.leaveUs);
        host.acted(TRACE.dial, hashText(address), 0);
      },
      send(to, message) {
        host.assertActs(boot);
        const answer = network.send(host.number, boot, to, message, host.leaveUs);
        host.acted(TRACE.send, to, answer === 'queued' ? 0 : answer === 'full' ? 1 : 2);
        return answer;
      },
      close(c, how, reason) {
        host.assertActs(boot);
        network.close(host.number, boot, c, how, host.leaveUs);
        host.acted(TRACE.close, c, hashText(reason));
      },
    },
    storage: createStorage(host, boot),
    random: createRandom(host, boot),
    crypto: createCrypto(host, boot),
    memo: world.memo.for(host.variant),
    emit(event) {
      host.assertActs(boot);
      world.onEmit(host.number, event);
      host.acted(TRACE.emit, world.fingerprintEvent(event), 0);
    },
    spend(kind, units) {
      host.assertDraws(boot);
      assert(Number.isSafeInteger(units) && units >= 0, 'work is spent in whole units');
      host.spentUs += host.prices.costUs(kind, units);
    },
  };
}

function createStorage<W extends World>(host: BootHost<W>, boot: number): Storage {
  const { disk } = host;
  const { scheduler } = host.world;
  const { readUs = 0, writeUs = 0, flushUs = 0 } = host.config.disk ?? {};
  return {
    get(key) {
      host.assertReads(boot);
      host.spentUs += readUs * disk.latencyMultiplier;
      return disk.get(key);
    },
    scan(range, limit, reverse) {
      host.assertReads(boot);
      host.spentUs += readUs * disk.latencyMultiplier;
      return disk.scan(range, limit, reverse);
    },
    write(ops) {
      host.assertActs(boot);
      host.spentUs += writeUs * disk.latencyMultiplier;
      disk.write(ops);
      host.acted(TRACE.write, disk.written, ops.length);
    },
    flush(onDurable) {
      host.assertActs(boot);
      // In the order asked: a disk that was slow does not overtake itself.
      const atUs = Math.max(host.lastFlushUs, host.leaveUs + flushUs * disk.latencyMultiplier);
      host.lastFlushUs = atUs;
      const pending = new PendingFlush(boot, disk.written, onDurable);
      scheduler.scheduleInOrder(atUs, host.number, HOST_OP.flushed, pending);
      host.acted(TRACE.flush, disk.written, 0);
    },
  };
}

function createRandom<W extends World>(host: BootHost<W>, boot: number): Random {
  const { scheduler } = host.world;
  let ordinal = 0;
  const word = (): number => {
    host.assertDraws(boot);
    return scheduler.draw(PURPOSE.program, host.number, boot, ordinal++);
  };
  return {
    below(n) {
      assert(Number.isInteger(n) && n >= 1 && n <= TWO_32, 'below takes an integer from 1 to 2^32');
      // The remainder of a last, incomplete run of n values would favour the small ones.
      const fair = TWO_32 - (TWO_32 % n);
      let drawn = word();
      while (drawn >= fair) drawn = word();
      return drawn % n;
    },
    bytes(n) {
      assert(Number.isInteger(n) && n >= 0 && n <= RANDOM_BYTES_MAX, 'bytes takes an integer up to 65,536');
      const bytes = new Uint8Array(n);
      let drawn = 0;
      for (let i = 0; i < n; i++) {
        drawn = (i & 3) === 0 ? word() : drawn >>> 8;
        bytes[i] = drawn & 0xff;
      }
      return bytes;
    },
  };
}

/** Names the shared results of signature checks, apart from those of programs. */
const SIGNATURES = 'world.signatures';
/** Arguments of one call: far below the engines' limits. */
const LATIN1_CHUNK = 4_096;

function createCrypto<W extends World>(host: BootHost<W>, boot: number): Env<W>['crypto'] {
  const { scheduler, crypto } = host.world;
  const checked = host.world.memo.for(SIGNATURES);
  const secretOf = (key: KeyId): Uint8Array => {
    host.assertReads(boot);
    const secret = host.config.keys?.get(key);
    assert(secret !== undefined, 'a host signs only with a key that it holds');
    return secret;
  };
  // The world's own function, the same for every variant: one host's check serves all.
  const verifyOnce = (item: SignedItem): boolean =>
    checked.get('verify', signedText(item), () => crypto.verify(item));
  return {
    sha256: (b) => crypto.sha256(b),
    verify(items: readonly SignedItem[], onResult) {
      host.assertActs(boot);
      assert(items.length <= VERIFY_MAX, 'at most 65,536 signatures are checked at once');
      const pending = new PendingResult(boot, items.map(verifyOnce), onResult);
      const { leaveUs, number } = host;
      scheduler.schedule(leaveUs, number, COMPONENT.host, HOST_OP.verified, number, 0, pending);
      host.acted(TRACE.verify, items.length, 0);
    },
    sign: (key, b) => crypto.sign(secretOf(key), b),
    publicKey: (key) => crypto.publicKey(secretOf(key)),
  };
}

/** Texts of items that were seen before: hosts hand in the same immutable object. */
const SIGNED_TEXTS = new WeakMap<SignedItem, string>();

/** Every byte of an item, lengths first: the key under which its check is shared. */
function signedText(item: SignedItem): string {
  const known = SIGNED_TEXTS.get(item);
  if (known !== undefined) return known;
  const { publicKey, message, signature } = item;
  const text = `${publicKey.length}:${signature.length}:${latin1(publicKey)}${latin1(signature)}${latin1(message)}`;
  SIGNED_TEXTS.set(item, text);
  return text;
}

function latin1(bytes: Uint8Array): string {
  if (bytes.length <= LATIN1_CHUNK) return keyToText(bytes);
  let text = '';
  for (let from = 0; from < bytes.length; from += LATIN1_CHUNK) {
    text += keyToText(bytes.subarray(from, from + LATIN1_CHUNK));
  }
  return text;
}
