/**
 * Turns: every callback into a program is a handler of its own, none inside another, none of a boot that has ended. Within one
 * both clocks stand still.
 */
import { assert } from '../env/assert.ts';

/** What both clocks show at one moment, in ms. */
export interface Instant {
  /** Since the boot. */
  readonly monotonic: number;
  readonly wall: number;
}

/** The turns of one boot. */
export interface Turns {
  readonly isOver: boolean;
  /** As of the running handler, else of this moment. */
  now(): Instant;
  /** Runs `run` as one handler, unless the boot has ended. What it throws ends the boot. */
  enter(run: () => void): void;
  /** The boot ends: nothing of it is called any more. */
  end(): void;
}

/** @param onFailed told of what a handler threw, once the boot has ended by it. */
export function createTurns(onFailed: (error: unknown) => void): Turns {
  const startedMs = performance.now();
  let running: Instant | undefined;
  let isOver = false;

  function read(): Instant {
    return { monotonic: Math.floor(performance.now() - startedMs), wall: Date.now() };
  }

  return {
    get isOver() {
      return isOver;
    },
    now: () => running ?? read(),
    enter(run) {
      if (isOver) return;
      assert(running === undefined, 'no port calls the program back before its handler returned');
      running = read();
      try {
        run();
      } catch (error) {
        isOver = true;
        onFailed(error);
      } finally {
        running = undefined;
      }
    },
    end() {
      isOver = true;
    },
  };
}
