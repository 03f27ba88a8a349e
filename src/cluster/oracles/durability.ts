/** Durability: what a host called final is on its chain again after any crash that left it its disk. */
import type { BlockHash } from '../../chain/types/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

interface Promised {
  readonly height: number;
  readonly id: BlockHash;
}

/** Judges NodeStarted against the last FinalityAdvanced of earlier boots. */
export function createDurability(view: ClusterView, report: Report): Oracle {
  const promised = new Map<number, Promised>();
  let checked = 0;

  /** The block that a chain has at a height; undefined when it is too short or cannot be read. */
  function idAt(
    host: number,
    head: { readonly id: BlockHash; readonly height: number },
    height: number,
  ): BlockHash | undefined {
    if (head.height <= height) return head.height === height ? head.id : undefined;
    const { blocks, missing } = view.chains.wholeChain(view.disks(), host, head, height + 1);
    return missing === undefined ? blocks[0]?.block.header.parent : undefined;
  }

  function onStarted(host: number, head: { readonly id: BlockHash; readonly height: number }): void {
    const before = promised.get(host);
    if (before === undefined) return;
    if (view.isTainted(host) || view.depthBroken() !== undefined) {
      promised.delete(host);
      return;
    }
    // On which blocks it stood is not known any more.
    if (head.height > before.height && view.hasDropped(host, head.height, head.id)) return;
    checked++;
    const found = idAt(host, head, before.height);
    if (found === before.id) return;
    const now =
      found === undefined ? 'its chain does not reach that height' : `it has ${found.slice(0, 12)} there`;
    const fact = `${view.nameOf(host)} called ${before.id.slice(0, 12)} at height ${before.height} final; after its restart ${now}`;
    report({ rule: 'final-lost-by-crash', kind: 'safety', hosts: [host], fact });
  }

  return {
    name: 'durability',
    checked: () => checked,
    onEvent(host, event) {
      if (event.kind === 'FinalityAdvanced')
        promised.set(host, { height: event.finality.final, id: event.finalId });
      if (event.kind === 'NodeStarted') onStarted(host, { id: event.head, height: event.height });
    },
  };
}
