/** Forged certificates: a host that gives true blocks, whose certificates have a signature that nobody made. */
import { z } from 'zod';
import { type Commit, decodeCommit, encodeCommit } from '../../chain/consensus/pos/commit.ts';
import type { Message } from '../../chain/types/message.ts';
import { signature } from '../../chain/types/units.ts';
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';

const SIGNATURE_DIGITS = 128;

function commitOf(certificate: string): Commit | undefined {
  const bytes = hexToBytes(certificate);
  const commit = bytes === undefined ? undefined : decodeCommit(bytes);
  return commit === undefined || isDecodeRejection(commit) ? undefined : commit;
}

/** The same votes, of which the first is signed by nobody; what is no commit stays as it is. */
function forged(certificate: string): string {
  const commit = commitOf(certificate);
  if (commit === undefined) return certificate;
  const votes = commit.votes.map((vote, i) =>
    i === 0 ? { ...vote, signature: signature('1'.repeat(SIGNATURE_DIGITS)) } : vote,
  );
  return bytesToHex(encodeCommit({ ...commit, votes }));
}

function lie(message: Message): Message {
  if (message.kind === 'SyncResponse' && message.result.kind === 'blocks') {
    const { result } = message;
    if (result.certificates.every((certificate) => certificate === '')) return message;
    return { ...message, result: { ...result, certificates: result.certificates.map(forged) } };
  }
  if (message.kind === 'GetBlockResponse' && message.result.kind === 'block') {
    const { result } = message;
    if (result.certificate === '') return message;
    return { ...message, result: { ...result, certificate: forged(result.certificate) } };
  }
  return message;
}

export const forgedCertificates = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('forged-certificates'), ...WINDOW }).meta({
    description: 'Gives blocks that are asked for with certificates in which one signature is wrong.',
  }),
  engines: ['pos'],
  create(seat, _line, { env }) {
    const links = new Links(seat, env);
    return { env: links.env(lie), process: (honest) => links.process(honest) };
  },
});
