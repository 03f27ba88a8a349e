/** A peer of tests: a number, and what it claims as its head. */
import { type Address, connectionId } from '../../env/units.ts';
import type { HeadClaim } from '../types/message.ts';
import type { PeerId } from '../types/units.ts';
import { Peer } from './peer.ts';

/** Named `p` and its number, connected to us. */
export function testPeer(number: number, head: HeadClaim): Peer {
  const identity = {
    id: `p${number}` as PeerId,
    connection: connectionId(number),
    address: `p${number}` as Address,
    direction: 'in' as const,
    group: '',
    pingMs: 0,
  };
  return new Peer(identity, head, 0);
}
