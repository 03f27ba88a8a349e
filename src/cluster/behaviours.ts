/** What a run did, as a set of small features: what a sweep counts as a new behaviour when it was in no run before. */
import type { DomainEvent } from '../chain/types/event.ts';
import { mix32 } from '../sim/hash.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { RunResult } from './result.ts';
import type { TestCluster } from './test-cluster.ts';

/** What tells one event of a kind from another: codes and reasons of closed lists; undefined where there is none. */
function detailOf(event: DomainEvent): string | undefined {
  switch (event.kind) {
    case 'NodeHalted':
    case 'HandshakeRefused':
    case 'BlockRejected':
    case 'TransactionRejected':
      return event.code;
    case 'PeerScored':
    case 'PeerBanned':
    case 'SyncPeerDropped':
      return event.fault;
    case 'BlockReceived':
      return event.via;
    case 'TransactionDropped':
      return event.reason;
    case 'CorruptionDetected':
    case 'CorruptionRepaired':
      return event.record;
    case 'Engine':
      return `${event.engine} ${event.what}`;
    default:
      return undefined;
  }
}

/** `4..7`: counts that are about as large are one behaviour. */
function bucket(count: number): string {
  let from = 1;
  while (2 * from <= count) from *= 2;
  return from === 1 ? '1' : `${from}..${2 * from - 1}`;
}

/** Kinds of events of honest hosts with their codes, and the latest round of any. */
export class BehaviourLog {
  readonly #seen = new Map<DomainEvent['kind'], Set<string | undefined>>();
  #rounds = 0;

  /** Watches a run from now on, and changes nothing in it. */
  constructor(cluster: TestCluster) {
    cluster.simulator.observe((host, event) => {
      if (cluster.isHonest(host)) this.#add(event);
    });
  }

  #add(event: DomainEvent): void {
    const details = this.#seen.get(event.kind);
    if (details === undefined) this.#seen.set(event.kind, new Set([detailOf(event)]));
    else details.add(detailOf(event));
    if (event.kind === 'Engine' && event.round !== undefined && event.round > this.#rounds)
      this.#rounds = event.round;
  }

  /** All features of the run that ended, sorted, each once. */
  behaviours(result: RunResult): readonly string[] {
    const features = [...this.#seen].flatMap(([kind, details]) =>
      [...details].map((detail) => (detail === undefined ? `event: ${kind}` : `event: ${kind} ${detail}`)),
    );
    if (this.#rounds > 0) features.push(`rounds: ${bucket(this.#rounds)}`);
    return [...new Set([...features, ...featuresOf(result)])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

/** Each fault kind, and each pair of them, that had effect in one run; what was seen; how often, roughly. */
function featuresOf({ faults, byzantine, assertions, counts, notes }: RunResult): readonly string[] {
  const kinds = faults.filter(({ effective }) => effective > 0).map(({ kind }) => kind);
  const sorted = kinds.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const pairs = sorted.flatMap((one, i) => sorted.slice(i + 1).map((other) => `faults: ${one} + ${other}`));
  const counted = [
    ['reorg depth', counts.reorgDepth],
    ['blocks by sync', counts.synced],
    ['restarts', counts.restarts],
    ['damaged records', counts.corruptionsDetected],
    ['repairs', counts.repairs],
    ['halted nodes', counts.halted],
    ['set changes', counts.setChanges],
  ] as const;
  return [
    ...sorted.map((kind) => `fault: ${kind}`),
    ...pairs,
    ...byzantine.filter(({ times }) => times > 0).map(({ behaviour }) => `byzantine: ${behaviour}`),
    ...assertions
      .filter(({ kind, held }) => kind === 'sometimes' && held > 0)
      .map(({ name }) => `sometimes: ${name}`),
    ...counted.filter(([, count]) => count > 0).map(([name, count]) => `${name}: ${bucket(count)}`),
    ...(notes.some((note) => note.includes('excused')) ? ['liveness excused'] : []),
  ];
}

/** A hash of what all hosts told, and when. Unlike the trace it has no word of the faults themselves. */
export class EventDigest {
  #hash = 0x6a09e667;
  #events = 0;

  /** Watches a run from now on, and changes nothing in it. */
  constructor(cluster: TestCluster) {
    cluster.simulator.observe((host, event, atUs) => {
      const word = mix32(fingerprintOf(event) ^ mix32(host + 1));
      this.#hash = mix32(mix32(this.#hash ^ (atUs >>> 0)) + word);
      this.#events++;
    });
  }

  /** Equal: the hosts told the same, as far as 32 bits and a count can say. */
  get text(): string {
    return `${this.#events}-${this.#hash.toString(16)}`;
  }
}
