/** Account addresses: made of public keys, and their text for people. PROTOCOL.md, Bytes and ids. */
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { DecodeRejection } from '../../env/network.ts';
import { type AccountAddress, accountAddress, type PublicKey } from '../types/units.ts';
import { bytesToFives, decodeBech32m, encodeBech32m, fivesToBytes } from './bech32m.ts';
import { hashTagged } from './sha256.ts';
import { TAG } from './tags.ts';

/** What every address starts with, before the separator '1'. */
const ADDRESS_PREFIX = 'aur';
const ADDRESS_BYTES = 32;

/** SHA-256(tag ‖ key). */
export function addressOf(publicKey: PublicKey): AccountAddress {
  return accountAddress(hashTagged(TAG.address, hexToBytes(publicKey) ?? new Uint8Array(0)));
}

/** The text for people: 62 characters that start with `aur1`. BIP-350. */
export function encodeAddress(address: AccountAddress): string {
  return encodeBech32m(ADDRESS_PREFIX, bytesToFives(hexToBytes(address) ?? new Uint8Array(0)));
}

/** The address of its text, upper or lower case; `detail` says what is wrong with other text. */
export function decodeAddress(text: string): AccountAddress | DecodeRejection {
  const decoded = decodeBech32m(text);
  if ('problem' in decoded) return { code: 'BAD_FIELD', detail: `no address: ${decoded.problem}` };
  if (decoded.prefix !== ADDRESS_PREFIX) {
    return {
      code: 'BAD_FIELD',
      detail: `no address: it starts with '${decoded.prefix}1', not '${ADDRESS_PREFIX}1'`,
    };
  }
  const bytes = fivesToBytes(decoded.values);
  if (bytes?.length !== ADDRESS_BYTES)
    return { code: 'BAD_FIELD', detail: `no address: not ${ADDRESS_BYTES} bytes` };
  return accountAddress(bytesToHex(bytes));
}
