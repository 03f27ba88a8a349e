/** One thread of a verifier: checks what it is sent. */
import { parentPort } from 'node:worker_threads';
import { createNativeSignatures } from './native-signatures.ts';
import { unpackItems } from './packed-items.ts';
import type { FromVerifier, ToVerifier } from './verifier.ts';

const port = parentPort;
if (port === null) throw new Error('a verifier runs in a thread of its own');
const suite = createNativeSignatures();

port.on('message', ({ id, items }: ToVerifier) => {
  const valid = Uint8Array.from(unpackItems(items), (item) => (suite.verify(item) ? 1 : 0));
  const answer: FromVerifier = { id, valid };
  port.postMessage(answer, [valid.buffer]);
});
