/** Serves blocks that peers ask for by id: whole ones or their first part, and some of their transactions. */
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeLimits } from '../node-config.ts';
import type { Block } from '../types/block.ts';
import type { GetBlockMessage, GetBlockResponseMessage, Message } from '../types/message.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionLayout } from '../types/transaction-codec.ts';
import type { BlockHash } from '../types/units.ts';
import type { PeerFault } from './fault.ts';
import { fitsAnswer, partOf } from './partial-body.ts';
import type { Peer } from './peer.ts';

/** An index below 6,096 and two commas. */
const INDEX_JSON_BYTES = 6;

/** What serving needs of the node. */
export interface BlockServerPorts {
  readonly limits: Pick<NodeLimits, 'answerBytesMax'>;
  readonly ledger: Pick<Ledger<unknown>, 'block' | 'certificate' | 'status'>;
  /** As ConsensusRules.isCertified. */
  readonly isCertified: boolean;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  /** A body that waits for its signatures, or for its parent: it was announced, so it is served. */
  waiting(id: BlockHash): Block | undefined;
  /** A block that the engine has and that is not decided: it travels without a certificate. */
  undecided(id: BlockHash): Block | undefined;
}

/** Answers GetBlock. Keeps the last answer: after an announcement every peer asks for the same block. */
export class BlockServer {
  readonly #ports: BlockServerPorts;
  #last: GetBlockResponseMessage | undefined;

  constructor(ports: BlockServerPorts) {
    this.#ports = ports;
  }

  onGetBlock(peer: Peer, message: GetBlockMessage): void {
    const { id, indexes } = message;
    const { ledger } = this.#ports;
    if (indexes === undefined && this.#last?.id === id) {
      this.#ports.send(peer, this.#last);
      return;
    }
    const block = ledger.block(id) ?? this.#ports.waiting(id) ?? this.#ports.undecided(id);
    const isExecuted = ledger.status(id) === 'executed';
    const certificate = isExecuted ? ledger.certificate(id) : '';
    // A decided block whose certificate the disk has lost would look as if it were not decided.
    const isUnproven = this.#ports.isCertified && isExecuted && certificate === '';
    if (block === undefined || isUnproven) {
      this.#ports.send(peer, { kind: 'GetBlockResponse', id, result: { kind: 'unknown' } });
      return;
    }
    if (indexes !== undefined) {
      this.#serveIndexes(peer, id, block, indexes);
      return;
    }
    const result = this.#resultOf(block, certificate);
    const response: GetBlockResponseMessage = { kind: 'GetBlockResponse', id, result };
    // A certificate may still come to a block that is not executed.
    if (isExecuted) this.#last = response;
    this.#ports.send(peer, response);
  }

  #resultOf(block: Block, certificate: string): GetBlockResponseMessage['result'] {
    const { answerBytesMax } = this.#ports.limits;
    const part = fitsAnswer(block, certificate, answerBytesMax) ? undefined : partOf(block, certificate, 0);
    return part === undefined ? { kind: 'block', block, certificate } : { kind: 'part', ...part };
  }

  /** Of the transactions asked for the first, as many as one answer carries. */
  #serveIndexes(peer: Peer, id: BlockHash, block: Block, indexes: readonly number[]): void {
    const transactions: Transaction[] = [];
    let bytes = 0;
    let last = -1;
    for (const index of indexes) {
      const transaction = block.transactions[index];
      if (transaction === undefined || index <= last) {
        this.#ports.fault(peer, 'OVER_LIMIT');
        return;
      }
      last = index;
      bytes += transactionLayout.jsonSize(transaction) + INDEX_JSON_BYTES;
      if (transactions.length > 0 && bytes > this.#ports.limits.answerBytesMax) break;
      transactions.push(transaction);
    }
    const count = transactions.length;
    const served = count === indexes.length ? indexes : indexes.slice(0, count);
    const result = { kind: 'transactions', indexes: served, transactions } as const;
    this.#ports.send(peer, { kind: 'GetBlockResponse', id, result });
  }
}
