import { getPublicKey, hashes, sign } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { Crypto } from '../../env/crypto.ts';
import { address, keyId } from '../../env/units.ts';
import { verifyZip215 } from '../crypto/ed25519.ts';
import { sha256 } from '../crypto/sha256.ts';
import type { ForkId, HeadClaim } from '../types/message.ts';
import { blockHash, height, type PublicKey, publicKey, weight } from '../types/units.ts';
import {
  checkGreeting,
  greeting,
  type LocalIdentity,
  proofItem,
  proveIdentity,
  resolveDuplicate,
} from './handshake.ts';

hashes.sha512 = sha512;

const genesisId = blockHash('11'.repeat(32));
const head: HeadClaim = { id: genesisId, height: height(0), weight: weight('00') };
const fork: ForkId = { forkHash: '01020304', forkNext: height(0) };
const secretOf = (name: string): Uint8Array => sha256(Uint8Array.from(name, (c) => c.charCodeAt(0)));
const crypto: Crypto = {
  sha256,
  verify: () => undefined,
  sign: (key, bytes) => sign(bytes, secretOf(key)),
  publicKey: (key) => getPublicKey(secretOf(key)),
};

function identity(name: string, changes: Partial<LocalIdentity> = {}): LocalIdentity {
  return {
    key: keyId(name),
    publicKey: publicKey(bytesToHex(getPublicKey(secretOf(name)))),
    listen: address(name),
    genesisId,
    protocolMin: 1,
    protocolMax: 2,
    forkId: () => fork,
    checkFork: () => 'ok',
    ...changes,
  };
}

const [alice, bob, eve] = [identity('alice'), identity('bob'), identity('eve')];
const challengeA = 'aa'.repeat(32);
const challengeB = 'bb'.repeat(32);

function isProven(
  local: LocalIdentity,
  challenge: string,
  ...rest: [Parameters<typeof proofItem>[2], Parameters<typeof proofItem>[3]]
) {
  const item = proofItem(local, challenge, ...rest);
  return verifyZip215(item.signature, item.message, item.publicKey);
}

describe('checkGreeting', () => {
  it('accepts a node of the same chain with a version in common', () => {
    expect(checkGreeting(alice, greeting(bob, challengeB, head))).toBeUndefined();
  });

  it('names why two nodes cannot speak', () => {
    const refusal = (changes: Partial<LocalIdentity>) =>
      checkGreeting(alice, greeting(identity('bob', changes), challengeB, head));
    expect(refusal({ protocolMin: 3, protocolMax: 4 })).toBe('PROTOCOL_VERSION');
    expect(refusal({ genesisId: blockHash('22'.repeat(32)) })).toBe('OTHER_GENESIS');
    expect(refusal({ publicKey: alice.publicKey })).toBe('SELF');
    expect(refusal({ publicKey: publicKey(`01${'00'.repeat(31)}`) })).toBe('BAD_KEY');
  });

  it('passes on the verdict about the fork id', () => {
    const stale = identity('alice', { checkFork: () => 'UPGRADE_REQUIRED' });
    const other = identity('alice', { checkFork: () => 'INCOMPATIBLE' });
    expect(checkGreeting(stale, greeting(bob, challengeB, head))).toBe('UPGRADE_REQUIRED');
    expect(checkGreeting(other, greeting(bob, challengeB, head))).toBe('INCOMPATIBLE_FORK');
  });
});

describe('proveIdentity', () => {
  const fromAlice = greeting(alice, challengeA, head);
  const proof = proveIdentity(crypto, bob, challengeB, fromAlice);

  it('proves the key of a greeting to the one who challenged it', () => {
    expect(isProven(alice, challengeA, greeting(bob, challengeB, head), proof)).toBe(true);
  });

  it('proves nothing to anybody else, on another connection or under another key', () => {
    const fromBob = greeting(bob, challengeB, head);
    expect(isProven(eve, challengeA, fromBob, proof)).toBe(false);
    expect(isProven(alice, 'cc'.repeat(32), fromBob, proof)).toBe(false);
    expect(isProven(alice, challengeA, greeting(bob, 'dd'.repeat(32), head), proof)).toBe(false);
    expect(isProven(alice, challengeA, greeting(eve, challengeB, head), proof)).toBe(false);
  });

  it('cannot be sent back to the one who made it', () => {
    const mirrored = proveIdentity(crypto, alice, challengeA, greeting(bob, challengeB, head));
    expect(isProven(alice, challengeA, fromAlice, mirrored)).toBe(false);
    expect(hexToBytes(mirrored.signature)?.length).toBe(64);
  });
});

describe('resolveDuplicate', () => {
  it('keeps at both ends the one connection that the smaller key dialed, in whatever order they came', () => {
    const keys = [alice.publicKey, bob.publicKey].sort((a, b) => (a < b ? -1 : 1)) as [PublicKey, PublicKey];
    const [small, large] = keys;
    // Connection S was dialed by the smaller key, L by the larger one.
    const kept = (local: PublicKey, remote: PublicKey, first: 'S' | 'L', second: 'S' | 'L'): string => {
      const direction = (c: 'S' | 'L') => ((c === 'S') === (local === small) ? 'out' : 'in');
      const winner = resolveDuplicate({
        local,
        remote,
        oldDirection: direction(first),
        newDirection: direction(second),
      });
      return winner === 'old' ? first : second;
    };
    for (const [first, second] of [
      ['S', 'L'],
      ['L', 'S'],
    ] as const) {
      expect([kept(small, large, first, second), kept(large, small, first, second)]).toEqual(['S', 'S']);
    }
  });

  it('keeps the newer of two that came from the same end: the older one may be dead', () => {
    const pair = { local: alice.publicKey, remote: bob.publicKey };
    expect(resolveDuplicate({ ...pair, oldDirection: 'in', newDirection: 'in' })).toBe('new');
  });
});
