/** What a subscriber of /events asks for and is told, each form once: checks, types and documentation follow from it. */
import { z } from 'zod';
import { ACCOUNT_PATTERN, hash, header, receipt, transactionForm, whole } from './forms.ts';

/** Of one subscription: their names fit into the head of a request four times. */
const SUBSCRIBED_ACCOUNTS_MAX = 64;
/** What can be subscribed to. */
export const EVENT_KINDS = ['head', 'final', 'transaction'] as const;

const KIND = `(?:${EVENT_KINDS.join('|')})`;

/** What stands behind the question mark of /events. */
export const eventsQuery = z.strictObject({
  kinds: z
    .string()
    .regex(new RegExp(`^${KIND}(?:,${KIND}){0,${EVENT_KINDS.length - 1}}$`))
    .optional()
    .meta({ description: 'Some of head, final, transaction, with commas; default head,final.' }),
  accounts: z
    .string()
    .regex(new RegExp(`^${ACCOUNT_PATTERN}(?:,${ACCOUNT_PATTERN}){0,${SUBSCRIBED_ACCOUNTS_MAX - 1}}$`))
    .optional()
    .meta({
      description: `Transactions of these accounts only: at most ${SUBSCRIBED_ACCOUNTS_MAX}, aur1… or 64 hexadecimal digits, with commas.`,
    }),
  from: whole.optional().meta({
    description: 'The first height that is told, at most one above the head; absent: what comes from now on.',
  }),
  parent: hash.optional().meta({
    description:
      'Id of the block below `from` that the subscriber has: where it left the main chain, a rollback comes first.',
  }),
});

/** A block by place and id. */
const place = { height: whole, id: hash };

/** One message of the stream, as JSON text. */
export const eventForm = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('subscribed'),
        chain: hash,
        after: z
          .strictObject({ height: z.int().min(-1).max(Number.MAX_SAFE_INTEGER), id: hash.nullable() })
          .meta({ description: 'What is told stands on this block; height -1: from genesis on.' }),
        head: z.strictObject(place),
        final: z.strictObject(place).nullable().meta({
          description: 'Whatever comes, the chain stands on this; null: the node does not keep that block.',
        }),
      })
      .meta({ description: 'The first message.' }),
    z.strictObject({ kind: z.literal('head'), id: hash, header }).meta({
      description: 'This block joined the main chain, on the one told before; its transactions were told.',
    }),
    z.strictObject({ kind: z.literal('rollback'), ...place }).meta({
      description: 'A reorganisation: every block above this one left the main chain.',
    }),
    z.strictObject({ kind: z.literal('final'), ...place }).meta({
      description: 'Up to this block nothing changes any more, and it is on the disk of the node.',
    }),
    z
      .strictObject({
        kind: z.literal('transaction'),
        id: hash,
        block: hash,
        height: whole,
        index: whole,
        transaction: transactionForm,
        receipt: receipt.nullable(),
      })
      .meta({ description: 'Of the block whose head follows.' }),
    z
      .strictObject({ kind: z.literal('alive'), ...place })
      .meta({ description: 'All up to this block was told; nothing has happened for a while.' }),
  ])
  .meta({ id: 'Event' });

/** One message of the stream. */
export type EventMessage = z.infer<typeof eventForm>;
/** What can be subscribed to. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** Why the node closed a stream: codes of RFC 6455 §7.4.2 for private use, and 1001, 1008 and 1011 of its §7.4.1. */
export const CLOSE = {
  /** The node stops. */
  stopped: 1001,
  /** The subscriber sent something, or too many pings. */
  unasked: 1008,
  /** A bug: the node's log has it. */
  internal: 1011,
  /** What was asked for cannot be. */
  badRequest: 4400,
  /** Blocks that this node does not keep. */
  notHere: 4404,
  /** `parent` is a block that this node does not know. */
  unknownBlock: 4409,
  /** The subscriber took too little for too long. */
  slow: 4408,
  /** The node has no chain yet: later. */
  notReady: 4503,
} as const;
