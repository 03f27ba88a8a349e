/** What the HTTP API takes and answers, each form once: types, checks and the OpenAPI document follow from it. */
import { z } from 'zod';
import { SUBMIT_BATCH_MAX } from '../../chain/types/command.ts';

/** Amounts have 64 bits, which JSON numbers do not hold. */
const amount = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,19})$/)
  .meta({ description: 'Base units, as a decimal string.' });
/** A height, a count or a time. */
export const whole = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** The id of a block, of a transaction or of a chain. */
export const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: '32 bytes, lower-case hexadecimal.' });
const hex = z
  .string()
  .regex(/^(?:[0-9a-f]{2})*$/)
  .meta({ description: 'Bytes, lower-case hexadecimal.' });
const address = hash.meta({ description: 'An account: 32 bytes, lower-case hexadecimal.' });
const addressText = z
  .string()
  .regex(/^aur1[02-9ac-hj-np-z]{58}$/)
  .meta({ description: 'The same account as people write it.' });

const action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('transfer'), to: address, amount }),
  z.strictObject({ kind: z.literal('stake'), amount }),
  z.strictObject({ kind: z.literal('unstake'), amount }),
  z.strictObject({ kind: z.literal('burn'), amount }),
]);

/** What an account may be named by: `aur1…`, or 64 hexadecimal digits. */
export const ACCOUNT_PATTERN = '(?:aur1[02-9ac-hj-np-z]{58}|[0-9a-f]{64})';
const accountName = z
  .string()
  .regex(new RegExp(`^${ACCOUNT_PATTERN}$`))
  .meta({ description: 'An account: aur1… or 64 hexadecimal digits.' });

/** A transaction, signed: docs/protocol.md says what is signed. */
export const transactionForm = z
  .strictObject({
    version: whole,
    chainId: hash,
    senderKey: hash,
    nonce: whole,
    validUntilHeight: whole.meta({ description: 'The last height that may include it; 0: no limit.' }),
    gasLimit: whole,
    gasPrice: amount,
    action,
    signature: z
      .string()
      .regex(/^[0-9a-f]{128}$/)
      .meta({ description: '64 bytes, lower-case hexadecimal.' }),
  })
  .meta({ id: 'Transaction' });

/** A header, as blocks and events have it. */
export const header = z
  .strictObject({
    version: whole,
    height: whole,
    parent: hash,
    timestampMs: whole,
    beneficiary: address,
    txCount: whole,
    transactionsRoot: hash,
    receiptsRoot: hash,
    stateRoot: hash,
    systemRoot: hash,
    messagesRoot: hash,
    historyRoot: hash,
    gasUsed: whole,
    consensus: hex,
    seal: hex,
  })
  .meta({ id: 'Header' });

const block = z
  .strictObject({
    header,
    transactions: z.array(transactionForm),
    system: z.strictObject({ evidence: z.array(hex), lastCommit: hex }),
  })
  .meta({ id: 'Block' });

const finality = z.strictObject({
  final: whole.meta({ description: 'Up to this height nothing changes any more, and it is durable here.' }),
  acknowledged: whole,
  kind: z.enum(['absolute', 'depth']),
});

const place = z.strictObject({ block: hash, height: whole, index: whole });
/** What became of a transaction in its block. */
export const receipt = z.strictObject({ txId: hash, status: whole, gasUsed: whole, logsRoot: hash });

const genesis = z
  .strictObject({
    name: z.string(),
    shard: whole,
    engine: z.string(),
    engineConfig: hex,
    parameters: z.strictObject({
      blockGasMax: whole,
      blockBytesMax: whole,
      gasPerByte: whole,
      gasPerSignature: whole,
      gasPerNewAccount: whole,
      gasPriceMin: amount,
    }),
    allocation: z.array(z.strictObject({ address, balance: amount })),
    validators: z.array(z.strictObject({ key: hash, power: amount })),
    timestampMs: whole,
    version: whole,
  })
  .meta({ id: 'Genesis' });

