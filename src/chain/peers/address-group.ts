/** Address groups: addresses that one owner has cheaply count as one. After Bitcoin's net groups. */
import type { Address } from '../../env/units.ts';

const IPV4 = /^(?:\[::ffff:)?(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}\]?(?:[:/]|$)/;
const IPV6 = /^\[([0-9a-f:.]*)\]/i;

/** /16 of an IPv4 address, /32 of an IPv6 one, else the name without port: whoever controls a name controls it whole. */
export function addressGroup(address: Address): string {
  const four = IPV4.exec(address);
  if (four !== null) return `${four[1]}.${four[2]}`;
  const six = IPV6.exec(address);
  if (six !== null) return `[${prefixOf(six[1] ?? '')}]`;
  const end = address.search(/[:/]/);
  return end < 0 ? address : address.slice(0, end);
}

/** The first 32 bits as two groups without leading zeros, `::` counting as zeros. */
function prefixOf(text: string): string {
  const [before = ''] = text.toLowerCase().split('::');
  const groups = before === '' ? [] : before.split(':');
  const at = (i: number): string => (groups[i] ?? '0').replace(/^0+(?=.)/, '');
  return `${at(0)}:${at(1)}`;
}
