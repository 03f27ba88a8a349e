/** A transaction: what one account asks for, signed. Its encoding stands in transaction-codec.ts. */
import type { AccountAddress, Amount, Gas, Hash, Height, PublicKey, Signature } from './units.ts';

/** What a transaction does. Closed: a new kind demands a new protocol version. `burn` exists from version 2 on. */
export type Action =
  | { readonly kind: 'transfer'; readonly to: AccountAddress; readonly amount: Amount }
  | { readonly kind: 'stake'; readonly amount: Amount }
  | { readonly kind: 'unstake'; readonly amount: Amount }
  | { readonly kind: 'burn'; readonly amount: Amount };

export interface Transaction {
  /** Version of the encoding and of the rules that it was written for: 1 or 2. */
  readonly version: number;
  /** Id of the genesis block: a transaction is valid on one chain only. */
  readonly chainId: Hash;
  readonly senderKey: PublicKey;
  /** Must equal the sender's count of included transactions: a safe integer. */
  readonly nonce: number;
  /** The last height that may include it; 0: no limit. */
  readonly validUntilHeight: Height;
  readonly gasLimit: Gas;
  /** Base units for one unit of gas. */
  readonly gasPrice: Amount;
  readonly action: Action;
  /** Over the sign bytes: the encoding with this field empty, under its own tag. */
  readonly signature: Signature;
}
