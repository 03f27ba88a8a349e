/** Workloads as clients of real nodes: what they ask goes by HTTP, what comes back is what a client is told. */
import { toJsonText } from '../../chain/types/layout/codec.ts';
import type { Transaction } from '../../chain/types/transaction.ts';
import { transactionLayout } from '../../chain/types/transaction-codec.ts';
import { txId } from '../../chain/types/units.ts';
import type { LoadAnswer, LoadCommand } from '../../cluster/load/load.ts';
import { assertNever } from '../../env/assert.ts';
import { submitForm } from '../../node/api/forms.ts';
import { ClientError, type NodeClient, type SignedTransaction } from '../../node/client/client.ts';

/** Undefined: there was no answer, as when the node died meanwhile. */
export async function askNode(client: NodeClient, command: LoadCommand): Promise<LoadAnswer | undefined> {
  try {
    return await ask(client, command);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.code === 'TRANSACTION_REFUSED') return { kind: 'Refused' };
    if (error.code === 'NOT_FOUND') return { kind: 'NotFound' };
    return undefined;
  }
}

async function ask(client: NodeClient, command: LoadCommand): Promise<LoadAnswer> {
  switch (command.kind) {
    case 'SubmitTransaction': {
      const { id } = await client.submit(formOf(command.transaction));
      return { kind: 'Accepted', id: txId(id) };
    }
    case 'GetAccount': {
      const { nonce } = await client.account(command.address);
      return { kind: 'Account', account: { nonce } };
    }
    case 'GetTransaction': {
      const { status, receipt } = await client.transaction(command.id);
      return { kind: 'Transaction', final: status === 'final', receipt: readReceipt(receipt) };
    }
    default:
      return assertNever(command);
  }
}

function formOf(transaction: Transaction): SignedTransaction {
  return submitForm.parse({ transaction: JSON.parse(toJsonText(transactionLayout, transaction)) })
    .transaction;
}

type KnownReceipt = Extract<LoadAnswer, { readonly kind: 'Transaction' }>['receipt'];

/** Its status is one of those that nodes write. */
function readReceipt(receipt: { readonly status: number } | null): KnownReceipt {
  return receipt === null ? undefined : ({ status: receipt.status } as KnownReceipt);
}
