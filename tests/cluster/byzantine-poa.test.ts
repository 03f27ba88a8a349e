import { describe, expect, it } from 'vitest';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { lawsBroken, small } from './support.ts';
import { Watched } from './watched.ts';

type Line = NonNullable<NonNullable<ScenarioFile['hosts']>[number]['byzantine']>[number];

const LIAR = 4;

/** What honest signers do about a host: those that sent what no honest node sends are banned. */
const LINES: readonly (readonly [Line & string, number, 'banned' | 'borne'])[] = [
  ['equivocating-proposer', 5, 'borne'],
  ['invalid-state-root', 5, 'banned'],
  ['invalid-transactions', 5, 'banned'],
  ['timestamp-liar', 5, 'borne'],
];

describe.each(LINES)('%s among signers', (kind, least, outcome) => {
  it(`is ${outcome}, and the honest come to agree on a chain that grows`, () => {
    const file = small({
      nodes: 5,
      chain: { engine: 'poa', blockInterval: '2s' },
      hosts: [{ hosts: [LIAR], byzantine: [kind] }],
    });
    const run = new Watched(file);
    expect(lawsBroken(run.cluster)).toEqual([]);
    expect(run.cluster.convergedAtUs).toBeDefined();
    expect(run.cluster.node(0).height).toBeGreaterThanOrEqual(40);
    expect(run.deviations(kind)).toBeGreaterThanOrEqual(least);
    const banned = new Set(run.of('PeerBanned').map(({ event }) => event.peer));
    expect(banned).toEqual(new Set(outcome === 'banned' ? [run.keyOf(LIAR)] : []));
  });
});
