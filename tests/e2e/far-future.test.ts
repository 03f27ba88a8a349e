import { describe, expect, it } from 'vitest';
import type { Header } from '../../src/chain/types/block.ts';
import type { ChainWorld } from '../../src/chain/types/command.ts';
import type { Message } from '../../src/chain/types/message.ts';
import { TIMER_DELAY_MAX_MS } from '../../src/env/clock.ts';
import type { Program } from '../../src/env/program.ts';
import { unixMs } from '../../src/env/units.ts';
import { NodeWorld, toyConsensus } from '../support/node-world.ts';

/** So far ahead that no timer waits for it. */
const FAR_MS = 4 * TIMER_DELAY_MAX_MS;

function late(header: Header): Header {
  return { ...header, timestampMs: unixMs(header.timestampMs + FAR_MS) };
}

/** What it says of blocks has a time months from now. */
function altered(message: Message, kind: 'Block' | 'SyncResponse'): Message {
  if (message.kind !== kind) return message;
  if (message.kind === 'Block') return { ...message, header: late(message.header) };
  const { result } = message;
  return result.kind === 'headers'
    ? { ...message, result: { ...result, headers: result.headers.map(late) } }
    : message;
}

function liar(kind: 'Block' | 'SyncResponse'): (honest: Program<ChainWorld>) => Program<ChainWorld> {
  return (honest) => (env) => {
    const send: typeof env.network.send = (to, message) => env.network.send(to, altered(message, kind));
    const network = { ...env.network, send };
    return honest({ ...env, network });
  };
}

describe('a header from the far future', () => {
  it('that is announced is held, and stops nobody', () => {
    const world = new NodeWorld([
      { consensus: toyConsensus(1), program: liar('Block') },
      { consensus: toyConsensus(0), dials: [0] },
    ]);
    world.run(10_000);
    expect(world.of('BlockHeld', 1).length).toBeGreaterThan(0);
    expect(world.overBounds()).toEqual([]);
    expect(world.inspect(1).peers).toHaveLength(1);
  });

  it('in an answer of sync is left alone', () => {
    const world = new NodeWorld([
      { consensus: toyConsensus(1), program: liar('SyncResponse') },
      { consensus: toyConsensus(0), dials: [0], startUs: 10_000_000 },
    ]);
    world.run(30_000);
    expect(world.overBounds()).toEqual([]);
    expect(world.inspect(1).head.height).toBe(0);
  });
});
