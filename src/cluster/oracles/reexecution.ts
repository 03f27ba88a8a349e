/** Re-execution: every block on an honest chain follows the rules and gives its roots; supply is conserved, nonces only grow. */

import { type ExecutedBlock, executeBlock } from '../../chain/execution/execute-block.ts';
import { type BuiltGenesis, buildGenesis } from '../../chain/execution/genesis.ts';
import { circulating, readSupply } from '../../chain/execution/supply.ts';
import type { State, StateChange } from '../../chain/state/state.ts';
import { decodeAccount } from '../../chain/types/account-codec.ts';
import type { Block } from '../../chain/types/block.ts';
import { isRejection } from '../../chain/types/rejection.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { ClusterView, Executed, Oracle, Report } from './oracle.ts';
import { certificateFlaw } from './stored-certificates.ts';
import type { StoredChain } from './stored-chains.ts';

/** Leaves read at once when balances are added up. */
const LEAVES_PER_PAGE = 4_096;

/** Why a chain cannot be: the first block that breaks a rule. */
interface Broken {
  readonly id: BlockHash;
  readonly rule: string;
  readonly fact: string;
}

/** JSON of a rejection: its amounts are bigint. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function accountOf(state: State, address: string): { readonly nonce: number; readonly balance: bigint } {
  const leaf = state.get('accounts', address);
  if (leaf === undefined) return { nonce: 0, balance: 0n };
  const account = decodeAccount(leaf);
  return isDecodeRejection(account) ? { nonce: -1, balance: 0n } : account;
}

function balanceOf(leaf: Uint8Array): bigint {
  const account = decodeAccount(leaf);
  return isDecodeRejection(account) ? 0n : account.balance;
}

/** Judges the main chain of every live host at the end, from genesis, sharing nothing with the hosts; and what it has as proof of each block. */
export function createReexecution(view: ClusterView, report: Report): Oracle {
  const { context } = view.setup;
  const built = buildGenesis(context.genesis, context.rules, (bytes) => view.setup.suite.sha256(bytes));
  const { executed } = view;
  const broken = new Map<BlockHash, Broken>();
  let checked = 0;

  function start(genesis: BuiltGenesis<unknown>): void {
    executed.set(genesis.id, { height: 0, state: genesis.state, view: genesis.view });
  }
  if (!isRejection(built)) start(built);

  /** What the engine's own records hold. */
  function heldBy(state: State): bigint {
    return context.rules.held?.(state) ?? 0n;
  }

  function execute(id: BlockHash, block: Block): Executed | Broken {
    const parent = executed.get(block.header.parent);
    if (parent === undefined)
      return { id, rule: 'parent-unknown', fact: `block ${id.slice(0, 12)} stands on nothing` };
    checked++;
    const result = executeBlock(context, parent.view, parent.state, block);
    if (isRejection(result)) {
      return {
        id,
        rule: result.code,
        fact: `block ${id.slice(0, 12)} at height ${block.header.height}: ${JSON.stringify(result, plain)}`,
      };
    }
    const fact = changesFact(parent.state, result, block);
    if (fact !== undefined) return { id, ...fact };
    return { height: block.header.height, state: result.state, view: result.view };
  }

  /** Laws over one block that the executor does not state itself: balances add up, no nonce falls. */
  function changesFact(
    before: State,
    { state: after, changes }: ExecutedBlock<unknown>,
    block: Block,
  ): { readonly rule: string; readonly fact: string } | undefined {
    const supplyBefore = circulating(readSupply(before));
    const supplyAfter = circulating(readSupply(after));
    let balanceDelta = heldBy(after) - heldBy(before);
    for (const address of touchedBy(block, changes)) {
      const old = accountOf(before, address);
      const now = accountOf(after, address);
      balanceDelta += now.balance - old.balance;
      if (now.nonce < old.nonce) {
        return {
          rule: 'nonce-fell',
          fact: `the nonce of ${address.slice(0, 12)} fell from ${old.nonce} to ${now.nonce} at height ${block.header.height}`,
        };
      }
    }
    if (balanceDelta === supplyAfter - supplyBefore) return undefined;
    const fact = `at height ${block.header.height} balances and stake changed by ${balanceDelta}, the counted supply by ${supplyAfter - supplyBefore}`;
    return { rule: 'supply-not-conserved', fact };
  }

  /** Whom the block names, and whose leaf changed for whatever reason. */
  function touchedBy(block: Block, changes: readonly StateChange[]): ReadonlySet<string> {
    const touched = new Set<string>([block.header.beneficiary]);
    for (const { namespace, id } of changes) if (namespace === 'accounts') touched.add(id);
    for (const transaction of block.transactions) {
      touched.add(view.setup.senderOf(transaction));
      if (transaction.action.kind === 'transfer') touched.add(transaction.action.to);
    }
    return touched;
  }

  function check(host: number): void {
    const snapshot = view.inspect(host);
    if (snapshot === undefined) return;
    const known = broken.get(snapshot.head.id);
    if (known !== undefined) return;
    const chain = view.chains.wholeChain(view.disks(), host, snapshot.head);
    if (chain.missing !== undefined) {
      if (view.isTainted(host)) return;
      const fact = `${view.nameOf(host)} lacks the body of ${chain.missing.slice(0, 12)}, which is on its chain`;
      return report({ rule: 'body-missing', kind: 'safety', hosts: [host], fact });
    }
    for (const { id, block } of chain.blocks) {
      if (executed.has(id)) continue;
      const result = execute(id, block);
      if ('fact' in result) {
        broken.set(snapshot.head.id, result);
        return report({
          rule: result.rule,
          kind: 'safety',
          hosts: [host],
          fact: `${view.nameOf(host)}: ${result.fact}`,
        });
      }
      executed.set(id, result);
    }
    checkCertificates(host, chain);
    checkTotal(host, snapshot.head.id);
  }

  /** Of hosts that kept their disks: a block counts with its certificate. */
  function checkCertificates(host: number, { blocks }: StoredChain): void {
    if (view.isTainted(host)) return;
    for (const { id, block } of blocks) {
      const after = executed.get(id);
      if (after === undefined) return;
      const { header } = block;
      const flaw = certificateFlaw(view.setup, view.disk(host), { id, header, view: after.view });
      if (flaw === undefined) continue;
      const fact = `${view.nameOf(host)} keeps a certificate of block ${id.slice(0, 12)} at height ${header.height} that decides nothing: ${flaw}`;
      return report({ rule: 'certificate', kind: 'safety', hosts: [host], fact });
    }
  }

  const totalled = new Set<BlockHash>();

  /** At the head all balances together, and what the engine holds, are the counted supply. */
  function checkTotal(host: number, id: BlockHash): void {
    const state = executed.get(id)?.state;
    if (state === undefined || totalled.has(id)) return;
    totalled.add(id);
    let total = heldBy(state);
    let after: string | undefined;
    for (;;) {
      const page = state.leaves(after, LEAVES_PER_PAGE);
      for (const leaf of page) if (leaf.namespace === 'accounts') total += balanceOf(leaf.value);
      after = page.at(-1)?.key;
      if (page.length < LEAVES_PER_PAGE) break;
    }
    const supply = circulating(readSupply(state));
    if (total === supply) return;
    report({
      rule: 'supply-not-conserved',
      kind: 'safety',
      hosts: [host],
      fact: `all balances and stakes together are ${total}, the counted supply is ${supply}`,
    });
  }

  return {
    name: 're-execution',
    checked: () => checked,
    onEnd() {
      for (let host = 0; host < view.hostCount; host++) if (view.isHonest(host)) check(host);
    },
  };
}
