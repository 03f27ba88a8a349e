/** Transfers and burns at a rate, from funded accounts in nonce order; what is lost on the way is sent again. */
import type { Transaction } from '../../chain/types/transaction.ts';
import { transactionId } from '../../chain/types/transaction-codec.ts';
import { amount, type TxId } from '../../chain/types/units.ts';
import type { LoadPlan } from '../plan.ts';
import {
  type Load,
  type LoadAnswer,
  type LoadHost,
  type LoadResult,
  repeat,
  submitSomewhere,
} from './load.ts';
import { type Keys, transferDraft } from './wallet.ts';

/** Not yet included transactions of one account that a client has under way: the gap that a mempool takes. */
const IN_FLIGHT_MAX = 16;
/** How often a client looks after what became of its transactions. */
const RESYNC_US = 20_000_000;
/** Of the accounts with open transactions so many are looked after at once: a client has its own limits. */
const RESYNC_ACCOUNTS_MAX = 50;

interface Wallet {
  readonly keys: Keys;
  readonly index: number;
  /** All of them, in nonce order; those from `submitted` on wait here. */
  readonly transactions: Transaction[];
  submitted: number;
  /** As the last answer said; a reorganisation may lower it. */
  included: number;
  /** Of the first so many a node has said that they are final. */
  acknowledged: number;
}

/** @param wallets the keys of this load's accounts; no other load uses them. */
export function createTransfers(host: LoadHost, plan: LoadPlan, wallets: readonly Keys[]): Load {
  const accounts = wallets.map(
    (keys, index): Wallet => ({ keys, index, transactions: [], submitted: 0, included: 0, acknowledged: 0 }),
  );
  const acknowledged: { id: TxId; host: number }[] = [];
  const { resyncUs = RESYNC_US } = host;
  let resyncFrom = 0;

  function create(wallet: Wallet): Transaction {
    const nonce = wallet.transactions.length;
    if (plan.kind === 'burns') {
      const action = { kind: 'burn', amount: amount(BigInt(1 + (nonce % 50))) } as const;
      return host.signer.sign(wallet.keys, {
        version: 2,
        chainId: host.chainId,
        nonce,
        gasPrice: amount(5n),
        action,
      });
    }
    const hot = plan.hotPercent > 0 && (nonce * 37 + wallet.index * 11) % 100 < plan.hotPercent;
    const to = accounts[hot ? 0 : (wallet.index * 7 + nonce * 13 + 1) % accounts.length] as Wallet;
    return host.signer.sign(
      wallet.keys,
      transferDraft(wallet.index, nonce, to.keys.address, host.chainId, 1),
    );
  }

  function submit(transaction: Transaction): void {
    submitSomewhere(host, { kind: 'SubmitTransaction', transaction }, () => {});
  }

  function submitWaiting(wallet: Wallet): void {
    const upTo = Math.min(wallet.transactions.length, wallet.included + IN_FLIGHT_MAX);
    for (; wallet.submitted < upTo; wallet.submitted++)
      submit(wallet.transactions[wallet.submitted] as Transaction);
  }

  function sendOne(): void {
    const hot = plan.hotPercent > 0 && host.stream.below(100) < plan.hotPercent;
    const wallet = accounts[hot ? 0 : host.stream.below(accounts.length)] as Wallet;
    wallet.transactions.push(create(wallet));
    submitWaiting(wallet);
  }

  function onAccount(wallet: Wallet, answer: LoadAnswer): void {
    if (answer.kind !== 'Account') return;
    const included = Math.min(answer.account.nonce, wallet.transactions.length);
    // Where nothing moved, something was lost on the way: all that is under way is sent again.
    if (included <= wallet.included) wallet.submitted = included;
    wallet.included = included;
    submitWaiting(wallet);
    // Finality is asked for half-way: a transaction that is final makes all earlier ones of its account final.
    const next = wallet.transactions[Math.floor((wallet.acknowledged + included) / 2)];
    if (next !== undefined && included > wallet.acknowledged) askFinal(wallet, next);
  }

  function askFinal(wallet: Wallet, transaction: Transaction): void {
    const id = transactionId(transaction);
    submitSomewhere(host, { kind: 'GetTransaction', id }, (answer, by) => {
      if (answer.kind !== 'Transaction' || !answer.final) return;
      acknowledged.push({ id, host: by });
      wallet.acknowledged = Math.max(wallet.acknowledged, transaction.nonce + 1);
    });
  }

  /** Looks after some accounts, the next ones each time. */
  function resync(): void {
    const count = Math.min(RESYNC_ACCOUNTS_MAX, accounts.length);
    for (let i = 0; i < count; i++) {
      const wallet = accounts[(resyncFrom + i) % accounts.length] as Wallet;
      if (wallet.acknowledged === wallet.transactions.length) continue;
      const command = { kind: 'GetAccount', address: wallet.keys.address, prove: false } as const;
      submitSomewhere(host, command, (answer) => onAccount(wallet, answer));
    }
    resyncFrom = (resyncFrom + count) % accounts.length;
  }

  return {
    kind: plan.kind,
    start() {
      repeat(host, plan.everyUs, plan.fromUs, plan.untilUs, sendOne);
      const keepGoing = (): void => {
        resync();
        host.at(host.nowUs() + resyncUs, keepGoing);
      };
      host.at(plan.fromUs + resyncUs, keepGoing);
    },
    result(): LoadResult {
      const submitted = accounts.reduce((sum, wallet) => sum + wallet.transactions.length, 0);
      return {
        submitted,
        acknowledged,
        accounts: accounts.map((wallet) => ({
          address: wallet.keys.address,
          sent: wallet.transactions.length,
        })),
      };
    },
  };
}
