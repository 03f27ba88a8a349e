import { describe, expect, it } from 'vitest';
import { formatEndpoint, parseEndpoint, plainHost } from './endpoints.ts';

describe('an endpoint', () => {
  it.each([
    ['127.0.0.1:6000', { host: '127.0.0.1', port: 6000 }],
    ['node-1.example.org:65535', { host: 'node-1.example.org', port: 65_535 }],
    ['[::1]:1', { host: '::1', port: 1 }],
    ['[fe80::1%eth0]:6000', { host: 'fe80::1%eth0', port: 6000 }],
  ])('%s is read, and written as it was', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
    expect(formatEndpoint(endpoint)).toBe(text);
  });

  it.each([
    '',
    ':1',
    'host',
    'host:',
    'host:0',
    'host:65536',
    'host:1x',
    '::1:6000',
    '[::1]',
    'a b:1',
    'a/b:1',
  ])('%j is none', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  it('is of one host whether IPv4 comes by way of IPv6 or not', () => {
    expect(['::ffff:10.0.0.1', '10.0.0.1', '::1', '::ffff:1'].map(plainHost)).toEqual([
      '10.0.0.1',
      '10.0.0.1',
      '::1',
      '::ffff:1',
    ]);
  });
});
