import { describe, expect, it } from 'vitest';
import { apartSpans, type PeerChange } from './apart.ts';

/** Both tell it at once. */
function link(us: number, a: number, b: number, isUp = true): readonly PeerChange[] {
  return [
    { us, host: a, peer: b, isUp },
    { us, host: b, peer: a, isUp },
  ];
}

describe('nodes that are up are apart', () => {
  it('until all of them reach each other, by way of others too', () => {
    const ups = [[[0, 99]], [[1, 99]], [[2, 99]]] as const;
    expect(apartSpans(ups, [...link(3, 0, 1), ...link(7, 1, 2)], 99)).toEqual([[1, 7]]);
  });

  it('while only one side knows of a link', () => {
    const ups = [[[0, 99]], [[0, 99]]] as const;
    const [one] = link(3, 0, 1);
    expect(apartSpans(ups, one === undefined ? [] : [one], 99)).toEqual([[0, 99]]);
  });

  it('from when a bridge is lost until there is another one', () => {
    const ups = [[[0, 99]], [[0, 20]], [[0, 99]]] as const;
    const links = [...link(0, 0, 1), ...link(0, 1, 2), ...link(31, 0, 2)];
    expect(apartSpans(ups, links, 99)).toEqual([[20, 31]]);
  });

  it('after a restart, though others have not noticed that it was down', () => {
    const ups = [
      [[0, 99]],
      [
        [0, 20],
        [30, 99],
      ],
    ] as const;
    expect(apartSpans(ups, [...link(0, 0, 1), ...link(40, 0, 1)], 99)).toEqual([[30, 40]]);
  });

  it('never where there is one, or none', () => {
    expect(apartSpans([[[0, 9]], [[10, 99]]], [], 99)).toEqual([]);
  });
});
