/** What a block adds to the chain before it: checks of its header, its execution; pure, and shared between hosts. */
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { Env } from '../../env/program.ts';
import { Lru } from '../blockstore/lru.ts';
import type { Candidate, ConsensusRules } from '../consensus/consensus.ts';
import { type HistoryRange, historyAppend, historyRoot } from '../crypto/history.ts';
import { type Sha256, ZERO_HASH } from '../crypto/sha256.ts';
import type { AssembledBlock } from '../execution/assemble-block.ts';
import { checkBody } from '../execution/check-body.ts';
import type { ExecutionContext } from '../execution/context.ts';
import { type BlockOutcome, type ExecutedBlock, executeBlock } from '../execution/execute-block.ts';
import { senderOf } from '../execution/signed-item.ts';
import type { State, StateChange } from '../state/state.ts';
import type { Receipt } from '../types/account.ts';
import type { Block, Header } from '../types/block.ts';
import { blockSizeBytes } from '../types/block-codec.ts';
import type { ChainWorld } from '../types/command.ts';
import { headerSignBytes } from '../types/header-codec.ts';
import type { BlockRejection, CertificateRejection, HeaderRejection } from '../types/rejection.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type AccountAddress, type BlockHash, type Hash, height, type TxId } from '../types/units.ts';

/** What the ledger asks of the world. */
export type LedgerEnv = Pick<Env<ChainWorld>, 'clock' | 'storage' | 'crypto' | 'memo' | 'emit' | 'spend'>;

/** A block as its descendants' headers need it: deeply readonly, shared by all hosts that hold it. */
export interface Link<View> extends Candidate {
  readonly view: View;
  /** Over all ids up to and including this one. */
  readonly history: HistoryRange;
  /** What a child must state as its historyRoot. */
  readonly childHistoryRoot: Hash;
  /** How many blocks in a row, this one included, the view was folded over without executing them. */
  readonly unexecuted: number;
}

/** What executing a block gave. */
export interface Executed<View> {
  readonly link: Link<View>;
  readonly state: State;
  /** One for each transaction, in order; empty for a base that was read from the disk. */
  readonly entries: readonly IndexEntry[];
  readonly changes: readonly StateChange[];
}

/** Blocks of 64 bytes that an average header fills, id and history included. */
const HEADER_HASHES = 12;

/** What the indexes say of one transaction, so that its block need not be read again when the base reaches it. */
export interface IndexEntry {
  readonly id: TxId;
  readonly transaction: Transaction;
  /** Undefined when its block was not executed here. */
  readonly receipt: Receipt | undefined;
  /** The accounts that it concerns, each once. */
  readonly accounts: readonly AccountAddress[];
}

/** Names of certificates: one is checked by every host, and long. */
const CERTIFICATE_NAMES = new Lru<string, string>(256);

/** A short name that depends on the whole certificate; '' for none. */
export function certificateName(env: LedgerEnv, certificate: string): string {
  if (certificate === '') return '';
  const known = CERTIFICATE_NAMES.get(certificate);
  if (known !== undefined) return known;
  const name = nameOf(env, certificate);
  CERTIFICATE_NAMES.set(certificate, name);
  return name;
}

/** The two steps of the chain, with their costs charged on shared results too. */
export interface Fold<View> {
  /** Names every input that is not the block itself: code, chain, schedule. */
  readonly prefix: string;
  advance(parent: Link<View>, header: Header, id: BlockHash): Link<View> | HeaderRejection;
  /** Whether transactions and system data are those that the header commits to. A mismatch is the sender's fault only. */
  checkBody(block: Block): BlockRejection | undefined;
  checkCertificate(link: Link<View>, certificate: string): CertificateRejection | undefined;
  execute(parent: Executed<View>, advanced: Link<View>, block: Block): Executed<View> | BlockRejection;
  /** Remembers what a block did while it was built, for when it comes back with its seal. */
  assembled(parent: Executed<View>, assembled: AssembledBlock): void;
}

/** A short name for a long list of inputs. */
export function nameOf(env: LedgerEnv, text: string): string {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) >>> 8;
    bytes[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return bytesToHex(env.crypto.sha256(bytes).subarray(0, 12));
}

