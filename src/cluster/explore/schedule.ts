/** A schedule as text: by how much which message comes later than by itself. It fits on a command line, and replays exactly. */
import type { MessageException } from '../../sim/network/ports.ts';

/** Delays of one schedule, and characters of its text: explorations are short. */
const DELAYS_MAX = 10_000;
const TEXT_MAX_CHARS = 1_000_000;

const ONE = /^n(\d{1,5})>n(\d{1,5}):([A-Za-z.-]{1,64})#(\d{1,9})\+(\d{1,15})us$/;

/** `n0>n2:Consensus#1+13us,…`: the second (from 0) message of that kind from n0 to n2 comes 13 µs later. `-`: none is moved. */
export function formatSchedule(delays: readonly MessageException[]): string {
  const parts = delays.map(({ from, to, messageKind, ordinal, effect }) => {
    const us = effect.kind === 'delay' ? effect.us : 0;
    return `n${from}>n${to}:${messageKind}#${ordinal}+${us}us`;
  });
  return parts.length === 0 ? '-' : parts.join(',');
}

/** The delays of such a text; of another one what is wrong with it. @param hosts of the cluster. */
export function parseSchedule(
  text: string,
  hosts: number,
): readonly MessageException[] | { readonly wrong: string } {
  if (text.length > TEXT_MAX_CHARS)
    return { wrong: `${text.length} characters; at most ${TEXT_MAX_CHARS} were expected` };
  if (text.trim() === '-') return [];
  const parts = text.trim().split(',');
  if (parts.length > DELAYS_MAX)
    return { wrong: `${parts.length} delays; at most ${DELAYS_MAX} were expected` };
  const delays: MessageException[] = [];
  for (const part of parts) {
    const found = ONE.exec(part);
    const [from, to, ordinal, us] = [found?.[1], found?.[2], found?.[4], found?.[5]].map(Number);
    const messageKind = found?.[3];
    if (
      messageKind === undefined ||
      from === undefined ||
      to === undefined ||
      ordinal === undefined ||
      us === undefined
    )
      return { wrong: `'${part.slice(0, 80)}': a delay such as n0>n2:Consensus#1+13us was expected` };
    if (from >= hosts || to >= hosts || from === to)
      return { wrong: `'${part}': two of the hosts n0 to n${hosts - 1} were expected` };
    delays.push({ from, to, messageKind, ordinal, effect: { kind: 'delay', us } });
  }
  return delays;
}
