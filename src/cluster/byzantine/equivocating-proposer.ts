/** Equivocating proposer: a producer that seals two blocks on one parent, and shows each to one half of the others. */
import { z } from 'zod';
import type { ConsensusRules } from '../../chain/consensus/consensus.ts';
import type { Proposal } from '../../chain/consensus/pos/proposal.ts';
import type { Block } from '../../chain/types/block.ts';
import { blockId, headerSignBytes } from '../../chain/types/header-codec.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { unixMs } from '../../env/units.ts';
import { defineBehaviour, drawHalf, type Layer, type Seat, WINDOW } from './behaviour.ts';
import { type Link, Links } from './connections.ts';
import { withHandlers, withHost } from './engine-door.ts';
import { RogueBlocks, weightOf } from './rogue-blocks.ts';
import { otherAddress, ValidatorPen } from './validator-pen.ts';

/** Blocks whose audience is remembered: they are announced within seconds. */
const PAIRS_MAX = 64;

export const equivocatingProposer = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('equivocating-proposer'), ...WINDOW }).meta({
    description:
      'Seals two blocks on one parent, or proposes two in one round, and shows each to a drawn half of the hosts.',
  }),
  engines: ['round-robin', 'poa', 'pos'],
  create(seat, _line, { env, config }) {
    if (config.consensus.rules.isCertified) return twoProposals(seat, config.consensus.rules);
    const links = new Links(seat, env);
    const rogue = new RogueBlocks(links);
    const half = drawHalf(seat);
    /** In which half the host must be that may hear of the block from here. */
    const audience = new Map<BlockHash, boolean>();
    const isMeant = (id: BlockHash, { host }: Link): boolean =>
      audience.get(id) === undefined || audience.get(id) === (host !== undefined && half.has(host));

    function remember(block: Block, isFirst: boolean): void {
      const [oldest] = audience.keys();
      if (oldest !== undefined && audience.size >= PAIRS_MAX) audience.delete(oldest);
      audience.set(blockId(block.header), isFirst);
    }

    return {
      env: links.env(
        (message, to) =>
          message.kind === 'Block' && !isMeant(blockId(message.header), to) ? undefined : message,
        false,
      ),
      consensus: (honest) =>
        withHost(honest, (host) => ({
          submit(block, certificate) {
            const consensus = hexToBytes(block.header.consensus);
            const weight = weightOf(config.consensus.rules, host, block);
            const { parent, beneficiary, timestampMs } = block.header;
            const twin =
              seat.isActive() && consensus !== undefined && weight !== undefined
                ? host.build({
                    parent,
                    beneficiary,
                    timestampMs: unixMs(timestampMs + 1),
                    consensus,
                    system: block.system,
                  })
                : undefined;
            if (twin === undefined || weight === undefined) {
              host.submit(block, certificate);
              return;
            }
            const seal = host.sign({ tag: 'seal', bytes: headerSignBytes(twin.header) });
            const other: Block = { ...twin, header: { ...twin.header, seal } };
            remember(block, true);
            remember(other, false);
            const told = [block, other].map((one) =>
              rogue.offer(one, weight, (link) => isMeant(blockId(one.header), link)),
            );
            if (told.every((count) => count > 0)) seat.deviated();
            host.submit(block, certificate);
            host.submit(other);
          },
        })),
      process: (honest) => links.process(honest, (link, message) => rogue.answer(link, message)),
    };
  },
});

/** A block of the engine's, and one beside it that pays somebody else. */
interface Pair {
  readonly own: BlockHash;
  readonly other: Block;
  /** The proposal of the other, as it leaves. */
  bytes: Uint8Array | undefined;
}

/** Where blocks are proposed and voted on: two valid ones in one round. */
function twoProposals(seat: Seat, rules: ConsensusRules<unknown>): Layer {
  const half = drawHalf(seat);
  let pair: Pair | undefined;
  return {
    consensus: (honest) =>
      withHost(
        honest,
        (host) => {
          const pen = new ValidatorPen(rules, host);

          function otherProposal(own: Proposal): Uint8Array | undefined {
            if (pair === undefined || own.block !== pair.own || !seat.isActive()) return undefined;
            if (pair.bytes !== undefined) return pair.bytes;
            const { height, round, validRound } = own;
            const block = blockId(pair.other.header);
            pair.bytes = pen.proposal({ height, round, validRound, block }, pair.other);
            if (pair.bytes !== undefined) seat.deviated();
            return pair.bytes;
          }

          return {
            build(plan) {
              const block = host.build(plan);
              const other =
                block === undefined || !seat.isActive()
                  ? undefined
                  : host.build({ ...plan, beneficiary: otherAddress(plan.beneficiary) });
              if (block !== undefined && other !== undefined)
                pair = { own: blockId(block.header), other, bytes: undefined };
              return block;
            },
            send(to, body) {
              const own = half.has(seat.hostOfKey(to) ?? seat.host) ? undefined : pen.ownProposal(body);
              return host.send(to, (own === undefined ? undefined : otherProposal(own)) ?? body);
            },
          };
        },
        (engine) =>
          withHandlers(engine, {
            blockOf: (id) =>
              pair !== undefined && blockId(pair.other.header) === id ? pair.other : engine.blockOf(id),
          }),
      ),
  };
}
