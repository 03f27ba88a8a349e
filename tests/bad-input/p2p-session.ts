/** One connection to a node's P2P port, from the bytes up: it can do the handshake, and need not. */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { greeting, type LocalIdentity, proveIdentity } from '../../src/chain/peers/handshake.ts';
import type { HandshakeMessage, Message } from '../../src/chain/types/message.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import { publicKey } from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { Crypto } from '../../src/env/crypto.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import { address, keyId } from '../../src/env/units.ts';
import { createNativeSuite } from '../../src/lab/native-suite.ts';

const SUITE = createNativeSuite();
const KEY = keyId('stranger');
const codec = createMessageCodec();
const PATIENCE_MS = 60_000;

/** Lines that a peer sends first. */
export interface Opening {
  readonly greeting: HandshakeMessage;
  readonly proof: Message;
}

/** A connection of a stranger with a key of its own. */
export class P2pSession {
  readonly #socket: Socket;
  readonly #secret: Uint8Array;
  readonly #waiting = new Set<() => void>();
  #rest: Buffer = Buffer.alloc(0);
  /** What the node has said and nobody has taken. */
  readonly messages: Message[] = [];
  isOver = false;

  /** @param name makes the key. */
  constructor(port: number, name: string) {
    this.#secret = new Uint8Array(createHash('sha256').update(name).digest());
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isOver = true;
      this.#wake();
    });
  }

  write(bytes: Uint8Array): void {
    if (!this.isOver) this.#socket.write(bytes);
  }

  send(message: Message): void {
    this.write(Buffer.concat([codec.encode(message), Buffer.from('\n')]));
  }

  /** Nothing more comes from this side. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** What an honest node of this key says first; undefined: the connection ended before. */
  async opening(): Promise<Opening | undefined> {
    const remote = await this.next((message) => message.kind === 'Handshake');
    if (remote?.kind !== 'Handshake') return undefined;
    const local: LocalIdentity = {
      key: KEY,
      publicKey: publicKey(bytesToHex(SUITE.publicKey(this.#secret))),
      listen: address('127.0.0.1:1'),
      genesisId: remote.genesisId,
      protocolMin: remote.protocolMin,
      protocolMax: remote.protocolMax,
      forkId: () => remote,
      checkFork: () => 'ok',
    };
    const crypto: Crypto = {
      sha256: (bytes) => SUITE.sha256(bytes),
      verify: () => {},
      publicKey: () => SUITE.publicKey(this.#secret),
      sign: (_key, bytes) => SUITE.sign(this.#secret, bytes),
    };
    const challenge = bytesToHex(this.#secret);
    return {
      greeting: greeting(local, challenge, remote.head),
      proof: proveIdentity(crypto, local, challenge, remote),
    };
  }

  /** Does the handshake: true when the node takes this side for a peer. */
  async becomePeer(): Promise<boolean> {
    const opening = await this.opening();
    if (opening === undefined) return false;
    this.send(opening.greeting);
    this.send(opening.proof);
    return (await this.next(({ kind }) => kind === 'HandshakeProof')) !== undefined && this.isAlive();
  }

  /** Asks by Ping: false when the connection has ended. @throws {Error} when there is no answer and no end. */
  async isAlive(): Promise<boolean> {
    const nonce = Math.floor(Math.random() * 1e9);
    const head = { id: '0'.repeat(64), height: 0, weight: '' };
    this.write(Buffer.from(`${JSON.stringify({ kind: 'Ping', nonce, head })}\n`));
    return (await this.next((message) => message.kind === 'Pong' && message.nonce === nonce)) !== undefined;
  }

  /** The next message like that, those before it dropped; undefined: the connection ended first. */
  async next(isWanted: (message: Message) => boolean): Promise<Message | undefined> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      for (let message = this.messages.shift(); message !== undefined; message = this.messages.shift())
        if (isWanted(message)) return message;
      if (this.isOver) return undefined;
      if (performance.now() > deadlineMs) throw new Error(`no answer and no end within ${PATIENCE_MS} ms`);
      await this.#change();
    }
  }

  /** @throws {Error} when it does not end. */
  async over(): Promise<void> {
    await this.next(() => false);
  }

  /** Resolves when something came, or in a second. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), 1_000);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }

  #onData(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let cut = this.#rest.indexOf(10); cut >= 0; cut = this.#rest.indexOf(10)) {
      const message = codec.decode(new Uint8Array(this.#rest.subarray(0, cut)));
      if (!isDecodeRejection(message)) this.messages.push(message);
      this.#rest = this.#rest.subarray(cut + 1);
    }
    this.#wake();
  }
}
