/** One thread of a verifier: checks what it is sent, a little at a time where something may go ahead. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { createNativeSignatures } from './native-signatures.ts';
import { unpackItems } from './packed-items.ts';
import type { FromVerifier, ToVerifier, VerifierStart } from './verifier.ts';

/** Items between two looks at what goes ahead: 1 to 2 ms. */
const SLICE_ITEMS = 32;

const port = parentPort;
if (port === null) throw new Error('a verifier runs in a thread of its own');
// Only verifier.ts starts this file.
const { ahead }: VerifierStart = workerData;
const suite = createNativeSignatures();

/** @param between called before each slice. */
function answer({ id, items }: ToVerifier, between: () => void): void {
  const valid = new Uint8Array(items.count);
  for (const [i, item] of unpackItems(items).entries()) {
    if (i % SLICE_ITEMS === 0) between();
    if (suite.verify(item)) valid[i] = 1;
  }
  const told: FromVerifier = { id, valid };
  port?.postMessage(told, [valid.buffer]);
}

function answerAhead(told: ToVerifier): void {
  answer(told, () => {});
}

function answerAllAhead(): void {
  for (;;) {
    const received: { readonly message: ToVerifier } | undefined = receiveMessageOnPort(ahead);
    if (received === undefined) return;
    answerAhead(received.message);
  }
}

ahead.on('message', answerAhead);
port.on('message', (told: ToVerifier) => answer(told, answerAllAhead));
