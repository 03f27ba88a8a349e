/** One block in execution, the same for a block that is checked and for one that is built: begin, transactions, end. */
import { assert } from '../../env/assert.ts';
import type { BlockContext, HeaderDraft, SystemEffects } from '../consensus/consensus.ts';
import { readAccount } from '../state/accounts.ts';
import type { State, StateChange } from '../state/state.ts';
import { createStateWriter, type StateOverlay } from '../state/state-writer.ts';
import type { Receipt } from '../types/account.ts';
import { decodeAccount } from '../types/account-codec.ts';
import type { SystemData } from '../types/block.ts';
import type { BlockRejection, TransactionRejection } from '../types/rejection.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { accountAddress, amount, type Gas, gas, SUPPLY_MAX } from '../types/units.ts';
import { applyTransaction, credit, type TransactionContext } from './apply-transaction.ts';
import type { ExecutionContext } from './context.ts';
import { readSupply, type Supply, writeSupply } from './supply.ts';

/** What a whole block did. */
export interface RunResult {
  readonly state: State;
  /** One for each leaf that was written. */
  readonly changes: readonly StateChange[];
  readonly receipts: readonly Receipt[];
  readonly gasUsed: Gas;
  /** Of phase 'begin', then of phase 'end'. */
  readonly effects: readonly [SystemEffects, SystemEffects];
  readonly supply: Supply;
}

/** Used once: `begin` runs in the constructor, then `include` for each transaction, then `end`. */
export class BlockRun<View> {
  readonly #context: ExecutionContext<View>;
  readonly #view: View;
  readonly #base: State;
  readonly #state: StateOverlay;
  readonly #block: BlockContext;
  readonly #transactions: TransactionContext<View>;
  readonly #begun: SystemEffects;
  readonly #receipts: Receipt[] = [];
  #gasUsed = 0;
  #fees = 0n;
  #burnt = 0n;

  constructor(
    context: ExecutionContext<View>,
    view: View,
    base: State,
    header: HeaderDraft,
    system: SystemData,
  ) {
    this.#context = context;
    this.#view = view;
    this.#base = base;
    this.#state = createStateWriter(base);
    this.#block = { header, system, fees: amount(0n) };
    const { genesis, genesisId, rules } = context;
    this.#transactions = { genesis, genesisId, rules, view, block: this.#block, state: this.#state };
    this.#begun = rules.execute('begin', view, this.#block, this.#state);
  }

  get gasUsed(): number {
    return this.#gasUsed;
  }

  /** Applies the transaction, or leaves everything as it was. BLOCK_GAS_EXCEEDED: it does not fit into what gas is left. */
  include(
    transaction: Transaction,
  ): Receipt | TransactionRejection | Extract<BlockRejection, { readonly code: 'BLOCK_GAS_EXCEEDED' }> {
    const checkpoint = this.#state.checkpoint();
    const applied = applyTransaction(this.#transactions, transaction);
    if (isRejection(applied)) return applied;
    const total = this.#gasUsed + applied.receipt.gasUsed;
    const max = this.#context.genesis.parameters.blockGasMax;
    if (total > max) {
      this.#state.revert(checkpoint);
      return { code: 'BLOCK_GAS_EXCEEDED', gas: total, max };
    }
    this.#gasUsed = total;
    this.#fees += applied.fee;
    this.#burnt += applied.burnt;
    this.#receipts.push(applied.receipt);
    return applied.receipt;
  }

  /** Pays the fees, runs the engine's last phase, counts the supply. */
  end(): RunResult | BlockRejection {
    const { rules } = this.#context;
    const { beneficiary } = this.#block.header;
    if (this.#fees > 0n) credit(this.#state, beneficiary, this.#fees);
    const block = { ...this.#block, fees: amount(this.#fees) };
    const ended = rules.execute('end', this.#view, block, this.#state);
    const issued = this.#begun.issued + ended.issued;
    const burnt = this.#burnt + this.#begun.burnt + ended.burnt;
    const before = readSupply(this.#state);
    const supply = before.genesis + before.issued + issued - before.burnt - burnt;
    if (supply > SUPPLY_MAX) return { code: 'SUPPLY_EXCEEDED', supply };
    assert(supply >= 0n, 'no more is burnt than exists');
    const counted: Supply =
      issued === 0n && burnt === 0n
        ? before
        : {
            genesis: before.genesis,
            issued: amount(before.issued + issued),
            burnt: amount(before.burnt + burnt),
          };
    if (counted !== before) writeSupply(this.#state, counted);
    const changes = this.#state.changes();
    this.#checkConserved(changes, issued - burnt);
    return {
      state: this.#base.update(changes),
      changes,
      receipts: this.#receipts,
      gasUsed: gas(this.#gasUsed),
      effects: [this.#begun, ended],
      supply: counted,
    };
  }

  /** What all accounts and the engine's own records gained together is what was issued less what was burnt. */
  #checkConserved(changes: readonly StateChange[], expected: bigint): void {
    const { rules } = this.#context;
    let gained = (rules.held?.(this.#state) ?? 0n) - (rules.held?.(this.#base) ?? 0n);
    for (const { namespace, id, value } of changes) {
      if (namespace !== 'accounts') continue;
      const after = value === undefined ? undefined : decodeAccount(value);
      assert(
        after !== undefined && !isRejection(after),
        'execution writes encoded accounts and deletes none',
      );
      gained += after.balance - readAccount(this.#base, accountAddress(id)).balance;
    }
    assert(
      gained === expected,
      'a block changes the sum of balances and stake by what it issues less what it burns',
    );
  }
}
