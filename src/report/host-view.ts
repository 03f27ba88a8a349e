/** What a host had at a moment of a recorded run: its head, its chain, the blocks that it knew, whether it ran. */
import type { RecordedBlock, RecordedChanges, Recording } from '../cluster/recording.ts';

/** One host at one time. */
export interface HostView {
  readonly isUp: boolean;
  /** Place of its head in `blocks`; -1: it never had one. */
  readonly head: number;
  /** Height up to which it called the chain final. */
  readonly final: number;
}

/** Changes of one host up to that time, the last `what`; undefined: none. */
function lastOf({ atUs, host, what }: RecordedChanges, of: number, atUsMax: number): number | undefined {
  let last: number | undefined;
  for (let i = 0; i < atUs.length && (atUs[i] ?? 0) <= atUsMax; i++) if (host[i] === of) last = what[i];
  return last;
}

/** All hosts at that time: in one pass over what changed. */
export function hostsAt(recording: Recording, atUs: number): readonly HostView[] {
  const { hosts, heads, finals, boots } = recording;
  const head = hosts.map(() => -1);
  const final = hosts.map(() => 0);
  const isUp = hosts.map(() => false);
  for (let i = 0; i < heads.atUs.length && (heads.atUs[i] ?? 0) <= atUs; i++)
    head[heads.host[i] ?? 0] = heads.what[i] ?? -1;
  for (let i = 0; i < finals.atUs.length && (finals.atUs[i] ?? 0) <= atUs; i++)
    final[finals.host[i] ?? 0] = finals.what[i] ?? 0;
  for (const { host, fromUs, untilUs } of boots)
    if (fromUs <= atUs && (untilUs === undefined || untilUs > atUs)) isUp[host] = true;
  return hosts.map((_, i) => ({ isUp: isUp[i] === true, head: head[i] ?? -1, final: final[i] ?? 0 }));
}

/** A block and its ancestors, the block first. */
function chainOf(blocks: readonly RecordedBlock[], head: number): readonly number[] {
  const chain: number[] = [];
  for (let at = head; at >= 0; at = blocks[at]?.parent ?? -1) chain.push(at);
  return chain;
}

/** Blocks that a host had at that time, on whichever branch: what it imported, and the chain of its head. */
export function knownTo(recording: Recording, host: number, atUs: number): ReadonlySet<number> {
  const { imports, heads, blocks } = recording;
  const known = new Set<number>();
  for (let i = 0; i < imports.atUs.length && (imports.atUs[i] ?? 0) <= atUs; i++)
    if (imports.host[i] === host) known.add(imports.what[i] ?? -1);
  for (const place of chainOf(blocks, lastOf(heads, host, atUs) ?? -1)) known.add(place);
  return known;
}
