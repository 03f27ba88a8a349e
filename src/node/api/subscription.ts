/** A subscription to /events: what its query asks for. */
import { decodeAddress } from '../../chain/crypto/address.ts';
import { type AccountAddress, accountAddress, type BlockHash, blockHash } from '../../chain/types/units.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { EVENT_KINDS, type EventKind, eventsQuery } from './event-forms.ts';
import { badField, formed } from './route.ts';

/** What a subscriber wants. */
export interface Subscription {
  readonly kinds: ReadonlySet<EventKind>;
  /** Undefined: transactions of all. */
  readonly accounts: ReadonlySet<AccountAddress> | undefined;
  /** Undefined: from the head on. */
  readonly from: number | undefined;
  /** The block below `from` that the subscriber has; undefined: it has none. */
  readonly parent: BlockHash | undefined;
}

const DEFAULT_KINDS: readonly EventKind[] = ['head', 'final'];

/** @throws {ApiError} 400 where the query makes no sense. */
export function subscriptionOf(query: unknown): Subscription {
  const { kinds, accounts, from, parent } = formed(eventsQuery, 'querystring', query);
  if (parent !== undefined && (from === undefined || from === 0))
    throw badField('querystring.parent', 'it is the block below `from`, which is missing or 0');
  const asked = kinds?.split(',') ?? DEFAULT_KINDS;
  const wanted = new Set(EVENT_KINDS.filter((kind) => asked.includes(kind)));
  if (accounts !== undefined && !wanted.has('transaction'))
    throw badField('querystring.accounts', 'they select transactions: kinds=transaction is missing');
  return {
    kinds: wanted,
    accounts: accounts === undefined ? undefined : new Set(accounts.split(',').map(accountNamed)),
    from,
    parent: parent === undefined ? undefined : blockHash(parent),
  };
}

/** The account that a checked name has. @throws {ApiError} 400 where its checksum is wrong. */
export function accountNamed(name: string): AccountAddress {
  if (!name.startsWith('aur')) return accountAddress(name);
  const decoded = decodeAddress(name);
  if (isDecodeRejection(decoded)) throw badField('address', decoded.detail);
  return decoded;
}
