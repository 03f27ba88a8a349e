/** Colours of the page that drawings need: read from the style sheet, so that light and dark are stated once. */
import { type MessageClass, messageClass } from '../message-classes.ts';

const VARIABLES: Readonly<Record<MessageClass, string>> = {
  'blocks and proposals': '--c-block',
  prevotes: '--c-prevote',
  precommits: '--c-precommit',
  transactions: '--c-transactions',
  sync: '--c-sync',
  evidence: '--c-bad',
  other: '--c-other',
};

/** The custom property with the colour of a class. */
export function classVariable(name: MessageClass): string {
  return VARIABLES[name];
}

/** The custom property with the colour of a kind. */
export function kindVariable(kind: string): string {
  return VARIABLES[messageClass(kind)];
}

/** Values of custom properties, as they are now. */
export function colourOf(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

/** Colours of lines that are hosts: Okabe and Ito's, told apart by every eye; then again, dashed. */
export const LINE_VARIABLES = [
  '--c-line-0',
  '--c-line-1',
  '--c-line-2',
  '--c-line-3',
  '--c-line-4',
  '--c-line-5',
] as const;
