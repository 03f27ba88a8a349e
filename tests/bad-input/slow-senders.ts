/** Who sends so slowly that it never ends: the node gives such connections up, and serves others meanwhile. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.ts';

const HTTP_CONNECTIONS = 60;
const P2P_CONNECTIONS = 30;
const PIECE_MS = 200;
/** Requests have two seconds, handshakes ten; a machine may be busy. */
const PATIENCE_MS = 120_000;

/** What was wrong; empty: nothing. */
export async function trySlowSenders(target: Target): Promise<readonly string[]> {
  const request =
    'POST /submit-tx HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n{"transaction":';
  const begun = (at: number): string => request.slice(0, 10 + ((at * 7) % request.length));
  const senders = [
    ...Array.from({ length: HTTP_CONNECTIONS }, (_, i) => send(target.apiPort, begun(i), 'a')),
    ...Array.from({ length: P2P_CONNECTIONS }, (_, i) =>
      send(target.p2pPort, i % 2 === 0 ? '' : '{"kind":"Hand', ' '),
    ),
  ];
  const ends = Promise.all(senders);
  let isOver = false;
  void ends.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await target.checkHealth();
    await sleep(PIECE_MS);
  }
  const late = (await ends).filter((isLate) => isLate).length;
  return late === 0 ? [] : [`${late} of ${senders.length} slow senders were never given up`];
}

/** True: it was never given up. */
function send(port: number, first: string, piece: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const startedMs = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - startedMs > PATIENCE_MS) {
        clearInterval(timer);
        socket.destroy();
        resolve(true);
      } else socket.write(piece);
    }, PIECE_MS);
    socket.on('error', () => {});
    socket.resume();
    socket.on('connect', () => socket.write(first));
    socket.on('close', () => {
      clearInterval(timer);
      resolve(false);
    });
  });
}
