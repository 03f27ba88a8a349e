/** Every route of the API. */
import { Registry } from 'prom-client';
import { z } from 'zod';
import { encodeAddress } from '../../chain/crypto/address.ts';
import { receiptLayout } from '../../chain/types/account-codec.ts';
import { blockLayout } from '../../chain/types/block-codec.ts';
import type { Answer, PlaceInChain } from '../../chain/types/command.ts';
import { genesisLayout } from '../../chain/types/genesis-codec.ts';
import { headerLayout } from '../../chain/types/header-codec.ts';
import { transactionLayout } from '../../chain/types/transaction-codec.ts';
import { type AccountAddress, blockHash, height, txId } from '../../chain/types/units.ts';
import { jsonable } from '../jsonable.ts';
import { familiesOf } from '../metrics/samples.ts';
import { summaryOf } from '../metrics/summary.ts';
import { expected, found } from './answers.ts';
import { eventForm, eventsQuery } from './event-forms.ts';
import { ANSWERS, PARAMS, QUERIES } from './forms.ts';
import { plain } from './plain.ts';
import { ApiError, type ApiNode, type ApiRequest, formed, type Route } from './route.ts';
import { SUBMIT_ROUTES } from './submit-routes.ts';
import { accountNamed } from './subscription.ts';

const PAGE = 100;

