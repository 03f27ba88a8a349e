/** Addresses as text: `host:port`, with an IPv6 host in brackets (RFC 3986 §3.2.2). */

/** Where to dial, or to listen. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** Undefined: no host, no port from 1 to 65,535, or an IPv6 host without brackets. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const found = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  return host === undefined || port < 1 || port > PORT_MAX ? undefined : { host, port };
}

/** The text of an endpoint. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The host of a socket as it is counted: an IPv4 address that comes by way of IPv6 (RFC 4291 §2.5.5.2) is one. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : host;
}

/** True for names of this machine alone (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3); IPv6 with or without brackets. */
export function isLoopback(host: string): boolean {
  const plain = plainHost(host.replace(/^\[(.*)\]$/, '$1')).toLowerCase();
  return plain === 'localhost' || plain === '::1' || /^127(?:\.\d{1,3}){3}$/.test(plain);
}
