/** One block on its parent's state, held against everything that it states and everything that signs it. */
import { signedItemOf } from '../../chain/execution/signed-item.ts';
import type { Executed } from '../../chain/ledger/fold.ts';
import type { Block } from '../../chain/types/block.ts';
import { versionAt } from '../../chain/types/genesis-codec.ts';
import { isRejection } from '../../chain/types/rejection.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { jsonable } from '../jsonable.ts';
import type { CheckContext } from './check-context.ts';

/** What executing it gave, or in words why it is no block of this chain. */
export function verifyBlock(
  context: CheckContext,
  parent: Executed<unknown>,
  block: Block,
  id: BlockHash,
  certificate: string,
): Executed<unknown> | string {
  const { config, fold } = context.parts;
  const { header } = block;
  const needed = Math.max(header.version, versionAt(config.genesis, config.schedule, header.height));
  if (needed > config.protocolMax)
    return `it needs protocol version ${needed}; this code executes up to ${config.protocolMax}`;
  const link = fold.advance(parent.link, header, id);
  if ('code' in link) return inWords(link);
  const why = fold.checkBody(block) ?? fold.checkCertificate(link, certificate);
  if (why !== undefined) return inWords(why);
  const unsigned = wrongSignature(context, parent, block, certificate);
  if (unsigned !== undefined) return unsigned;
  const executed = fold.execute(parent, link, block);
  return isRejection(executed) ? inWords(executed) : executed;
}

function wrongSignature(
  { parts, suite }: CheckContext,
  parent: Executed<unknown>,
  block: Block,
  certificate: string,
): string | undefined {
  const { rules } = parts.config;
  const index = block.transactions.findIndex((transaction) => !suite.verify(signedItemOf(transaction)));
  if (index >= 0) return `the signature of its transaction ${index} is wrong`;
  if (!rules.sealItems(block.header).every((item) => suite.verify(item))) return 'its seal is wrong';
  const bytes = hexToBytes(certificate) ?? new Uint8Array(0);
  const items = rules.systemItems(parent.link.view, block, bytes);
  return items.every((item) => suite.verify(item))
    ? undefined
    : 'a signature of its certificate, last commit or evidence is wrong';
}

/** A rejection with its facts: `STATE_ROOT_MISMATCH stated=… computed=…`. */
function inWords(rejection: { readonly code: string }): string {
  const facts = Object.entries(jsonable(rejection)).filter(([name]) => name !== 'code');
  return [rejection.code, ...facts.map(([name, value]) => `${name}=${textOf(value)}`)].join(' ');
}

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
    : String(value);
}
