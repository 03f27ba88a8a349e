/** The routes that give transactions to the node: one, a batch, and one that the node signs itself. */
import { addressOf } from '../../chain/crypto/address.ts';
import { SUBMIT_BATCH_MAX, type Submission } from '../../chain/types/command.ts';
import { decodeJson } from '../../chain/types/layout/codec.ts';
import { listOf } from '../../chain/types/layout/layout.ts';
import { struct } from '../../chain/types/layout/struct.ts';
import type { Transaction } from '../../chain/types/transaction.ts';
import {
  TRANSACTION_MAX_BYTES,
  transactionLayout,
  transactionSignBytes,
} from '../../chain/types/transaction-codec.ts';
import { signature } from '../../chain/types/units.ts';
import { assert } from '../../env/assert.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { jsonable } from '../jsonable.ts';
import { isLoopback } from '../network/endpoints.ts';
import { expected } from './answers.ts';
import { ANSWERS, submitBatchForm, submitForm, type TransactionForm, unsignedForm } from './forms.ts';
import { plain } from './plain.ts';
import { ApiError, type ApiNode, type ApiSigner, formed, ReadBody, type Route } from './route.ts';
import { accountNamed } from './subscription.ts';

/** JSON of a transaction is at most so many times as long as its bytes. */
const TRANSACTION_JSON_MAX_BYTES = 8 * TRANSACTION_MAX_BYTES;
/** Enough for a transfer that opens an account. */
const DEFAULT_GAS_LIMIT = 200_000;
const NO_SIGNATURE = '0'.repeat(128);

const submitLayout = struct<{ readonly transaction: Transaction }>({ transaction: transactionLayout });
const submitBatchLayout = struct<{ readonly transactions: readonly Transaction[] }>({
  transactions: listOf(transactionLayout, 8, SUBMIT_BATCH_MAX),
});

/** One after the other per node, so that each has a nonce of its own: the mempool knows of one when its signature is checked. */
const signing = new WeakMap<ApiSigner, Promise<unknown>>();

/** In the order in which they are documented. */
export const SUBMIT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/submit-tx',
    summary: 'Gives a signed transaction to the mempool, and with it to all nodes.',
    body: submitForm,
    readBody: (bytes) => {
      const read = decodeJson(submitLayout, bytes, bytes.length);
      return isDecodeRejection(read) ? undefined : new ReadBody([read.transaction]);
    },
    status: 202,
    answer: ANSWERS.submitted,
    errors: { 422: 'TRANSACTION_REFUSED' },
    async handle(node, { body }) {
      if (body instanceof ReadBody) return { id: await submit(node, only(body.transactions)) };
      const { transaction } = formed(submitForm, 'body', body);
      return { id: await submit(node, transactionOf(transaction, 'transaction')) };
    },
  },
  {
    method: 'POST',
    path: '/submit-txs',
    summary: 'The same for at most 100 at once: each is accepted or refused by itself, in their order.',
    body: submitBatchForm,
    readBody: (bytes) => {
      const read = decodeJson(submitBatchLayout, bytes, bytes.length);
      return isDecodeRejection(read) || read.transactions.length === 0
        ? undefined
        : new ReadBody(read.transactions);
    },
    status: 200,
    answer: ANSWERS.submittedBatch,
    errors: {},
    async handle(node, { body }) {
      const transactions =
        body instanceof ReadBody
          ? body.transactions
          : formed(submitBatchForm, 'body', body).transactions.map((form, i) =>
              transactionOf(form, `transactions.${i}`),
            );
      const answer = await node.command({ kind: 'SubmitTransactions', transactions });
      return { results: expected(answer, 'Submissions').submissions.map(resultOf) };
    },
  },
  {
    method: 'POST',
    path: '/submit-tx/unsigned',
    summary: 'Signs a transaction with the key of this node, where its settings allow that, and submits it.',
    body: unsignedForm,
    status: 202,
    answer: ANSWERS.signed,
    errors: { 403: 'SIGNING_OFF', 422: 'TRANSACTION_REFUSED' },
    handle(node, { body, host }) {
      const { signer } = node;
      if (signer === undefined)
        throw new ApiError(
          403,
          'SIGNING_OFF',
          'this node signs for nobody: http.sign_with_node_key = true lets it, on a devnet of one machine',
        );
      // A page of the web that has its own name resolved to this machine is no program of this machine.
      if (!isLoopback(host))
        throw new ApiError(403, 'SIGNING_OFF', `this node signs for its own machine only, not for ${host}`);
      const before = signing.get(signer) ?? Promise.resolve();
      const signed = before.then(() => signAndSubmit(node, signer, body));
      signing.set(
        signer,
        signed.catch(() => undefined),
      );
      return signed;
    },
  },
];

async function signAndSubmit(node: ApiNode, signer: ApiSigner, body: unknown): Promise<object> {
  const { action, nonce, gasLimit, gasPrice, validUntilHeight } = formed(unsignedForm, 'body', body);
  const { header } = expected(node.query({ kind: 'GetHead' }), 'Head');
  const address = addressOf(signer.key);
  const { nextNonce } = expected(node.query({ kind: 'GetAccount', address, prove: false }), 'Account');
  const unsigned = transactionOf(
    {
      version: header.version,
      chainId: node.chain,
      senderKey: signer.key,
      nonce: nonce ?? nextNonce,
      validUntilHeight: validUntilHeight ?? 0,
      gasLimit: gasLimit ?? DEFAULT_GAS_LIMIT,
      gasPrice: gasPrice ?? String(node.genesis.parameters.gasPriceMin),
      action: 'to' in action ? { ...action, to: accountNamed(action.to) } : action,
      signature: NO_SIGNATURE,
    },
    '',
  );
  const transaction = {
    ...unsigned,
    signature: signature(bytesToHex(signer.sign(transactionSignBytes(unsigned)))),
  };
  return { id: await submit(node, transaction), transaction: plain(transactionLayout, transaction) };
}

function only([transaction]: readonly Transaction[]): Transaction {
  assert(transaction !== undefined, 'a body of this route has one transaction');
  return transaction;
}

async function submit(node: ApiNode, transaction: Transaction): Promise<string> {
  const answer = await node.command({ kind: 'SubmitTransaction', transaction });
  if (answer.kind !== 'Refused') return expected(answer, 'Accepted').id;
  const { code, ...facts } = answer.why;
  throw new ApiError(422, 'TRANSACTION_REFUSED', `the transaction is refused: ${code}`, {
    facts: { code, ...jsonable(facts) },
  });
}

function resultOf(submission: Submission): object {
  if (submission.kind === 'Accepted') return { status: 'accepted', id: submission.id };
  const { code, ...facts } = submission.why;
  return { status: 'refused', code, facts: jsonable(facts) };
}

/** @param form with its fields in the order of the encoding, as the forms have them whatever the request has. @param field of the request. */
function transactionOf(form: TransactionForm, field: string): Transaction {
  const text = new TextEncoder().encode(JSON.stringify(form));
  const transaction = decodeJson(transactionLayout, text, TRANSACTION_JSON_MAX_BYTES);
  if (!isDecodeRejection(transaction)) return transaction;
  const where = field === '' ? '' : `${field}: `;
  throw new ApiError(400, 'BAD_REQUEST', `${where}${transaction.detail}`, field === '' ? {} : { field });
}
