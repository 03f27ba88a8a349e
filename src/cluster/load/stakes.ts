/** Hosts whose owners stake and unstake with the keys of the nodes themselves, so that the validator set changes. */
import { RECEIPT_STATUS } from '../../chain/types/account.ts';
import type { Action, Transaction } from '../../chain/types/transaction.ts';
import { transactionId } from '../../chain/types/transaction-codec.ts';
import { amount } from '../../chain/types/units.ts';
import type { LoadPlan, StakesPlan } from '../plan.ts';
import { type Load, type LoadHost, type LoadResult, repeat, submitSomewhere } from './load.ts';
import type { Keys } from './wallet.ts';

/** One move in so many is one that the rules must refuse: too little, or more than there is. */
const REFUSED_EVERY = 6;
/** Above the least price, so that a block that is full of transfers still takes it. */
const GAS_PRICE = amount(20n);

/** What one owner knows of its own stake, by the receipts of its transactions. */
interface Owner {
  readonly keys: Keys;
  nonce: number;
  /** As the newest receipt leaves it. */
  bonded: bigint;
  /** Sent, and not seen on the chain yet; with what it leaves when it is carried out. */
  open: { readonly transaction: Transaction; readonly bonded: bigint } | undefined;
}

/** A host that takes part: its key, and what genesis gives it. */
export interface StakingHost {
  readonly keys: Keys;
  readonly stake: number;
}

/** @param hosts those that the plan lists; no other load uses their keys. */
export function createStakes(
  host: LoadHost,
  plan: LoadPlan,
  { amount: value, keep, moves }: StakesPlan,
  hosts: readonly StakingHost[],
): Load {
  const owners = hosts.map(
    ({ keys, stake }): Owner => ({ keys, nonce: 0, bonded: BigInt(stake), open: undefined }),
  );
  const whole = BigInt(value);
  let submitted = 0;

  /** How many surely keep stake, whichever of the open transactions are carried out. */
  function bondedCount(): number {
    return owners.filter(({ bonded, open }) => bonded > 0n && (open === undefined || open.bonded > 0n))
      .length;
  }

  /** What the rules refuse: less than the least stake is no stake, and nobody takes back more than there is. */
  function wrongAction({ bonded }: Owner): Action {
    return bonded === 0n
      ? { kind: 'stake', amount: amount(1n) }
      : { kind: 'unstake', amount: amount(bonded + 1n) };
  }

  function actionOf(owner: Owner, isWrong: boolean): Action | undefined {
    if (isWrong) return wrongAction(owner);
    if (owner.bonded === 0n) return moves === 'leave' ? undefined : { kind: 'stake', amount: amount(whole) };
    if (moves === 'join' || bondedCount() <= keep) return undefined;
    return { kind: 'unstake', amount: amount(owner.bonded) };
  }

  function move(owner: Owner, isWrong: boolean): void {
    const action = actionOf(owner, isWrong);
    if (action === undefined) return;
    const { keys, nonce } = owner;
    const draft = { version: 1, chainId: host.chainId, nonce, gasPrice: GAS_PRICE, action };
    const bonded = action.kind === 'stake' ? owner.bonded + action.amount : isWrong ? owner.bonded : 0n;
    owner.open = { transaction: host.signer.sign(keys, draft), bonded };
    submitted++;
    submit(owner.open.transaction);
  }

  function submit(transaction: Transaction): void {
    submitSomewhere(host, { kind: 'SubmitTransaction', transaction }, () => {});
  }

  /** What became of the open transaction; what nobody knows any more is sent again. */
  function lookAfter(
    owner: Owner,
    { transaction, bonded }: NonNullable<Owner['open']>,
    isWrong: boolean,
  ): void {
    const id = transactionId(transaction);
    submitSomewhere(host, { kind: 'GetTransaction', id }, (answer) => {
      if (owner.open?.transaction !== transaction) return;
      if (answer.kind === 'NotFound') submit(transaction);
      if (answer.kind !== 'Transaction' || !answer.final || answer.receipt === undefined) return;
      const { status } = answer.receipt;
      if (status === RECEIPT_STATUS.OK) owner.bonded = bonded;
      // Whoever was slashed has less than its owner thought: it starts anew from nothing.
      else if (status === RECEIPT_STATUS.STAKE_REFUSED && !isWrongOf(transaction, owner)) owner.bonded = 0n;
      owner.nonce = transaction.nonce + 1;
      owner.open = undefined;
      move(owner, isWrong);
    });
  }

  function isWrongOf({ action }: Transaction, { bonded }: Owner): boolean {
    return action.kind === 'unstake' && action.amount > bonded;
  }

  return {
    kind: plan.kind,
    start: () =>
      repeat(host, plan.everyUs, plan.fromUs, plan.untilUs, () => {
        const owner = owners[host.stream.below(owners.length)] as Owner;
        const isWrong = host.stream.below(REFUSED_EVERY) === 0;
        if (owner.open === undefined) move(owner, isWrong);
        else lookAfter(owner, owner.open, isWrong);
      }),
    // Fees go to the hosts as well, so that their balances depend on who proposed.
    result: (): LoadResult => ({ submitted, acknowledged: [], accounts: [] }),
  };
}
