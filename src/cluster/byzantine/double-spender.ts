/**
 * Double spender: mines a private fork that spends its coins otherwise than the payment that the others confirm, and
 * publishes it when it is the longer one. The first private block is found before the payment is sent (Finney's attack).
 */
import { z } from 'zod';
import type { Candidate, ConsensusHost, Engine } from '../../chain/consensus/consensus.ts';
import type { Block } from '../../chain/types/block.ts';
import type { ChainWorld } from '../../chain/types/command.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { Message } from '../../chain/types/message.ts';
import type { Transaction } from '../../chain/types/transaction.ts';
import { transactionId } from '../../chain/types/transaction-codec.ts';
import { accountAddress, amount, type BlockHash, gas, type TxId } from '../../chain/types/units.ts';
import type { Process } from '../../env/program.ts';
import { ms } from '../../env/units.ts';
import { defineBehaviour, type Layer, type LayerWorld, type Seat, WINDOW } from './behaviour.ts';
import { Links, repeatedly } from './connections.ts';
import { withHandlers, withHost } from './engine-door.ts';
import { ForkRace, type RacePlan } from './fork-race.ts';
import { HiddenBlocks } from './hidden-blocks.ts';

const CONFIRMATIONS = 2;
const GIVE_UP = 6;
/** Between two looks at the own account. */
const LOOK_MS = 4_000;
/** A transfer that opens an account, and some room. */
const GAS_LIMIT = 40_000n;
/** What is spent twice. */
const PAYMENT = 100n;
/** The own spend pays more, so that it is the one that the own node mines. */
const PRICE = { payment: 2n, own: 4n } as const;

export const doubleSpender = defineBehaviour({
  schema: z
    .strictObject({
      kind: z.literal('double-spender'),
      ...WINDOW,
      confirmations: z
        .int()
        .min(1)
        .max(1_000)
        .optional()
        .meta({ description: 'Public blocks for which it waits before it publishes; default 2.' }),
      giveUp: z
        .int()
        .min(1)
        .max(1_000)
        .optional()
        .meta({ description: 'So many blocks behind it gives up; default 6.' }),
    })
    .meta({
      description:
        'Pays, and mines a private fork in which the coins go to itself; publishes it when it is longer. Needs blocks of its own for the money.',
    }),
  engines: ['pow'],
  create: (seat, { confirmations = CONFIRMATIONS, giveUp = GIVE_UP }, world) =>
    new DoubleSpender(seat, { confirmations, depth: giveUp }, world).layer(),
});

/** The two spends of the same coins. */
interface Pair {
  readonly payment: Transaction;
  readonly own: Transaction;
}

interface Race {
  readonly race: ForkRace;
  /** Height of the last block that both branches have. */
  readonly base: number;
  confirmed: number;
  tip: Candidate;
}

class DoubleSpender {
  readonly #seat: Seat;
  readonly #plan: RacePlan;
  readonly #world: LayerWorld;
  readonly #links: Links;
  readonly #hidden: HiddenBlocks;
  readonly #own = new Set<BlockHash>();
  #process: Process<ChainWorld> | undefined;
  #host: ConsensusHost<unknown> | undefined;
  #engine: Engine | undefined;
  /** Made and not yet mined. */
  #pair: Pair | undefined;
  /** Payments of this boot, which are still given to who asks. */
  readonly #payments = new Map<TxId, Transaction>();
  /** Spends that nobody is told of while they are not published in a block. */
  readonly #secrets = new Set<TxId>();
  #race: Race | undefined;

  constructor(seat: Seat, plan: RacePlan, world: LayerWorld) {
    this.#seat = seat;
    this.#plan = plan;
    this.#world = world;
    this.#links = new Links(seat, world.env);
    this.#hidden = new HiddenBlocks(this.#links);
  }

