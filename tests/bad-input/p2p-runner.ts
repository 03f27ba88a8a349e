/** Sends bad input to the P2P port; each connection must end in words that the node chose, or go on as a peer's. */
import { blockHash, publicKey, signature } from '../../src/chain/types/units.ts';
import { longLine, type OpeningDamage, type P2pInput } from './p2p-inputs.ts';
import { P2pSession } from './p2p-session.ts';

const CONNECTIONS = 6;
/** One peer in so many sends a line that is longer than any message. */
const LONG_LINE_EACH = 400;

/** What was wrong with one connection. */
export interface P2pFlaw {
  readonly input: P2pInput;
  readonly what: string;
}

/** How connections ended, by name. */
export type P2pCounts = Map<string, number>;

/** Runs all inputs, some at once. @param name makes the keys of the strangers. */
export async function runP2p(
  port: number,
  inputs: readonly P2pInput[],
  name: string,
  counts: P2pCounts,
): Promise<readonly P2pFlaw[]> {
  const flaws: P2pFlaw[] = [];
  const lanes = Array.from({ length: CONNECTIONS }, async (_, lane) => {
    for (let i = lane; i < inputs.length; i += CONNECTIONS) {
      const input = inputs[i];
      if (input === undefined) continue;
      const session = new P2pSession(port, `${name} ${i}`);
      try {
        const end = await tryInput(session, input, i);
        counts.set(end, (counts.get(end) ?? 0) + 1);
      } catch (error) {
        flaws.push({ input, what: error instanceof Error ? error.message : String(error) });
      } finally {
        session.destroy();
      }
    }
  });
  await Promise.all(lanes);
  return flaws;
}

/** How it ended. @throws {Error} when it did not as it should. */
async function tryInput(session: P2pSession, input: P2pInput, index: number): Promise<string> {
  switch (input.kind) {
    case 'stranger': {
      for (const [i, line] of input.lines.entries()) {
        session.write(line);
        if (!input.isLineOpen || i < input.lines.length - 1) session.write(Buffer.from('\n'));
      }
      session.end();
      await session.over();
      return 'stranger: connection ended';
    }
    case 'opening':
      return tryOpening(session, input.how);
    default: {
      if (!(await session.becomePeer())) return 'peer: not taken';
      for (const line of input.lines) session.write(Buffer.concat([line, Buffer.from('\n')]));
      if (index % LONG_LINE_EACH === 0) session.write(Buffer.concat([longLine(), Buffer.from('\n')]));
      return (await session.isAlive()) ? 'peer: goes on' : 'peer: connection ended';
    }
  }
}

async function tryOpening(session: P2pSession, how: OpeningDamage): Promise<string> {
  const opening = await session.opening();
  if (opening === undefined) return `opening ${how}: not taken`;
  const { greeting, proof } = opening;
  const zeros = '0'.repeat(64);
  switch (how) {
    case 'otherChain':
      session.send({ ...greeting, genesisId: blockHash(zeros) });
      break;
    case 'otherProtocol':
      session.send({ ...greeting, protocolMin: 1_000, protocolMax: 1_000 });
      break;
    case 'otherFork':
      session.send({ ...greeting, forkHash: 'ffffffff' });
      break;
    case 'otherKey':
      session.send({ ...greeting, nodeKey: publicKey(zeros) });
      session.send(proof);
      break;
    case 'badProof':
      session.send(greeting);
      session.send({ kind: 'HandshakeProof', signature: signature('0'.repeat(128)) });
      break;
    case 'proofOnly':
      session.send(proof);
      break;
    case 'twice':
      session.send(greeting);
      session.send(greeting);
      break;
    case 'half':
      session.send(greeting);
      session.end();
      break;
    case 'mute':
      session.end();
      break;
    case 'cut':
      session.write(Buffer.from('{"kind":"Handshake","protocolMin":1'));
      session.end();
      break;
    case 'long':
      // No line feed ever: what is longer than a handshake is not waited for.
      session.write(Buffer.alloc(100_000, 'a'));
      break;
    default:
      return how satisfies never;
  }
  await session.over();
  return `opening ${how}: connection ended`;
}
