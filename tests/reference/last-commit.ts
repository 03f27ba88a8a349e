/** The last commit of a block, and the time that it gives: docs/protocol.md, Proof of stake, Certificate and Time. */
import { malformedIsNone } from './bytes.ts';
import { isSignature, type Report, type Signatures } from './engine.ts';
import { type Block, type Header, sum } from './layouts.ts';
import { type Commit, decodeCommit } from './stake-layouts.ts';
import type { PowerSet } from './stake-sets.ts';

/** @param set of the parent; undefined: it is genesis. @param genesisHash what is signed with each vote. */
export function checkLastCommit(
  { header, lastCommit }: Block,
  chain: readonly Header[],
  set: PowerSet | undefined,
  genesisHash: string,
  signatures: Signatures,
  report: Report,
): void {
  const parent = chain.at(-1);
  if (parent === undefined) return;
  if (set === undefined) {
    if (lastCommit.length > 0) report('last-commit', 'there is none at height 1');
    if (header.timestampMs !== parent.timestampMs) report('bft-time', 'height 1 has the time of genesis');
    return;
  }
  const commit = malformedIsNone(() => decodeCommit(lastCommit, genesisHash));
  if (commit === undefined) return report('last-commit', 'it is none');
  const { members } = set;
  const { votes } = commit;
  const powers = votes.map(({ place }) => members[place]?.power ?? 0n);
  if (commit.height !== parent.height || commit.block !== parent.id)
    report('last-commit', 'of another block');
  if (votes.some(({ place }) => members[place] === undefined)) report('last-commit', 'of an unknown place');
  if (votes.some(({ place }, i) => i > 0 && place <= (votes[i - 1]?.place ?? 0)))
    report('last-commit', 'places do not grow');
  if (votes.some(({ timestampMs }) => timestampMs <= parent.timestampMs))
    report('last-commit', 'a vote is not later than its block');
  if (sum(powers) * 3n <= sum(members.map(({ power }) => power)) * 2n)
    report('last-commit', 'no more than two thirds of the power');
  const isSigned = votes.every(({ place, signature, message }) => {
    const key = members[place]?.key;
    return key === undefined || signatures === 'skip' || isSignature(signature, message, key);
  });
  if (!isSigned) report('last-commit', 'a wrong signature');
  const due = medianOf(commit, powers);
  if (header.timestampMs !== due) report('bft-time', `${due} is the median`);
}

function medianOf({ votes }: Commit, powers: readonly bigint[]): number | undefined {
  let half = sum(powers) / 2n;
  const times = votes.map(({ timestampMs }, i) => ({ timestampMs, power: powers[i] ?? 0n }));
  times.sort((a, b) => a.timestampMs - b.timestampMs);
  const due = times.find(({ power }) => {
    if (half <= power) return true;
    half -= power;
    return false;
  });
  return due?.timestampMs;
}
