/** What bad input is made of: valid things of the chain that is tried, and of others. */

import { decodeJson, toJsonText } from '../../src/chain/types/layout/codec.ts';
import type { Message } from '../../src/chain/types/message.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { transactionLayout, transactionSignBytes } from '../../src/chain/types/transaction-codec.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import { createNativeSuite } from '../../src/lab/native-suite.ts';
import { SAMPLE_MESSAGES } from '../vectors/samples.ts';
import type { HttpCorpus } from './http-inputs.ts';
import { P2pSession } from './p2p-session.ts';
import type { Target } from './target.ts';

const SUITE = createNativeSuite();
const TRANSACTIONS = 6;
/** Messages that the node itself sends: its proposals, votes, blocks and statuses, to be replayed. */
const OVERHEARD = 40;

/** Everything. */
export interface Corpus {
  readonly http: HttpCorpus;
  readonly messages: readonly Message[];
}

export async function collectCorpus(target: Target): Promise<Corpus> {
  const transactions = Array.from({ length: TRANSACTIONS }, (_, nonce) => transactionOf(target, nonce));
  const forms = transactions.map((transaction): unknown =>
    JSON.parse(toJsonText(transactionLayout, transaction)),
  );
  const overheard = await listen(target.p2pPort);
  const { id } = await target.client.head();
  const [first] = transactions;
  const otherChain =
    first === undefined ? [] : [{ transaction: { ...Object(forms[0]), chainId: 'a'.repeat(64) } }];
  return {
    http: {
      submissions: [...forms.map((transaction) => ({ transaction })), ...otherChain],
      hashes: [id, target.chain.id, 'f'.repeat(64), 'F'.repeat(64)],
      addresses: [target.account.address, `aur1${'q'.repeat(58)}`],
    },
    messages: [
      ...SAMPLE_MESSAGES,
      ...overheard,
      { kind: 'Transactions', have: [], want: [], bodies: transactions },
    ],
  };
}

/** Transfers of one account; the first three are good now, the others wait for them. */
function transactionOf({ chain, account }: Target, nonce: number): Transaction {
  const form = {
    version: 1,
    chainId: chain.id,
    senderKey: account.key,
    nonce,
    validUntilHeight: 0,
    gasLimit: 200_000,
    gasPrice: '1',
    action: { kind: 'transfer', to: String(nonce + 1).repeat(64), amount: '1' },
    signature: '0'.repeat(128),
  };
  const parse = (value: object): Transaction => {
    const found = decodeJson(transactionLayout, new TextEncoder().encode(JSON.stringify(value)), 65_536);
    if (isDecodeRejection(found)) throw new Error(found.detail);
    return found;
  };
  const signature = SUITE.sign(account.secret, transactionSignBytes(parse(form)));
  return parse({ ...form, signature: bytesToHex(signature) });
}

async function listen(port: number): Promise<readonly Message[]> {
  const session = new P2pSession(port, 'listener');
  if (!(await session.becomePeer())) throw new Error('the node takes an honest peer');
  const heard: Message[] = [];
  while (heard.length < OVERHEARD) {
    const message = await session.next(({ kind }) => kind !== 'Ping');
    if (message === undefined) throw new Error('the node keeps an honest peer');
    heard.push(message);
  }
  session.destroy();
  return heard;
}
