/** `aureon tx`, `account` and `status`, once their flags are read: what a user asks of a node that runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeAddress } from '../chain/crypto/address.ts';
import { RECEIPT_STATUS } from '../chain/types/account.ts';
import { EXIT } from '../cluster/result.ts';
import { isDecodeRejection } from '../env/network.ts';
import {
  ClientError,
  NodeClient,
  type SignedTransaction,
  type TransactionStatus,
} from '../node/client/client.ts';
import { signTransaction } from '../node/client/sign-transaction.ts';
import { type NodeKey, readKeyFile } from '../node/key-file.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import { type Flags, text } from './flags.ts';
import { used } from './node-flags.ts';
import type { Output } from './output.ts';
import { UsageError } from './usage.ts';

/** How it ends: the node refused, nobody answered, it took too long. */
const CLIENT_EXIT = {
  done: EXIT.passed,
  refused: EXIT.safety,
  usage: EXIT.usage,
  late: EXIT.liveness,
} as const;
const DEFAULT_NODE = 'http://127.0.0.1:8080';
/** Enough for a transfer that opens an account. */
const DEFAULT_GAS_LIMIT = '200000';
const WATCH_MS = 1_000;
const DEFAULT_WAIT_S = 60;

function clientOf(flags: Flags): NodeClient {
  const base = text(flags, 'node') ?? process.env['AUREON_NODE'] ?? DEFAULT_NODE;
  return new NodeClient(/^https?:\/\//.test(base) ? base : `http://${base}`);
}

/** Runs what asks; what the node refuses, or that there is none, is told in words. */
async function asking(output: Output, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const facts = Object.entries(error.facts).map(([name, value]) => `  ${name}: ${word(value)}`);
    output.complain([error.message, ...facts].join('\n'));
    return error.code === 'UNREACHABLE' || error.code === 'NOT_A_NODE'
      ? CLIENT_EXIT.usage
      : CLIENT_EXIT.refused;
  }
}

/** Signs a transfer and submits it; with --wait until it is final. */
export function sendCommand(flags: Flags, output: Output): Promise<number> {
  const file = text(flags, 'key') ?? 'node.key';
  const key = used(readKeyFile(file, createNativeSignatures()));
  const to = addressOf(text(flags, 'to') ?? '');
  const amount = wholeText(text(flags, 'amount') ?? '', '--amount');
  return asking(output, async () => {
    const client = clientOf(flags);
    const form = await transferOf(client, key, to, amount, flags);
    const { id } = await client.submit(form);
    output.print(`transaction  ${id}`);
    return flags['wait'] === true ? await waitFor(client, id, output) : CLIENT_EXIT.done;
  });
}

async function transferOf(
  client: NodeClient,
  key: NodeKey,
  to: string,
  amount: string,
  flags: Flags,
): Promise<SignedTransaction> {
  const [{ id, genesis }, { header }, account] = await Promise.all([
    client.genesis(),
    client.head(),
    client.account(key.address),
  ]);
  const nonce = text(flags, 'nonce');
  const draft = {
    version: header.version,
    chainId: id,
    senderKey: key.key,
    nonce: nonce === undefined ? account.nextNonce : Number(wholeText(nonce, '--nonce')),
    validUntilHeight: 0,
    gasLimit: Number(wholeText(text(flags, 'gasLimit') ?? DEFAULT_GAS_LIMIT, '--gas-limit')),
    gasPrice: wholeText(text(flags, 'gasPrice') ?? genesis.parameters.gasPriceMin, '--gas-price'),
    action: { kind: 'transfer', to, amount },
  } as const;
  try {
    return signTransaction(draft, key.secret);
  } catch (error) {
    if (error instanceof ClientError) throw new UsageError(`tx send: ${error.message}`);
    throw error;
  }
}

