/** Workloads: who submits what, when and where. Sees the cluster as a client does: commands and answers. */
import type { Account, Receipt } from '../../chain/types/account.ts';
import type { Answer, Command } from '../../chain/types/command.ts';
import type { AccountAddress, Hash, TxId } from '../../chain/types/units.ts';
import type { Stream } from '../../sim/seeds.ts';
import type { Signer } from './wallet.ts';

/** What a client asks of a node. */
export type LoadCommand = Extract<
  Command,
  { readonly kind: 'SubmitTransaction' | 'GetTransaction' | 'GetAccount' }
>;

/** What it makes of the answer: by way of HTTP there is no more. */
export type LoadAnswer =
  | { readonly kind: 'Accepted'; readonly id: TxId }
  | { readonly kind: 'Account'; readonly account: Pick<Account, 'nonce'> }
  | {
      readonly kind: 'Transaction';
      readonly final: boolean;
      readonly receipt: Pick<Receipt, 'status'> | undefined;
    }
  | { readonly kind: Exclude<Answer['kind'], 'Accepted' | 'Account' | 'Transaction'> };

/** What a workload may ask of the cluster. */
export interface LoadHost {
  readonly hostCount: number;
  readonly chainId: Hash;
  readonly signer: Signer;
  /** What is sent and when: drawn in the order of simulated time alone, so that no answer shifts it. */
  readonly stream: Stream;
  /** Whom to ask. */
  readonly routing: Stream;
  /** How often a client looks after what became of its transactions; absent: every 20 s. */
  readonly resyncUs?: number;
  nowUs(): number;
  at(atUs: number, run: () => void): void;
  /** False when the host is down. */
  command(host: number, command: LoadCommand, onAnswer: (answer: LoadAnswer) => void): boolean;
  /** Something that a node must never answer. */
  report(rule: string, host: number, fact: string): void;
}

/** What a workload knows at the end. */
export interface LoadResult {
  readonly submitted: number;
  /** Transactions of which a node said that they are final, by height of the claim. */
  readonly acknowledged: readonly { readonly id: TxId; readonly host: number }[];
  /** Accounts whose balances are independent of the order of events once everything is included. */
  readonly accounts: readonly { readonly address: AccountAddress; readonly sent: number }[];
}

export interface Load {
  readonly kind: string;
  start(): void;
  result(): LoadResult;
}

/** A first choice by draw; hosts that are down pass it on to the next. Answers the host that took it. */
export function submitSomewhere(
  host: LoadHost,
  command: LoadCommand,
  onAnswer: (answer: LoadAnswer, by: number) => void,
): number | undefined {
  const first = host.routing.below(host.hostCount);
  for (let i = 0; i < host.hostCount; i++) {
    const target = (first + i) % host.hostCount;
    if (host.command(target, command, (answer) => onAnswer(answer, target))) return target;
  }
  return undefined;
}

/** Runs `act` again and again from `fromUs` until `untilUs`, `everyUs` apart on average, half of it jitter. */
export function repeat(
  host: LoadHost,
  everyUs: number,
  fromUs: number,
  untilUs: number,
  act: () => void,
): void {
  const next = (afterUs: number): void => {
    const atUs = afterUs + Math.max(1, Math.floor(everyUs / 2) + host.stream.below(everyUs));
    if (atUs >= untilUs) return;
    host.at(atUs, () => {
      act();
      next(atUs);
    });
  };
  next(fromUs);
}
