/** A peer of tests: a number, and what it claims as its head. */
import { address, connectionId } from '../../env/units.ts';
import { testKey } from '../execution/test-chain.ts';
import type { HeadClaim } from '../types/message.ts';
import { Peer } from './peer.ts';

/** Its key and its address come from its number. */
export function testPeer(number: number, head: HeadClaim): Peer {
  const identity = {
    id: testKey(number),
    connection: connectionId(number),
    address: address(`p${number}`),
    direction: 'in' as const,
    group: '',
    pingMs: 0,
  };
  return new Peer(identity, head, 0);
}
