/** Judges a validator that was started on what a power cut left. */
import type { Recording } from './record-validator.ts';
import { contradicts, nameOf, type SignRecords } from './sign-records.ts';

/** How a start went. */
export type Started =
  /** It refused, and said why. */
  | { readonly kind: 'refused'; readonly code: number; readonly words: string }
  /** It died, or did not get ready, or did not stop in order. */
  | { readonly kind: 'crashed'; readonly how: string }
  | {
      readonly kind: 'ran';
      /** Height of its head when it started. */
      readonly head: number;
      /** Ids of the blocks that were called final before the cut, by height, as the node has them; absent: it has none. */
      readonly blocks: ReadonlyMap<number, string>;
      /** Records that the node found damaged. */
      readonly damaged: number;
      /** True: it waits until what it may have signed lies behind. */
      readonly isSilent: boolean;
    };

/** What was found of one cut. */
export interface Found {
  readonly started: Started;
  /** Before that start; text: why they cannot be read. */
  readonly before: SignRecords | string;
  /** When it had stopped. */
  readonly after: SignRecords | string | undefined;
}

/** Everything that must not be, in words; empty: nothing. @param at the place of the cut. */
export function judge(
  { said, told }: Recording,
  at: number,
  { started, before, after }: Found,
): readonly string[] {
  const saidBefore = said.filter((message) => message.at < at);
  const toldBefore = told.filter((block) => block.at < at);
  if (started.kind === 'crashed') return [`the node ended badly: ${started.how}`];
  if (started.kind === 'refused') return judgeRefusal(started, saidBefore.length + toldBefore.length);
  if (typeof before === 'string') return [`sign records cannot be read: ${before}`];
  const wrong: string[] = [];
  const lost = toldBefore.filter(({ height, id }) => started.blocks.get(height) !== id);
  if (lost[0] !== undefined) {
    const found = started.blocks.get(lost[0].height) ?? 'none';
    wrong.push(
      `${lost.length} blocks were final and are not there: ${lost[0].id} at ${lost[0].height}, there is ${found}`,
    );
  }
  for (const { message } of saidBefore) {
    const gap = before.gapFor(message, started.head);
    if (gap !== undefined) wrong.push(gap);
  }
  if (typeof after === 'string') return [...wrong, `sign records cannot be read afterwards: ${after}`];
  for (const signed of after?.all() ?? [])
    if (saidBefore.some(({ message }) => contradicts(message, signed)))
      wrong.push(`${nameOf(signed)}: signed again, and not the same`);
  return [...new Set(wrong)];
}

/** A folder that nobody has heard of may be refused, in words that tell what to do; any other holds what was promised. */
function judgeRefusal(
  { code, words }: { readonly code: number; readonly words: string },
  promises: number,
): readonly string[] {
  if (code !== 2 || !words.includes('expected:'))
    return [`refused with code ${code}, and no clear words: ${words}`];
  return promises === 0 ? [] : [`refused, and ${promises} messages had been said: ${words}`];
}
