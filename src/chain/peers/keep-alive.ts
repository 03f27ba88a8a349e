/** Keep-alive: pings silent peers, drops the ones that do not answer, and refreshes their claims on the way. */
import type { Clock, Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import type { NodeLimits } from '../node-config.ts';
import type { HeadClaim, Message, PongMessage } from '../types/message.ts';
import type { Peer } from './peer.ts';

/** What the keep-alive needs of the node. */
export interface KeepAlivePorts {
  readonly clock: Clock;
  readonly limits: NodeLimits;
  readonly peers: () => readonly Peer[];
  readonly head: () => HeadClaim;
  send(peer: Peer, message: Message): boolean;
  close(peer: Peer, reason: string): void;
}

/** One timer for all peers. Exists only where pings are on. */
export class KeepAlive {
  readonly #ports: KeepAlivePorts;
  #timer: Timer | undefined;
  #nextNonce = 1;

  constructor(ports: KeepAlivePorts) {
    this.#ports = ports;
  }

  /** A peer is there: the timer runs while there is one. */
  onPeerUp(): void {
    this.#schedule();
  }

  onMessage(peer: Peer): void {
    peer.lastHeardMs = this.#ports.clock.monotonicMs();
  }

  onPong(peer: Peer, message: PongMessage): void {
    if (message.nonce !== peer.pingNonce || peer.pingNonce === 0) return;
    peer.pingNonce = 0;
    peer.pingMs = Math.min(peer.pingMs, this.#ports.clock.monotonicMs() - peer.pingSentMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    const { clock, limits } = this.#ports;
    if (this.#timer !== undefined) return;
    this.#timer = clock.setTimer('keep-alive', ms(Math.max(1, limits.pingTimeoutMs >>> 1)), () => {
      this.#timer = undefined;
      this.#sweep(clock.monotonicMs());
      if (this.#ports.peers().length > 0) this.#schedule();
    });
  }

  #sweep(nowMs: number): void {
    const { limits } = this.#ports;
    for (const peer of this.#ports.peers()) {
      if (peer.pingNonce !== 0) {
        // Any message is a sign of life; only the pong clears the ping.
        if (nowMs - Math.max(peer.pingSentMs, peer.lastHeardMs) >= limits.pingTimeoutMs) {
          this.#ports.close(peer, 'ping timeout');
        }
      } else if (nowMs - peer.lastHeardMs >= limits.pingIntervalMs) {
        peer.pingNonce = this.#nextNonce++;
        peer.pingSentMs = nowMs;
        this.#ports.send(peer, { kind: 'Ping', nonce: peer.pingNonce, head: this.#ports.head() });
      }
    }
  }
}
