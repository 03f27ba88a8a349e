/** Links between real nodes as TCP proxies on the loopback interface, one for each direction of dialing: they hold bytes back, give up, and heal; no root is needed. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { LinkChange } from '../../sim/network/link-change.ts';
import { LinkFaults } from '../../sim/network/link-faults.ts';

const HOST = '127.0.0.1';
/** Bytes of one direction that are held back: what comes then stays with the sender. */
const HELD_MAX_BYTES = 16 * 1024 * 1024;

/** What the proxies tell. */
export interface ProxyWatcher {
  /** Bytes left `from` for `to`, whether or not they get there. @param stream one direction of one connection. */
  onBytes(from: number, to: number, stream: number, bytes: Uint8Array): void;
}

/** The links of one run. */
export interface LinkProxies {
  /** Where host `from` dials host `to`. */
  portOf(from: number, to: number): number;
  set(change: LinkChange): void;
  clear(id: string): void;
  /** Drops every connection; the ports are free when it resolves. */
  close(): Promise<void>;
}

/** @param dials for each host whom it dials. @param portOf where a host listens. @param stallResetMs after so long a connection that is cut ends. */
export async function createLinkProxies(
  dials: readonly (readonly number[])[],
  portOf: (host: number) => number,
  stallResetMs: number,
  watcher: ProxyWatcher,
): Promise<LinkProxies> {
  const faults = new LinkFaults(dials.length);
  const links = new Set<Link>();
  const ports = new Map<string, number>();
  const servers: Server[] = [];
  let streams = 0;

  for (const [from, targets] of dials.entries()) {
    for (const to of targets) {
      // Half-open: that one side has said its last is for the link to pass on, or to hold back.
      const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
        const link = new Link({ from, to, stream: streams, port: portOf(to), stallResetMs }, socket, {
          faults,
          watcher,
          onGone: (gone) => links.delete(gone),
        });
        streams += 2;
        links.add(link);
      });
      ports.set(`${from}-${to}`, await listen(server));
      servers.push(server);
    }
  }
  const look = (): void => {
    for (const link of [...links]) link.look();
  };

  return {
    portOf: (from, to) => ports.get(`${from}-${to}`) ?? 0,
    set(change) {
      faults.set(change);
      look();
    },
    clear(id) {
      faults.clear(id);
      look();
    },
    async close() {
      for (const link of [...links]) link.drop();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const bound = server.address();
      resolve(bound === null || typeof bound === 'string' ? 0 : bound.port);
    });
  });
}

interface LinkPlan {
  readonly from: number;
  readonly to: number;
  /** That of the way there; the way back has the next number. */
  readonly stream: number;
  readonly port: number;
  readonly stallResetMs: number;
}

interface LinkWorld {
  readonly faults: LinkFaults;
  readonly watcher: ProxyWatcher;
  onGone(link: Link): void;
}

/** One connection, by way of this process. */
class Link {
  readonly #plan: LinkPlan;
  readonly #world: LinkWorld;
  readonly #near: Socket;
  #far: Socket | undefined;
  readonly #there: Way;
  #back: Way | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #isGone = false;

  constructor(plan: LinkPlan, near: Socket, world: LinkWorld) {
    this.#plan = plan;
    this.#near = near;
    this.#world = world;
    const { from, to, stream } = plan;
    this.#there = new Way(near, (bytes) => world.watcher.onBytes(from, to, stream, bytes));
    near.on('error', () => {});
    near.on('close', () => this.#onClosed());
    this.look();
  }

  /** Links have changed, or something has come: what may pass does. */
  look(): void {
    if (this.#isGone) return;
    const { faults } = this.#world;
    const { from, to } = this.#plan;
    const isCut = faults.isCut(from, to) || faults.isCut(to, from);
    // A handshake of TCP needs both ways; of a clog no connection ends.
    if (this.#far === undefined) {
      if (!isCut && !faults.isClogged(from, to) && !faults.isClogged(to, from)) this.#dial();
    } else {
      this.#there.pass(!faults.isCut(from, to) && !faults.isClogged(from, to));
      this.#back?.pass(!faults.isCut(to, from) && !faults.isClogged(to, from));
    }
    if (!isCut) {
      clearTimeout(this.#stalled);
      this.#stalled = undefined;
    } else this.#stalled ??= setTimeout(() => this.drop(), this.#plan.stallResetMs);
    this.#onClosed();
  }

  /** Ends it for both sides. */
  drop(): void {
    this.#isGone = true;
    clearTimeout(this.#stalled);
    this.#near.destroy();
    this.#far?.destroy();
    this.#world.onGone(this);
  }

  #dial(): void {
    const { from, to, stream, port } = this.#plan;
    const far = connect({ host: HOST, port, noDelay: true, allowHalfOpen: true });
    this.#far = far;
    const back = new Way(far, (bytes) => this.#world.watcher.onBytes(to, from, stream + 1, bytes));
    this.#back = back;
    far.on('error', () => {});
    far.on('close', () => this.#onClosed());
    far.once('connect', () => {
      this.#there.to(far);
      back.to(this.#near);
      this.look();
    });
  }

  /** One side is gone: the other learns it once nothing is held back from it. */
  #onClosed(): void {
    if (this.#isGone) return;
    const { faults } = this.#world;
    const { from, to } = this.#plan;
    const isOpen = (a: number, b: number): boolean => !faults.isCut(a, b) && !faults.isClogged(a, b);
    const isNearGone = this.#near.closed && isOpen(from, to);
    const isFarGone = this.#far?.closed === true && isOpen(to, from);
    if (isNearGone || isFarGone) this.drop();
  }
}

/** One direction: what comes out of a socket, until it may go into the other one. */
class Way {
  readonly #source: Socket;
  #target: Socket | undefined;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isOpen = false;
  #hasEnded = false;

  constructor(source: Socket, onBytes: (bytes: Uint8Array) => void) {
    this.#source = source;
    source.on('data', (chunk: Uint8Array) => {
      onBytes(chunk);
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      this.#flow();
    });
    source.on('end', () => {
      this.#hasEnded = true;
      this.#flow();
    });
  }

  to(target: Socket): void {
    this.#target = target;
    target.on('drain', () => this.#flow());
    this.#flow();
  }

  /** Whether bytes may go on just now. */
  pass(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#flow();
  }

  #flow(): void {
    const target = this.#target;
    while (this.#isOpen && target?.writable === true && !target.writableNeedDrain) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      this.#heldBytes -= chunk.length;
      target.write(chunk);
    }
    if (this.#heldBytes > HELD_MAX_BYTES) this.#source.pause();
    else if (this.#source.isPaused()) this.#source.resume();
    if (this.#hasEnded && this.#isOpen && this.#held.length === 0 && target?.writable === true) target.end();
  }
}