async function waitFor(client: NodeClient, id: string, output: Output): Promise<number> {
  const print = ({ status, place, receipt }: TransactionStatus): void =>
    output.print(
      `${status.padEnd(11)}  ${place === null ? 'in the mempool' : `height ${place.height}`}${receipt === null ? '' : `, gas ${receipt.gasUsed}`}`,
    );
  try {
    const { receipt } = await client.waitFinal(id, { timeoutMs: DEFAULT_WAIT_S * 1_000, onChange: print });
    return outcome(receipt?.status ?? RECEIPT_STATUS.OK, output);
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'TIMEOUT') throw error;
    output.complain(`not final after ${DEFAULT_WAIT_S} s; it may still become so: aureon tx show ${id}`);
    return CLIENT_EXIT.late;
  }
}

/** A transaction may be included and fail: it has paid its fee, and did nothing else. */
function outcome(status: number, output: Output): number {
  if (status === RECEIPT_STATUS.OK) return CLIENT_EXIT.done;
  const name = Object.entries(RECEIPT_STATUS).find(([, code]) => code === status)?.[0] ?? `status ${status}`;
  output.complain(`it is in the chain and failed: ${name}; its fee is paid`);
  return CLIENT_EXIT.refused;
}

/** Prints a transaction and where it is. */
export function showTransaction(id: string, flags: Flags, output: Output): Promise<number> {
  if (!/^[0-9a-f]{64}$/.test(id))
    throw new UsageError(`${id}: an id of 64 lower-case hexadecimal digits was expected`);
  return asking(output, async () => {
    output.print(JSON.stringify(await clientOf(flags).transaction(id), undefined, 2));
    return CLIENT_EXIT.done;
  });
}

/** Prints an account. */
export function accountCommand(address: string, flags: Flags, output: Output): Promise<number> {
  const account = addressOf(address);
  return asking(output, async () => {
    const { text: shown, nonce, balance, at } = await clientOf(flags).account(account);
    if (flags['json'] === true) output.print(JSON.stringify({ address: shown, nonce, balance, at }));
    else output.print(`address  ${shown}\nbalance  ${balance}\nnonce    ${nonce}\nafter    ${at}`);
    return CLIENT_EXIT.done;
  });
}

/** Prints how the node is, once or until it is told to end. */
export function statusCommand(flags: Flags, output: Output): Promise<number> {
  const client = clientOf(flags);
  return asking(output, async () => {
    for (;;) {
      output.print(await statusText(client));
      if (flags['watch'] !== true) return CLIENT_EXIT.done;
      await sleep(WATCH_MS);
    }
  });
}

async function statusText(client: NodeClient): Promise<string> {
  const [{ status, why, height, final, chain, version }, { peers }, mempool, { kind, ...doing }] =
    await Promise.all([client.health(), client.peers(), client.mempool(), client.consensus()]);
  return [
    `node       ${client.base}, version ${version}: ${why ?? status}`,
    `chain      ${chain}`,
    `height     ${height}, final up to ${final}`,
    `consensus  ${[kind, ...Object.entries(doing).map(([name, value]) => `${name} ${word(value)}`)].join(', ')}`,
    `mempool    ${mempool.count} transactions, ${mempool.bytes} bytes, ${mempool.queued} behind others`,
    ...peers.map(({ address, direction, height: at }) => `peer       ${address} ${direction}, height ${at}`),
  ].join('\n');
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function addressOf(stated: string): string {
  if (/^[0-9a-f]{64}$/.test(stated)) return stated;
  const decoded = decodeAddress(stated);
  if (!isDecodeRejection(decoded)) return decoded;
  throw new UsageError(
    `${stated === '' ? '--to' : stated}: an address was expected, aur1… or 64 hexadecimal digits (${decoded.detail})`,
  );
}

function wholeText(stated: string, where: string): string {
  if (/^(?:0|[1-9]\d{0,19})$/.test(stated)) return stated;
  throw new UsageError(`${where} ${stated}: a whole number was expected`);
}
