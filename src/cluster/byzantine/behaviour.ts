/** What a Byzantine behaviour is: one named way to break the protocol, as a layer between the real node and its world. */
import { z } from 'zod';
import type { Consensus } from '../../chain/consensus/consensus.ts';
import type { NodeConfig } from '../../chain/node-config.ts';
import type { ChainWorld } from '../../chain/types/command.ts';
import type { Message } from '../../chain/types/message.ts';
import type { BlockHash, PublicKey } from '../../chain/types/units.ts';
import type { Env, Process } from '../../env/program.ts';
import type { Address, KeyId } from '../../env/units.ts';
import type { Stream } from '../../sim/seeds.ts';
import type { Keys, Signer } from '../load/wallet.ts';
import { parseDurationUs } from '../scenario/duration.ts';
import { duration } from '../scenario/schema/values.ts';

/** Keys that a line of every behaviour may have: when it deviates. */
export const WINDOW = {
  from: duration.optional().meta({ description: 'When it begins to deviate; default 0s.' }),
  until: duration
    .optional()
    .meta({ description: 'When it stops to; default: never, not even in the quiet end.' }),
};

/** What a behaviour knows of its host, and whom it tells what it does. One for each behaviour of a host, for the whole run. */
export interface Seat {
  readonly host: number;
  readonly hostCount: number;
  /** Of this host and this behaviour alone: what it draws shifts no other draw. */
  readonly stream: Stream;
  readonly signer: Signer;
  readonly chainId: BlockHash;
  /** Its own key, of node and account. */
  readonly keys: Keys;
  /** Names of keys that this host holds beside its own: identities out of nothing. */
  readonly sybils: readonly KeyId[];
  /** Every host with a Byzantine behaviour, ascending: they know each other. */
  readonly accomplices: readonly number[];
  /** Within the `from` and `until` of its line, in simulated time. */
  isActive(): boolean;
  /** It just did what no honest node does, so many times. */
  deviated(times?: number): void;
  addressOf(host: number): Address;
  /** The host that listens there, or dials from there; undefined: none of this cluster. */
  hostOf(address: Address): number | undefined;
  /** The host whose identity it is, the first of twins; undefined: none of this cluster. */
  hostOfKey(key: PublicKey): number | undefined;
  /** A message that leaves as these bytes, whatever they are. */
  rawMessage(bytes: Uint8Array): Message;
}

/** What a layer is put on, once a boot. */
export interface LayerWorld {
  /** The world, or the layer further out. */
  readonly env: Env<ChainWorld>;
  /** Of the honest node. */
  readonly config: NodeConfig;
}

/** What stands between a node and its world for one boot; what it leaves out stays honest. */
export interface Layer {
  /** The world as the node sees it. */
  readonly env?: Env<ChainWorld>;
  readonly consensus?: (honest: Consensus) => Consensus;
  /** What the world calls, in place of the node. */
  readonly process?: (honest: Process<ChainWorld>) => Process<ChainWorld>;
}

/** A behaviour whose line was checked, for one host. */
export type Start = (seat: Seat, world: LayerWorld) => Layer;

/** One behaviour, by the name under which scenarios and reports call it. */
export interface Behaviour<Schema extends LineSchema = LineSchema> {
  readonly kind: string;
  readonly schema: Schema;
  /** Engines that it can be tried on; `any`: it does not mind. */
  readonly engines: 'any' | readonly string[];
  /** Identities beside its own that a line asks for. */
  sybilsOf(line: unknown): number;
  /** Reads a line that the schema has checked. */
  plan(line: unknown): { readonly start: Start; readonly fromUs: number; readonly untilUs: number };
}

type LineSchema = z.ZodObject<{ kind: z.ZodLiteral<string> } & typeof WINDOW>;

/** What the file of a behaviour states. */
interface Definition<Schema extends LineSchema> {
  /** Strict, with WINDOW; its description says what the host does. */
  readonly schema: Schema;
  readonly engines: 'any' | readonly string[];
  readonly sybils?: (line: z.infer<Schema>) => number;
  /** Once a boot; effects only later, from the node's calls and from events. */
  create(seat: Seat, line: z.infer<Schema>, world: LayerWorld): Layer;
}

/** Makes a behaviour out of its schema and its layer. */
export function defineBehaviour<Schema extends LineSchema>(
  definition: Definition<Schema>,
): Behaviour<Schema> {
  const { schema, engines, sybils } = definition;
  const window = z.looseObject(WINDOW);
  return {
    kind: schema.shape.kind.value,
    schema,
    engines,
    sybilsOf: (line) => sybils?.(schema.parse(line)) ?? 0,
    plan(line) {
      const checked = schema.parse(line);
      const { from, until } = window.parse(line);
      return {
        start: (seat, world) => definition.create(seat, checked, world),
        fromUs: from === undefined ? 0 : (parseDurationUs(from) ?? 0),
        untilUs: until === undefined ? Number.POSITIVE_INFINITY : (parseDurationUs(until) ?? 0),
      };
    },
  };
}

/** A drawn half of the hosts, this one in neither. */
export function drawHalf({ stream, host, hostCount }: Seat): ReadonlySet<number> {
  const others = Array.from({ length: hostCount }, (_, i) => i).filter((other) => other !== host);
  return new Set(stream.shuffled(others).slice(0, Math.ceil(others.length / 2)));
}
