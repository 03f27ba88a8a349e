/** What a block's transactions do to the state: docs/protocol.md, Execution, gas and fees. */
import { Leaves, NAMESPACE, need, u64 } from './bytes.ts';
import { type Engine, isSignature, type Report, type Signatures } from './engine.ts';
import {
  ACTION,
  type Account,
  addressOf,
  type Block,
  decodeAccount,
  encodeAccount,
  encodeReceipt,
  type Genesis,
  type Header,
  isPublicKey,
  SUPPLY_MAX,
  sum,
  type Transaction,
} from './layouts.ts';

/** What executing a block gave. */
export interface Executed {
  readonly receipts: readonly Buffer[];
  readonly gasUsed: number;
}

const STATUS = { ok: 0, insufficientBalance: 1, outOfGas: 2, stakeUnsupported: 5 } as const;
const SYSTEM_ID = {
  genesis: Buffer.from('genesis').toString('hex'),
  supply: Buffer.from('supply').toString('hex'),
};

/** The world state of one chain, block by block. */
export class Executor {
  readonly leaves = new Leaves();
  readonly #genesis: Genesis;
  readonly #engine: Engine;
  readonly #signatures: Signatures;
  readonly #genesisSupply: bigint;
  #issued = 0n;
  #burnt = 0n;

