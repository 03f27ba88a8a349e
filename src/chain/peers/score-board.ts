/** Scores and bans of peers: points that fade, a threshold, and bans that end by themselves. */
import type { Address } from '../../env/units.ts';
import type { PeerId } from '../types/units.ts';
import { FORGIVE_POINT_MS } from './fault.ts';

/** What the score board needs of NodeLimits. */
export interface ScoreLimits {
  readonly banScore: number;
  readonly banDurationMs: number;
  readonly bannedMax: number;
}

/** Points of an identity, and when they were counted. They outlive the connection: a new one is no clean slate. */
interface Score {
  points: number;
  atMs: number;
}

/** Identities whose scores are kept: as many as there can be peers, several times. The oldest gives way. */
const SCORES_MAX = 1_024;

/** Scores and bans of one node. Times are of the monotonic clock. */
export class ScoreBoard {
  readonly #limits: ScoreLimits;
  readonly #scores = new Map<PeerId, Score>();
  readonly #bannedPeers = new Map<PeerId, number>();
  readonly #bannedAddresses = new Map<Address, number>();

  constructor(limits: ScoreLimits) {
    this.#limits = limits;
  }

  /** Adds points and answers the new score; at `banScore` the caller bans. */
  add(peer: PeerId, points: number, nowMs: number): number {
    const known = this.#scores.get(peer);
    const total = fadedPoints(known, nowMs) + points;
    this.#scores.delete(peer);
    evictOldest(this.#scores, SCORES_MAX - 1);
    this.#scores.set(peer, { points: total, atMs: nowMs });
    return total;
  }

  /** Points of a peer after fading. */
  score(peer: PeerId, nowMs: number): number {
    return fadedPoints(this.#scores.get(peer), nowMs);
  }

  /** Bans an identity, and the address that was dialed to reach it; an inbound address may be anybody's. */
  ban(peer: PeerId, dialed: Address | undefined, nowMs: number): void {
    const untilMs = nowMs + this.#limits.banDurationMs;
    this.#scores.delete(peer);
    put(this.#bannedPeers, peer, untilMs, this.#limits.bannedMax);
    if (dialed !== undefined) put(this.#bannedAddresses, dialed, untilMs, this.#limits.bannedMax);
  }

  isBanned(peer: PeerId, nowMs: number): boolean {
    return isActive(this.#bannedPeers, peer, nowMs);
  }

  isBannedAddress(address: Address, nowMs: number): boolean {
    return isActive(this.#bannedAddresses, address, nowMs);
  }

  /** Identities banned and not yet forgotten. */
  get bannedCount(): number {
    return this.#bannedPeers.size;
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [
      { name: 'peers.scores', size: this.#scores.size, max: SCORES_MAX },
      { name: 'peers.banned', size: this.#bannedPeers.size, max: this.#limits.bannedMax },
      { name: 'peers.bannedAddresses', size: this.#bannedAddresses.size, max: this.#limits.bannedMax },
    ];
  }
}

function fadedPoints(score: Score | undefined, nowMs: number): number {
  if (score === undefined) return 0;
  return Math.max(0, score.points - Math.floor((nowMs - score.atMs) / FORGIVE_POINT_MS));
}

function isActive<K>(bans: Map<K, number>, key: K, nowMs: number): boolean {
  const untilMs = bans.get(key);
  if (untilMs === undefined) return false;
  if (untilMs > nowMs) return true;
  bans.delete(key);
  return false;
}

function put<K>(bans: Map<K, number>, key: K, untilMs: number, max: number): void {
  bans.delete(key);
  evictOldest(bans, max - 1);
  bans.set(key, untilMs);
}

function evictOldest<K, V>(map: Map<K, V>, keep: number): void {
  for (const key of map.keys()) {
    if (map.size <= keep) return;
    map.delete(key);
  }
}