/** Answers, by what they are of. */
export const ANSWERS = {
  genesis: z.strictObject({ id: hash, genesis }),
  head: z.strictObject({ id: hash, header, finality }),
  block: z.strictObject({ id: hash, block }),
  transaction: z.strictObject({
    transaction: transactionForm,
    status: z.enum(['mempool', 'included', 'final']),
    place: place.nullable(),
    receipt: receipt.nullable(),
  }),
  account: z.strictObject({
    address,
    text: addressText,
    nonce: whole,
    nextNonce: whole.meta({ description: 'The lowest that neither the chain nor the mempool has used.' }),
    balance: amount,
    at: hash.meta({ description: 'The block after which the account is so.' }),
    stateRoot: hash,
    proof: hex
      .nullable()
      .meta({ description: 'Proves account or absence under the state root; null: not asked for.' }),
  }),
  accountTransactions: z.strictObject({
    transactions: z.array(z.strictObject({ id: hash, block: hash, height: whole, index: whole })),
    next: z.string().nullable().meta({ description: 'The `before` of the next page; null: there is none.' }),
  }),
  mempool: z.strictObject({ count: whole, bytes: whole, queued: whole }),
  peers: z.strictObject({
    peers: z.array(
      z.strictObject({
        peer: z.string(),
        address: z.string(),
        direction: z.enum(['in', 'out']),
        height: whole,
        head: hash,
        score: whole,
      }),
    ),
    known: whole,
    banned: whole,
  }),
  consensus: z.looseObject({ kind: z.enum(['idle', 'mining', 'waiting', 'round']) }),
  health: z.strictObject({
    status: z.enum(['ok', 'syncing', 'halted']),
    why: z.string().nullable(),
    height: whole,
    final: whole,
    peers: whole,
    chain: hash,
    version: z.string(),
  }),
  metrics: z.strictObject({
    metrics: z.array(
      z.strictObject({
        name: z.string(),
        type: z.enum(['counter', 'gauge', 'histogram']),
        help: z.string(),
        series: z.array(
          z.strictObject({
            labels: z.record(z.string(), z.string()),
            value: z.number().meta({ description: 'Of a histogram: how many were counted.' }),
            mean: z.number().optional(),
            p50: z.number().optional().meta({ description: 'By linear interpolation in its bucket.' }),
            p95: z.number().optional(),
            p99: z.number().optional(),
          }),
        ),
      }),
    ),
  }),
  submitted: z.strictObject({ id: hash }),
  submittedBatch: z.strictObject({
    results: z
      .array(
        z.discriminatedUnion('status', [
          z.strictObject({ status: z.literal('accepted'), id: hash }),
          z.strictObject({
            status: z.literal('refused'),
            code: z.string().meta({ description: 'Stable: what a program looks at.' }),
            facts: z.looseObject({}),
          }),
        ]),
      )
      .meta({ description: 'One for each transaction, in the order of the request.' }),
  }),
  signed: z.strictObject({ id: hash, transaction: transactionForm }),
  word: z.strictObject({ status: z.string() }),
} as const;

/** What is answered when something is wrong. */
export const errorForm = z
  .strictObject({
    error: z.strictObject({
      code: z.string().meta({ description: 'Stable: what a program looks at.' }),
      message: z.string().meta({ description: 'For people.' }),
      field: z.string().optional().meta({ description: 'Of the request, where one is at fault.' }),
      facts: z.looseObject({}).optional(),
    }),
  })
  .meta({ id: 'Error' });

/** What stands in paths. */
export const PARAMS = {
  at: z.strictObject({
    at: z
      .string()
      // Sixteen digits may be more than a number holds exactly.
      .regex(/^(?:\d{1,15}|[0-9a-f]{64}|head)$/)
      .meta({ description: 'A height, a block id, or head.' }),
  }),
  id: z.strictObject({ id: hash }),
  address: z.strictObject({ address: accountName }),
} as const;

/** What stands behind a question mark. */
export const QUERIES = {
  proof: z.strictObject({ proof: z.boolean().optional().meta({ description: 'true: with a proof.' }) }),
  page: z.strictObject({
    before: z
      .string()
      .regex(/^\d{1,15}(?::\d{1,9})?$/)
      .optional()
      .meta({
        description: 'Below this height, or before an index of it (`12:3`); absent: from the head on.',
      }),
    limit: z.int().min(1).max(1_000).optional().meta({ description: 'At most so many; default 100.' }),
  }),
} as const;

/** A transaction as JSON has it. */
export type TransactionForm = z.infer<typeof transactionForm>;

export const submitForm = z.strictObject({ transaction: transactionForm });

/** At most SUBMIT_BATCH_MAX of them, which is what the node checks at once. */
export const submitBatchForm = z.strictObject({
  transactions: z.array(transactionForm).min(1).max(SUBMIT_BATCH_MAX),
});

/** What the node fills in and signs with its own key. */
export const unsignedForm = z.strictObject({
  action: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('transfer'), to: accountName, amount }),
    z.strictObject({ kind: z.literal('stake'), amount }),
    z.strictObject({ kind: z.literal('unstake'), amount }),
    z.strictObject({ kind: z.literal('burn'), amount }),
  ]),
  nonce: whole
    .optional()
    .meta({ description: 'Absent: the next that neither the chain nor the mempool has used.' }),
  gasLimit: whole.optional().meta({ description: 'Default 200000: enough to open an account.' }),
  gasPrice: amount.optional().meta({ description: 'Absent: the least of the chain.' }),
  validUntilHeight: whole
    .optional()
    .meta({ description: 'The last height that may include it; absent: no limit.' }),
});