  constructor(genesis: Genesis, engine: Engine, signatures: Signatures) {
    this.#genesis = genesis;
    this.#engine = engine;
    this.#signatures = signatures;
    const staked = engine.stake?.start(this.leaves) ?? 0n;
    this.#genesisSupply = sum(genesis.allocation.map(({ balance }) => balance)) + staked;
    need(this.#genesisSupply <= SUPPLY_MAX, 'balances and stakes are at most 2^63 - 1');
    this.leaves.set(NAMESPACE.system, SYSTEM_ID.genesis, Buffer.from(genesis.hash, 'hex'));
    for (const { address, balance } of genesis.allocation) this.#put(address, { nonce: 0, balance });
    this.#putSupply();
  }

  /** Undefined when a transaction makes the block invalid: then there is no state after it. */
  execute(block: Block, chainId: string, report: Report): Executed | undefined {
    const { header, transactions } = block;
    const receipts: Buffer[] = [];
    let gasUsed = 0;
    let fees = 0n;
    const room = SUPPLY_MAX - this.#supply();
    this.#burnt += this.#engine.stake?.begin(block) ?? 0n;
    for (const [index, t] of transactions.entries()) {
      const broken = this.#broken(t, header.version, header.height, chainId);
      if (broken !== undefined) {
        report(broken, `transaction ${index}`);
        return undefined;
      }
      const receipt = this.#apply(t, header);
      receipts.push(encodeReceipt(t.id, receipt.status, receipt.gasUsed));
      gasUsed += receipt.gasUsed;
      fees += BigInt(receipt.gasUsed) * t.gasPrice;
    }
    if (gasUsed > this.#genesis.blockGasMax) report('block-gas', `${gasUsed}`);
    const due = this.#engine.issued(header.height);
    const issued = due < room ? due : room;
    this.#issued += issued;
    if (fees + issued > 0n) this.#credit(header.beneficiary, fees + issued);
    this.#engine.stake?.end(header, (address, amount) => this.#credit(address, amount));
    this.#putSupply();
    this.#checkSupply(report);
    return { receipts, gasUsed };
  }

  /** Why this transaction must not stand in a block, at this place. */
  #broken(t: Transaction, version: number, height: number, chainId: string): string | undefined {
    if (t.version < 1 || t.version > version) return 'transaction-version';
    if (t.action.tag === ACTION.burn && t.version < 2) return 'action-version';
    if (t.chainId !== chainId) return 'transaction-chain';
    if (!isPublicKey(t.senderKey)) return 'transaction-key';
    if (t.gasLimit < this.#intrinsicGas(t) || t.gasLimit > this.#genesis.blockGasMax) return 'gas-limit';
    if (t.gasPrice < this.#genesis.gasPriceMin) return 'gas-price';
    const sender = this.#account(addressOf(t.senderKey));
    if (sender === undefined) return 'transaction-sender';
    if (t.nonce !== sender.nonce) return 'transaction-nonce';
    if (t.validUntilHeight !== 0 && height > t.validUntilHeight) return 'transaction-expired';
    if (sender.balance < BigInt(t.gasLimit) * t.gasPrice) return 'transaction-fee';
    if (this.#signatures === 'ed25519' && !isSignature(t.signature, t.signed, t.senderKey))
      return 'transaction-signature';
    return undefined;
  }

  #intrinsicGas(t: Transaction): number {
    return t.raw.length * this.#genesis.gasPerByte + this.#genesis.gasPerSignature;
  }

  /** Takes the fee and the nonce; all else only when the action goes through. */
  #apply(t: Transaction, header: Header): { readonly status: number; readonly gasUsed: number } {
    const from = addressOf(t.senderKey);
    const sender = this.#account(from) ?? { nonce: 0, balance: 0n };
    const { to, amount, tag } = t.action;
    const creates = to !== undefined && amount > 0n && this.#account(to) === undefined;
    const gasWhenOk = this.#intrinsicGas(t) + (creates ? this.#genesis.gasPerNewAccount : 0);
    const spendable = sender.balance - BigInt(t.gasLimit) * t.gasPrice;
    let status: number = STATUS.ok;
    if (gasWhenOk > t.gasLimit) status = STATUS.outOfGas;
    else if (tag === ACTION.stake || tag === ACTION.unstake)
      status = this.#engine.stake?.act(t.action, t.senderKey, spendable, header) ?? STATUS.stakeUnsupported;
    else if (amount > spendable) status = STATUS.insufficientBalance;
    let gasUsed = this.#intrinsicGas(t);
    if (status === STATUS.ok) gasUsed = gasWhenOk;
    if (status === STATUS.outOfGas) gasUsed = t.gasLimit;
    const fee = BigInt(gasUsed) * t.gasPrice;
    const paid = status === STATUS.ok && tag !== ACTION.unstake ? amount : 0n;
    this.#put(from, { nonce: sender.nonce + 1, balance: sender.balance - fee - paid });
    if (status === STATUS.ok && to !== undefined && amount > 0n) this.#credit(to, amount);
    if (status === STATUS.ok && tag === ACTION.burn) this.#burnt += amount;
    return { status, gasUsed };
  }

  #account(address: string): Account | undefined {
    const leaf = this.leaves.get(NAMESPACE.accounts, address);
    return leaf === undefined ? undefined : decodeAccount(leaf);
  }

  #put(address: string, account: Account): void {
    this.leaves.set(NAMESPACE.accounts, address, encodeAccount(account));
  }

  #credit(address: string, amount: bigint): void {
    const { nonce, balance } = this.#account(address) ?? { nonce: 0, balance: 0n };
    this.#put(address, { nonce, balance: balance + amount });
  }

  #supply(): bigint {
    return this.#genesisSupply + this.#issued - this.#burnt;
  }

  /** What all accounts and the engine hold together is what was allotted and issued, less what was burnt. */
  #checkSupply(report: Report): void {
    const staked = this.#engine.stake?.held() ?? 0n;
    const held =
      staked + sum(this.leaves.values(NAMESPACE.accounts).map((leaf) => decodeAccount(leaf).balance));
    if (held !== this.#supply() || held > SUPPLY_MAX) report('supply', `accounts and stakes hold ${held}`);
  }

  #putSupply(): void {
    const record = Buffer.concat([u64(this.#genesisSupply), u64(this.#issued), u64(this.#burnt)]);
    this.leaves.set(NAMESPACE.system, SYSTEM_ID.supply, record);
  }
}
