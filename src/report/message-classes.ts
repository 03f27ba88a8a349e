/** Kinds of messages by what they are for: what has one colour and one line in a plot. */

/** In the order of legends. */
export const MESSAGE_CLASSES = [
  'blocks and proposals',
  'prevotes',
  'precommits',
  'transactions',
  'sync',
  'evidence',
  'other',
] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** What a message of that kind is for. */
export function messageClass(kind: string): MessageClass {
  switch (kind) {
    case 'Block':
    case 'GetBlockResponse':
    case 'Proposal':
      return 'blocks and proposals';
    case 'Prevote':
      return 'prevotes';
    case 'Precommit':
      return 'precommits';
    case 'Transactions':
      return 'transactions';
    case 'GetBlock':
    case 'SyncRequest':
    case 'SyncResponse':
      return 'sync';
    case 'Evidence':
      return 'evidence';
    default:
      return 'other';
  }
}
