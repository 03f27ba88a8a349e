/** What the HTTP API takes and answers, each form once: types, checks and the OpenAPI document follow from it. */
import { z } from 'zod';

/** Amounts have 64 bits, which JSON numbers do not hold. */
const amount = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,19})$/)
  .meta({ description: 'Base units, as a decimal string.' });
const whole = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const hash = z
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

/** A transaction, signed: docs/protocol.md says what is signed. */
const transactionForm = z
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

const header = z
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
const receipt = z.strictObject({ txId: hash, status: whole, gasUsed: whole, logsRoot: hash });

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
    balance: amount,
    at: hash.meta({ description: 'The block after which the account is so.' }),
    stateRoot: hash,
    proof: hex
      .nullable()
      .meta({ description: 'Proves account or absence under the state root; null: not asked for.' }),
  }),
  accountTransactions: z.strictObject({
    transactions: z.array(z.strictObject({ id: hash, block: hash, height: whole, index: whole })),
    next: whole.nullable().meta({ description: 'The `before` of the next page; null: there is none.' }),
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

const ACCOUNT_TEXT = 'An account: aur1… or 64 hexadecimal digits.';

/** What stands in paths. */
export const PARAMS = {
  at: z.strictObject({
    at: z
      .string()
      .regex(/^(?:\d{1,16}|[0-9a-f]{64}|head)$/)
      .meta({ description: 'A height, a block id, or head.' }),
  }),
  id: z.strictObject({ id: hash }),
  address: z.strictObject({
    address: z
      .string()
      .regex(/^(?:aur1[02-9ac-hj-np-z]{58}|[0-9a-f]{64})$/)
      .meta({ description: ACCOUNT_TEXT }),
  }),
} as const;

/** What stands behind a question mark. */
export const QUERIES = {
  proof: z.strictObject({ proof: z.boolean().optional().meta({ description: 'true: with a proof.' }) }),
  page: z.strictObject({
    before: whole.optional().meta({ description: 'Below this height; absent: from the head on.' }),
    limit: z.int().min(1).max(1_000).optional().meta({ description: 'At most so many; default 100.' }),
  }),
} as const;

export const submitForm = z.strictObject({ transaction: transactionForm });
