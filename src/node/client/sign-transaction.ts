/** Signs transactions for who holds a key: in portable code, so that it runs wherever the client does. */
import { signEd25519 } from '../../chain/crypto/ed25519.ts';
import { decodeJson, toJsonText } from '../../chain/types/layout/codec.ts';
import {
  TRANSACTION_MAX_BYTES,
  transactionLayout,
  transactionSignBytes,
} from '../../chain/types/transaction-codec.ts';
import { signature } from '../../chain/types/units.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { ClientError, type SignedTransaction } from './client.ts';

const UNSIGNED = '0'.repeat(128);
/** JSON of a transaction is at most so many times as long as its bytes. */
const TRANSACTION_JSON_MAX_BYTES = 8 * TRANSACTION_MAX_BYTES;

/**
 * @param draft of the sender whose key the secret is, with its fields in the order of SignedTransaction.
 * @param secret 32 bytes (RFC 8032).
 * @throws {ClientError} BAD_TRANSACTION when a field is none that a transaction may have.
 */
export function signTransaction(
  draft: Omit<SignedTransaction, 'signature'>,
  secret: Uint8Array,
): SignedTransaction {
  const text = new TextEncoder().encode(JSON.stringify({ ...draft, signature: UNSIGNED }));
  const unsigned = decodeJson(transactionLayout, text, TRANSACTION_JSON_MAX_BYTES);
  if (isDecodeRejection(unsigned)) throw new ClientError('BAD_TRANSACTION', 0, unsigned.detail);
  const signed = signature(bytesToHex(signEd25519(secret, transactionSignBytes(unsigned))));
  return JSON.parse(toJsonText(transactionLayout, { ...unsigned, signature: signed }));
}
