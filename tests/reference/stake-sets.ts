/** Validator sets and whose turn it is: docs/protocol.md, Proof of stake, Sets. */
import { hash, u64, uint } from './bytes.ts';
import { addressOf, sum } from './layouts.ts';

/** A key and its power; 0: it leaves. */
export interface Power {
  readonly key: string;
  readonly power: bigint;
}

interface Member extends Power {
  readonly priority: bigint;
}

/** By address. */
export interface PowerSet {
  readonly members: readonly Member[];
  readonly proposer: number;
}

const floor = (value: bigint, by: bigint) => (value - (((value % by) + by) % by)) / by;
const total = (members: readonly Power[]) => sum(members.map(({ power }) => power));

/** Rescaled, then centred. */
function settled(members: readonly Member[]): readonly Member[] {
  const priorities = members.map(({ priority }) => priority);
  const high = priorities.reduce((a, b) => (a > b ? a : b));
  const low = priorities.reduce((a, b) => (a < b ? a : b));
  const window = 2n * total(members);
  const by = high - low > window ? (high - low + window - 1n) / window : 1n;
  const scaled = priorities.map((priority) => priority / by);
  const mean = floor(sum(scaled), BigInt(members.length));
  return members.map((member, i) => ({ ...member, priority: (scaled[i] ?? 0n) - mean }));
}

/** Everybody gains, one proposes and pays. */
function chosen(members: readonly Member[]): PowerSet {
  const richer = members.map((member) => ({ ...member, priority: member.priority + member.power }));
  const high = richer.map(({ priority }) => priority).reduce((a, b) => (a > b ? a : b));
  const proposer = richer.findIndex(({ priority }) => priority === high);
  const cost = total(members);
  const paid = richer.map((m, i) => (i === proposer ? { ...m, priority: m.priority - cost } : m));
  return { members: paid, proposer };
}

/** The set one turn on. */
export function turn({ members }: PowerSet): PowerSet {
  return chosen(settled(members));
}

/** The key that proposes in a round of the height that has this set. */
export function proposerAt(set: PowerSet, round: number): string {
  let at = set;
  if (round > 0) at = { ...set, members: settled(set.members) };
  for (let i = 0; i < round; i += 1) at = chosen(at.members);
  return at.members[at.proposer]?.key ?? '';
}

/** The set after changes; its turn follows. */
export function changed(set: PowerSet, changes: readonly Power[]): PowerSet {
  if (changes.length === 0) return set;
  const news = new Map(changes.map(({ key, power }) => [key, power]));
  const old = new Set(set.members.map(({ key }) => key));
  const joining = changes.filter(({ key, power }) => power > 0n && !old.has(key));
  // Who leaves counts with what it had.
  const kept = set.members.map((m) => ({ ...m, power: newPower(news.get(m.key)) ?? m.power }));
  const sumBefore = total(kept) + total(joining);
  const least = -(sumBefore + sumBefore / 8n);
  const members = [...kept, ...joining.map(({ key, power }) => ({ key, power, priority: least }))]
    .filter(({ key }) => news.get(key) !== 0n)
    .map((member) => ({ member, address: addressOf(member.key) }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  return { members: settled(members.map(({ member }) => member)), proposer: 0 };
}

function newPower(power: bigint | undefined): bigint | undefined {
  return power === 0n ? undefined : power;
}

function twosComplement(value: bigint): Buffer {
  return u64(BigInt.asUintN(64, value));
}

/** The bytes of the leaf `stake-set`. */
export function encodeSet({ members, proposer }: PowerSet): Buffer {
  const entries = members.map(({ key, power, priority }) =>
    Buffer.concat([Buffer.from(key, 'hex'), u64(power), twosComplement(priority)]),
  );
  return Buffer.concat([uint(2, members.length), ...entries, uint(2, proposer)]);
}

/** What headers state of a set. */
export function setHash({ members }: PowerSet): string {
  const entries = members.map(({ key, power }) => Buffer.concat([Buffer.from(key, 'hex'), u64(power)]));
  return hash(0x14, uint(2, members.length), ...entries);
}