/** In the order in which they are documented. */
export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/chain/head',
    summary: 'The newest block of the main chain, and what of it is final.',
    status: 200,
    answer: ANSWERS.head,
    errors: {},
    async handle(node) {
      const { id, header, finality } = expected(await node.command({ kind: 'GetHead' }), 'Head');
      return { id, header: plain(headerLayout, header), finality };
    },
  },
  {
    method: 'GET',
    path: '/chain/genesis',
    summary: 'What the chain began with: its parameters, who has money and who decides.',
    status: 200,
    answer: ANSWERS.genesis,
    errors: {},
    handle: async ({ chain, genesis }) => ({ id: chain, genesis: plain(genesisLayout, genesis) }),
  },
  {
    method: 'GET',
    path: '/chain/blocks/{at}',
    summary: 'A block of the main chain by its height, or any block by its id.',
    params: PARAMS.at,
    status: 200,
    answer: ANSWERS.block,
    errors: { 404: 'NOT_FOUND' },
    async handle(node, { params }) {
      const { at } = formed(PARAMS.at, 'params', params);
      const { id, block } = found(await blockAt(node, at), 'Block', `block ${at}`);
      return { id, block: plain(blockLayout, block) };
    },
  },
  {
    method: 'GET',
    path: '/chain/transactions/{id}',
    summary: 'A transaction of the main chain or of the mempool, and whether it is final.',
    params: PARAMS.id,
    status: 200,
    answer: ANSWERS.transaction,
    errors: { 404: 'NOT_FOUND' },
    async handle(node, { params }) {
      const { id } = formed(PARAMS.id, 'params', params);
      const answer = await node.command({ kind: 'GetTransaction', id: txId(id) });
      const { transaction, place, receipt, final } = found(answer, 'Transaction', `transaction ${id}`);
      return {
        transaction: plain(transactionLayout, transaction),
        status: place === 'mempool' ? 'mempool' : final ? 'final' : 'included',
        place: place === 'mempool' ? null : place,
        receipt: receipt === undefined ? null : plain(receiptLayout, receipt),
      };
    },
  },
  {
    method: 'GET',
    path: '/accounts/{address}',
    summary: 'Nonce and balance after the newest block; an account that nobody has paid has neither.',
    params: PARAMS.address,
    query: QUERIES.proof,
    status: 200,
    answer: ANSWERS.account,
    errors: {},
    async handle(node, request) {
      const address = addressIn(request);
      const { proof: prove = false } = formed(QUERIES.proof, 'querystring', request.query);
      const answer = await node.command({ kind: 'GetAccount', address, prove });
      const { account, nextNonce, at, stateRoot, proof } = expected(answer, 'Account');
      return {
        address,
        text: encodeAddress(address),
        nonce: account.nonce,
        nextNonce,
        balance: String(account.balance),
        at,
        stateRoot,
        proof: proof ?? null,
      };
    },
  },
  {
    method: 'GET',
    path: '/accounts/{address}/transactions',
    summary: 'Transactions that an account sent or received, the newest first.',
    params: PARAMS.address,
    query: QUERIES.page,
    status: 200,
    answer: ANSWERS.accountTransactions,
    errors: {},
    async handle(node, request) {
      const address = addressIn(request);
      const { before, limit = PAGE } = formed(QUERIES.page, 'querystring', request.query);
      const answer = await node.command({
        kind: 'GetAccountTransactions',
        address,
        before: before === undefined ? undefined : placeIn(before),
        limit,
      });
      const { places } = expected(answer, 'AccountTransactions');
      const last = places.at(-1);
      const isLast = places.length < limit || last === undefined;
      return { transactions: places, next: isLast ? null : `${last.height}:${last.index}` };
    },
  },
  ...SUBMIT_ROUTES,
  {
    method: 'GET',
    path: '/events',
    summary:
      'A WebSocket that tells new blocks, reorganisations, finality and transactions, from any height on: each message is one of these.',
    query: eventsQuery,
    status: 101,
    answer: eventForm,
    errors: { 426: 'UPGRADE_REQUIRED', 429: 'TOO_MANY_STREAMS' },
    handle: 'stream',
  },
  {
    method: 'GET',
    path: '/mempool',
    summary: 'How many transactions wait; `queued`: behind one of their sender that is missing.',
    status: 200,
    answer: ANSWERS.mempool,
    errors: {},
    handle: async (node) => node.inspect().mempool,
  },
  {
    method: 'GET',
    path: '/peers',
    summary: 'The nodes that this one is connected with.',
    status: 200,
    answer: ANSWERS.peers,
    errors: {},
    async handle(node) {
      const { peers, knownAddresses, bannedPeers } = node.inspect();
      return {
        peers: peers.map(({ peer, address, direction, height: at, head, score }) => {
          return { peer, address, direction, height: at, head: head.id, score };
        }),
        known: knownAddresses,
        banned: bannedPeers,
      };
    },
  },
  {
    method: 'GET',
    path: '/consensus',
    summary: 'What the engine is doing: mining, waiting for its turn, or in which step of which round.',
    status: 200,
    answer: ANSWERS.consensus,
    errors: {},
    handle: async (node) => jsonable(node.inspect().engine),
  },
  {
    method: 'GET',
    path: '/health',
    summary: 'How the node is, in one answer.',
    status: 200,
    answer: ANSWERS.health,
    errors: {},
    async handle(node) {
      const { halted, head, finality, peers, sync } = node.inspect();
      return {
        status: halted !== undefined ? 'halted' : sync.phase === 'idle' ? 'ok' : 'syncing',
        why: halted ?? null,
        height: head.height,
        final: finality.final,
        peers: peers.length,
        chain: node.chain,
        version: node.version,
      };
    },
  },
  {
    method: 'GET',
    path: '/healthz',
    summary: 'The process answers.',
    status: 200,
    answer: ANSWERS.word,
    errors: {},
    handle: async () => ({ status: 'ok' }),
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'The node has caught up with its peers, as far as it knows: it may be asked.',
    status: 200,
    answer: ANSWERS.word,
    errors: { 503: 'NOT_READY' },
    async handle(node) {
      const { halted, sync } = node.inspect();
      if (halted === undefined && sync.phase === 'idle') return { status: 'ready' };
      throw new ApiError(
        503,
        'NOT_READY',
        halted === undefined ? `the node syncs: ${sync.phase}` : `the node has halted: ${halted}`,
      );
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Every metric of this node, as Prometheus reads them; docs/metrics.md has what they mean.',
    status: 200,
    answer: z.string(),
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    errors: {},
    handle: (node) => node.metrics().metrics(),
  },
  {
    method: 'GET',
    path: '/metrics/summary',
    summary:
      'The same as JSON; of what is counted by size: how often, the mean, and the 50th, 95th and 99th percentile.',
    status: 200,
    answer: ANSWERS.metrics,
    errors: {},
    handle: async (node) => summaryOf(await familiesOf(node.metrics())),
  },
];

/** Of `height` or `height:index`. */
function placeIn(text: string): PlaceInChain {
  const [at, index = '0'] = text.split(':');
  return { height: height(Number(at)), index: Number(index) };
}

async function blockAt(node: ApiNode, at: string): Promise<Answer> {
  if (at.length === 64) return node.command({ kind: 'GetBlock', at: { id: blockHash(at) } });
  if (at !== 'head') return node.command({ kind: 'GetBlock', at: { height: height(Number(at)) } });
  const { id } = expected(await node.command({ kind: 'GetHead' }), 'Head');
  return node.command({ kind: 'GetBlock', at: { id } });
}

function addressIn({ params }: ApiRequest): AccountAddress {
  return accountNamed(formed(PARAMS.address, 'params', params).address);
}