  layer(): Layer {
    const { env } = this.#world;
    const begin = repeatedly(this.#seat, env, 'byzantine.spend', LOOK_MS, () => this.#prepare());
    return {
      env: {
        ...this.#links.env((message) => this.#filter(message), false),
        emit: (event) => {
          env.emit(event);
          if (event.kind === 'BlockImported') this.#onImported(event.id, event.height);
        },
      },
      consensus: (honest) =>
        withHost(
          honest,
          (host) => ({ submit: (block, certificate) => this.#onFound(host, block, certificate) }),
          (engine, host) => this.#drive(engine, host),
        ),
      process: (honest) => {
        this.#process = honest;
        return {
          ...this.#links.process(honest, (link, message) => {
            if (message.kind !== 'Transactions') return false;
            const bodies = message.want.flatMap((id) => this.#payments.get(id) ?? []);
            if (bodies.length > 0)
              this.#links.send(link, { kind: 'Transactions', have: [], want: [], bodies });
            return bodies.length > 0 && message.have.length === 0 && message.want.length === bodies.length;
          }),
          onStart() {
            honest.onStart();
            begin();
          },
        };
      },
    };
  }

  /** While it races the engine mines on the private tip, whatever the node's head is. */
  #drive(engine: Engine, host: ConsensusHost<unknown>): Engine {
    this.#engine = engine;
    this.#host = host;
    return withHandlers(engine, {
      onHead: (head) => {
        if (this.#race === undefined || head.id === this.#race.tip.id) engine.onHead(head);
      },
    });
  }

  /** Nothing is under way: two spends of the same coins are signed, and the own node gets the one that pays it. */
  #prepare(): void {
    const { keys } = this.#seat;
    const process = this.#process;
    process?.onCommand({ kind: 'GetAccount', address: keys.address, prove: false }, (answer) => {
      if (answer.kind !== 'Account' || this.#race !== undefined) return;
      // Mined in a block that was no beginning.
      if (this.#pair !== undefined && this.#pair.own.nonce < answer.account.nonce) this.#pair = undefined;
      if (this.#pair !== undefined || answer.account.balance < PAYMENT + GAS_LIMIT * PRICE.own) return;
      const pair = this.#sign(answer.account.nonce);
      this.#pair = pair;
      this.#secrets.add(transactionId(pair.own));
      process.onCommand({ kind: 'SubmitTransaction', transaction: pair.own }, (reply) => {
        if (reply.kind === 'Refused') this.#pair = undefined;
      });
    });
  }

  #sign(nonce: number): Pair {
    const { signer, keys, chainId, stream } = this.#seat;
    const merchant = Array.from({ length: 8 }, () => stream.word().toString(16).padStart(8, '0')).join('');
    const spend = (to: string, price: bigint): Transaction =>
      signer.sign(keys, {
        version: 1,
        chainId,
        nonce,
        gasLimit: gas(Number(GAS_LIMIT)),
        gasPrice: amount(price),
        action: { kind: 'transfer', to: accountAddress(to), amount: amount(PAYMENT) },
      });
    return { payment: spend(merchant, PRICE.payment), own: spend(keys.address, PRICE.own) };
  }

  #onFound(host: ConsensusHost<unknown>, block: Block, certificate: Uint8Array | undefined): void {
    this.#own.add(blockId(block.header));
    const race = this.#race;
    const pair = this.#pair;
    if (race !== undefined && block.header.parent === race.tip.id) this.#lengthen(race, host, block);
    else if (race === undefined && pair !== undefined && this.#seat.isActive() && holds(block, pair.own))
      this.#begin(host, block, pair);
    host.submit(block, certificate);
  }

  /** The own spend stands in a block that nobody knows: now the payment is sent. */
  #begin(host: ConsensusHost<unknown>, block: Block, { payment }: Pair): void {
    const head = host.head();
    const tip = this.#candidate(host, head, block);
    if (tip === undefined || head.id !== block.header.parent) return;
    this.#pair = undefined;
    this.#race = { race: new ForkRace(this.#plan), base: head.header.height, confirmed: 0, tip };
    this.#hide(block, tip, head);
    const id = transactionId(payment);
    this.#payments.set(id, payment);
    for (const link of this.#links.ready())
      this.#links.send(link, { kind: 'Transactions', have: [id], want: [], bodies: [] });
  }

  #lengthen(race: Race, host: ConsensusHost<unknown>, block: Block): void {
    const tip = this.#candidate(host, race.tip, block);
    if (tip === undefined) return;
    race.tip = tip;
    this.#hide(block, tip, host.head());
    this.#look(race);
  }

  #hide(block: Block, tip: Candidate, head: Candidate): void {
    this.#hidden.hide(block, tip.weight, head);
    this.#seat.deviated();
  }

  #candidate(host: ConsensusHost<unknown>, parent: Candidate, block: Block): Candidate | undefined {
    const { header } = block;
    const view = host.view(header.parent);
    if (view === undefined) return undefined;
    const weight = this.#world.config.consensus.rules.weigh(parent.weight, view, header);
    return { id: blockId(header), header, weight };
  }

  #onImported(id: BlockHash, height: number): void {
    const race = this.#race;
    if (race === undefined) return;
    if (this.#own.has(id)) {
      if (id === race.tip.id) this.#mineOn(race.tip);
      return;
    }
    race.confirmed = Math.max(race.confirmed, height - race.base);
    this.#look(race);
  }

  #look(current: Race): void {
    const { race, confirmed } = current;
    race.onRaced(confirmed, this.#hidden.count);
    if (race.verdict === 'open') return;
    this.#race = undefined;
    if (race.verdict === 'succeeded') this.#hidden.publish();
    else {
      this.#hidden.drop();
      const head = this.#host?.head();
      if (head !== undefined) this.#mineOn(head);
    }
  }

  /** As an event of its own: a handler of the node runs. */
  #mineOn(tip: Candidate): void {
    this.#host?.clock.setTimer('byzantine.mine', ms(0), () => this.#engine?.onHead(tip));
  }

  #filter(message: Message): Message | undefined {
    if (message.kind !== 'Transactions') return this.#hidden.filter(message);
    const have = message.have.filter((id) => !this.#secrets.has(id));
    const bodies = message.bodies.filter((body) => !this.#secrets.has(transactionId(body)));
    if (have.length === message.have.length && bodies.length === message.bodies.length) return message;
    if (have.length + bodies.length + message.want.length === 0) return undefined;
    return { ...message, have, bodies };
  }
}

function holds(block: Block, transaction: Transaction): boolean {
  const id = transactionId(transaction);
  return block.transactions.some((other) => transactionId(other) === id);
}
