/** Clients that send what must be refused, and pairs of transactions of which one at most can stand. */
import type { LoadPlan } from '../plan.ts';
import { type Load, type LoadHost, type LoadResult, repeat, submitSomewhere } from './load.ts';
import { spoil, WRONGS } from './spoil.ts';
import { type Keys, transferDraft } from './wallet.ts';

/** Different prices make different transactions; refusals are not remembered for so many. */
const SALT_MAX = 1_000;

/** Every one must be refused, by whichever host is asked. */
export function createInvalid(host: LoadHost, plan: LoadPlan, wallets: readonly Keys[]): Load {
  let submitted = 0;
  const keys = wallets[0] as Keys;

  function sendOne(): void {
    const wrong = host.stream.pick(WRONGS);
    const salt = host.stream.below(SALT_MAX);
    const transaction = spoil(host, keys, wrong, salt);
    submitted++;
    submitSomewhere(host, { kind: 'SubmitTransaction', transaction }, (answer, by) => {
      if (answer.kind !== 'Accepted') return;
      host.report(
        'invalid-accepted',
        by,
        `a transaction with a wrong ${wrong} was accepted: ${answer.id.slice(0, 12)}`,
      );
    });
  }

  return {
    kind: plan.kind,
    start: () => repeat(host, plan.everyUs, plan.fromUs, plan.untilUs, sendOne),
    result: (): LoadResult => ({ submitted, acknowledged: [], accounts: [] }),
  };
}

/** Two transactions with one nonce, to two hosts at once. That one of them stands at most is for re-execution to say. */
export function createConflicting(host: LoadHost, plan: LoadPlan, wallets: readonly Keys[]): Load {
  const nonces = wallets.map(() => 0);
  let submitted = 0;

  function sendPair(): void {
    const index = host.stream.below(wallets.length);
    const keys = wallets[index] as Keys;
    const nonce = nonces[index] as number;
    for (const side of [0, 1]) {
      const to = wallets[(index + 1 + side) % wallets.length] as Keys;
      const transaction = host.signer.sign(
        keys,
        transferDraft(index + side, nonce, to.address, host.chainId, 1),
      );
      submitted++;
      submitSomewhere(host, { kind: 'SubmitTransaction', transaction }, () => {});
    }
    submitSomewhere(host, { kind: 'GetAccount', address: keys.address, prove: false }, (answer) => {
      if (answer.kind === 'Account') nonces[index] = answer.account.nonce;
    });
  }

  return {
    kind: plan.kind,
    start: () => repeat(host, plan.everyUs, plan.fromUs, plan.untilUs, sendPair),
    result: (): LoadResult => ({ submitted, acknowledged: [], accounts: [] }),
  };
}
