/** Accounts as leaves of the state. */
import { assert } from '../../env/assert.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { Account } from '../types/account.ts';
import { decodeAccount, EMPTY_ACCOUNT, encodeAccount } from '../types/account-codec.ts';
import type { AccountAddress } from '../types/units.ts';
import type { StateReader, StateWriter } from './state.ts';

/** The account; EMPTY_ACCOUNT when it has no leaf. */
export function readAccount(state: StateReader, address: AccountAddress): Account {
  const value = state.get('accounts', address);
  if (value === undefined) return EMPTY_ACCOUNT;
  const account = decodeAccount(value);
  assert(!isDecodeRejection(account), 'the leaf of an account holds an encoded account');
  return account;
}

/** Writes the account's leaf. */
export function writeAccount(state: StateWriter, address: AccountAddress, account: Account): void {
  state.put('accounts', address, encodeAccount(account));
}
