/**
 * SimBlock's compact blocks: two hosts that know the compact form of a bulk message exchange that; a receiver that cannot
 * rebuild it asks for the rest, which takes its turn in the upload of the sender. The message arrives with the repair.
 */
import { assert } from '../../env/assert.ts';
import type { CompactClass, CompactConfig } from './config.ts';
import type { Core } from './core.ts';
import { isCut } from './core.ts';
import { GONE } from './endpoints.ts';
import { MILLION } from './link-faults.ts';
import { COMPACT, DATA, REPAIR } from './messages.ts';

/** Kind of repairs in the draws. */
const REPAIR_KIND = 'network.repair';

export class CompactForms {
  readonly #core: Core;
  readonly #config: CompactConfig;
  readonly #repairKind: number;

  constructor(core: Core, config: CompactConfig) {
    const hosts = core.config.hosts.length;
    assert(
      config.users.length === hosts && config.classOf.length === hosts,
      'a compact form is stated for each host',
    );
    assert(Number.isInteger(config.bytes) && config.bytes >= 0, 'a compact form has a whole number of bytes');
    for (const { failurePpm, repairPermille } of config.classes) {
      assert(failurePpm >= 0 && failurePpm <= MILLION, 'a share is 0 to a million parts in a million');
      assert(repairPermille.length > 0, 'a repair has a size');
    }
    this.#core = core;
    this.#config = config;
    this.#repairKind = core.links.kind(REPAIR_KIND);
  }

  /** Chooses the form of a bulk message. */
  onSend(end: number, slot: number): void {
    const { ends, messages } = this.#core;
    const { users } = this.#config;
    if (users[ends.host[end] as number] === true && users[ends.host[end ^ 1] as number] === true)
      messages.mark(slot, COMPACT);
  }

  /** The bytes that travel; undefined: all of the message. */
  wireBytes(slot: number): number | undefined {
    const { ends, links, messages } = this.#core;
    if (!messages.has(slot, COMPACT)) return undefined;
    if (!messages.has(slot, REPAIR)) return this.#config.bytes;
    const end = messages.end[slot] as number;
    const { repairPermille } = this.#classOf(ends.host[end] as number);
    const link = ends.link[end] as number;
    const ordinal = messages.ordinal[slot] as number;
    const draw = links.repairOf(link, this.#repairKind, ordinal, repairPermille.length);
    return Math.floor(((messages.bytes[slot] as number) * (repairPermille[draw] as number)) / 1_000);
  }

  /** True when a compact message arrives at a receiver that cannot rebuild it. */
  needsRepair(end: number, slot: number): boolean {
    const { ends, links, messages } = this.#core;
    if (messages.control[slot] !== DATA) return false;
    if (!messages.has(slot, COMPACT) || messages.has(slot, REPAIR)) return false;
    const isOver = ends.state[end] === GONE || ends.state[end ^ 1] === GONE;
    if (isOver || isCut(this.#core, end ^ 1)) return false;
    const { failurePpm } = this.#classOf(ends.host[end] as number);
    const link = ends.link[end ^ 1] as number;
    const kind = messages.kind[slot] as number;
    return links.isNotRebuilt(link, kind, messages.ordinal[slot] as number, failurePpm);
  }

  /** From here on the message is its repair. */
  onRepair(end: number, slot: number): void {
    const { ends, links, messages } = this.#core;
    messages.mark(slot, REPAIR);
    messages.kind[slot] = this.#repairKind;
    messages.ordinal[slot] = links.nextOrdinal(ends.link[end] as number, this.#repairKind);
  }

  #classOf(host: number): CompactClass {
    const known = this.#config.classes[this.#config.classOf[host] as number];
    assert(known !== undefined, 'each host is of a class of the table');
    return known;
  }
}
