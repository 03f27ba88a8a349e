/** Operators who tell their nodes what to propose, at their time, or as soon as a node that is down is back. */
import type { Command } from '../chain/types/command.ts';
import type { ChainSetup } from './chain-setup.ts';
import type { ClusterPlan } from './plan.ts';

/** An operator whose node is down, or does not take the order, tries again after so long. */
const RETRY_US = 1_000_000;

/** What operators may ask of the simulation. */
export interface OperatorHost {
  nowUs(): number;
  at(atUs: number, run: () => void): void;
  /** False when the host is down. */
  command(host: number, command: Command, onAnswer: (isTaken: boolean) => void): boolean;
}

/** Schedules every proposal of the plan. Who restarts in the middle of it is told again: a proposal twice is one. */
export function scheduleProposals(plan: ClusterPlan, setup: ChainSetup, operators: OperatorHost): void {
  for (const { atUs, hosts, what, target } of plan.proposals) {
    const body = setup.proposalBody(what, target);
    if (body === undefined) continue;
    for (const host of hosts) {
      const order = (): void => {
        let isTaken = false;
        operators.command(host, { kind: 'Propose', body }, (taken) => {
          isTaken = taken;
        });
        operators.at(operators.nowUs() + RETRY_US, () => {
          if (!isTaken) order();
        });
      };
      operators.at(atUs, order);
    }
  }
}
