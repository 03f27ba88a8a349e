/** Agreement: what is final is the same block for everybody. Absolute finality while the engine bears its Byzantine; depth only inside its assumption. */
import type { DomainEvent } from '../../chain/types/event.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges FinalityAdvanced: a claim that every host stands by for ever. */
export function createAgreement(view: ClusterView, report: Report): Oracle {
  /** The first claim for each height. */
  const claims = new Map<number, { readonly id: BlockHash; readonly host: number }>();
  let checked = 0;

  function onFinal(host: number, event: Extract<DomainEvent, { kind: 'FinalityAdvanced' }>): void {
    const broken = event.finality.kind === 'depth' ? view.depthBroken() : view.finalityBroken();
    if (broken !== undefined) return;
    checked++;
    const height = event.finality.final;
    const first = claims.get(height);
    if (first === undefined) claims.set(height, { id: event.finalId, host });
    else if (first.id !== event.finalId) {
      const who = `${view.nameOf(first.host)} calls ${first.id.slice(0, 12)} final`;
      const fact = `at height ${height} ${who}, ${view.nameOf(host)} calls ${event.finalId.slice(0, 12)} final`;
      report({
        rule: `${event.finality.kind}-finality-conflict`,
        kind: 'safety',
        hosts: [first.host, host],
        fact,
      });
    }
  }

  return {
    name: 'agreement',
    checked: () => checked,
    onEvent(host, event) {
      if (event.kind === 'FinalityAdvanced') onFinal(host, event);
    },
  };
}