/** @param prefix names code, chain and schedule; see nameOf. */
export function createFold<View>(
  env: LedgerEnv,
  rules: ConsensusRules<View>,
  context: ExecutionContext<View>,
  prefix: string,
): Fold<View> {
  /** What a run depends on: everything that the header states but its seal, which covers the body, on that state. */
  function run(parent: Executed<View>, header: Header, compute: () => BlockOutcome): BlockOutcome {
    const unsealed = bytesToHex(env.crypto.sha256(headerSignBytes(header)));
    return env.memo.get('ledger.run', `${prefix}${unsealed}${parent.state.root}`, compute);
  }

  return {
    prefix,
    advance(parent, header, id) {
      env.spend('hash', HEADER_HASHES);
      return env.memo.get('ledger.advance', `${prefix}${id}${parent.unexecuted}`, () =>
        advance(rules, parent, header, id, context.sha256),
      );
    },
    checkBody(block) {
      env.spend('hash', Math.ceil(blockSizeBytes(block) / 64) + block.transactions.length);
      return checkBody(block, (bytes) => env.crypto.sha256(bytes));
    },
    checkCertificate(link, certificate) {
      const key = `${prefix}${link.id}${certificateName(env, certificate)}`;
      const verdict = env.memo.get('ledger.certificate', key, () =>
        checkCertificate(rules, link, certificate),
      );
      return verdict === 'ok' ? undefined : verdict;
    },
    execute(parent, advanced, block) {
      env.spend('execute', block.header.gasUsed);
      const key = `${prefix}${advanced.id}${parent.state.root}`;
      return env.memo.get('ledger.execute', key, () => {
        const known = (compute: () => BlockOutcome): BlockOutcome => run(parent, block.header, compute);
        const result = executeBlock(context, parent.link.view, parent.state, block, advanced.view, known);
        return isRejection(result) ? result : executed(advanced, result, block);
      });
    },
    assembled(parent, { block, result }) {
      run(parent, block.header, () => result);
    },
  };
}

/** The header's own rules, which need no body and no clock; its version is the caller's, its sizes are the codec's. */
function advance<View>(
  rules: ConsensusRules<View>,
  parent: Link<View>,
  header: Header,
  id: BlockHash,
  hasher: Sha256 | undefined,
): Link<View> | HeaderRejection {
  if (header.messagesRoot !== ZERO_HASH) return { code: 'MESSAGES_ROOT_NOT_ZERO' };
  const expected = height(parent.header.height + 1);
  if (header.height !== expected) return { code: 'WRONG_HEIGHT', height: header.height, expected };
  if (header.historyRoot !== parent.childHistoryRoot) {
    return {
      code: 'HISTORY_ROOT_MISMATCH',
      stated: header.historyRoot,
      computed: parent.childHistoryRoot,
    };
  }
  const view = rules.advance(parent.view, header);
  if (isRejection(view)) return view;
  const weight = rules.weigh(parent.weight, view, header);
  return linkOf({ id, header, weight }, view, parent.history, parent.unexecuted + 1, hasher);
}

/** @param before the history over all earlier ids. @param hasher as `Sha256` says. */
export function linkOf<View>(
  candidate: Candidate,
  view: View,
  before: HistoryRange,
  unexecuted: number,
  hasher?: Sha256,
): Link<View> {
  const history = historyAppend(before, candidate.id, hasher);
  return {
    id: candidate.id,
    header: candidate.header,
    weight: candidate.weight,
    view,
    history,
    childHistoryRoot: historyRoot(history, hasher),
    unexecuted,
  };
}

function executed<View>(advanced: Link<View>, result: ExecutedBlock<View>, block: Block): Executed<View> {
  return {
    link: { ...advanced, view: result.view, unexecuted: 0 },
    state: result.state,
    entries: entriesOf(block, result.receipts),
    changes: result.changes,
  };
}

function checkCertificate<View>(
  rules: ConsensusRules<View>,
  link: Link<View>,
  certificate: string,
): CertificateRejection | 'ok' {
  const bytes = hexToBytes(certificate);
  if (bytes === undefined) return { code: 'BAD_CERTIFICATE', fact: 'not hexadecimal' };
  return rules.checkCertificate(link.view, link.header, bytes) ?? 'ok';
}

/** Index entries of a block; `receipts` is empty when it was not executed here. */
export function entriesOf(block: Block, receipts: readonly Receipt[]): readonly IndexEntry[] {
  return block.transactions.map((transaction, index) => ({
    id: transactionId(transaction),
    transaction,
    receipt: receipts[index],
    accounts: accountsOf(transaction),
  }));
}

/** Where the transactions of each account stand, rising. @param concerned the accounts of each transaction of a block. */
export function indexesByAccount(
  concerned: readonly (readonly AccountAddress[])[],
): ReadonlyMap<AccountAddress, readonly number[]> {
  const found = new Map<AccountAddress, number[]>();
  for (const [index, accounts] of concerned.entries()) {
    for (const address of accounts) {
      const indexes = found.get(address);
      if (indexes === undefined) found.set(address, [index]);
      else indexes.push(index);
    }
  }
  return found;
}

/** Accounts that a transaction concerns, each once. */
export function accountsOf(transaction: Transaction): readonly AccountAddress[] {
  const sender = senderOf(transaction);
  const { action } = transaction;
  return action.kind === 'transfer' && action.to !== sender ? [sender, action.to] : [sender];
}
