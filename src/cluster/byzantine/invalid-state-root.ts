/** Invalid state root: a producer that seals blocks which state another state than the one that their transactions lead to. */
import { z } from 'zod';
import { hash } from '../../chain/types/units.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { invalidBlocks } from './invalid-blocks.ts';

export const invalidStateRoot = defineBehaviour({
  schema: z
    .strictObject({ kind: z.literal('invalid-state-root'), ...WINDOW })
    .meta({ description: 'Seals blocks with a wrong state root, and offers them to everybody.' }),
  engines: ['pow', 'round-robin', 'poa', 'pos'],
  create: (seat, _line, world) =>
    invalidBlocks(seat, world, ({ header, ...block }) => {
      const { stateRoot } = header;
      const other = hash(`${stateRoot.startsWith('0') ? '1' : '0'}${stateRoot.slice(1)}`);
      return { ...block, header: { ...header, stateRoot: other } };
    }),
});
