/** A tree of blocks as a drawing: heights from left to right, a row a branch, below each block whose head it is. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Recording } from '../../cluster/recording.ts';
import type { HostView } from '../host-view.ts';
import { momentText } from '../time-axis.ts';
import { layoutTree, type PlacedBlock } from '../tree-layout.ts';
import { shortId } from './format.ts';

/** Heights that are seen at once. */
const HEIGHTS_SHOWN = 16;
const COLUMN_PX = 92;
const ROW_PX = 74;
const BLOCK_WIDTH_PX = 70;
const BLOCK_HEIGHT_PX = 40;
const TOP_PX = 26;
/** Heads that are named below a block. */
const HEADS_NAMED = 3;

export function BlockTree(props: {
  readonly recording: Recording;
  readonly atUs: number;
  readonly views: readonly HostView[];
  /** Blocks that the chosen host has; undefined: no host is chosen. */
  readonly known: ReadonlySet<number> | undefined;
  readonly host: number;
}): JSX.Element {
  const { recording, atUs, views, known, host } = props;
  const { blocks } = recording;
  const [back, setBack] = useState(0);
  const highest = Math.max(0, ...views.map(({ head }) => blocks[head]?.height ?? 0));
  const to = Math.max(Math.min(highest, HEIGHTS_SHOWN - 1), highest - back);
  const from = Math.max(0, to - HEIGHTS_SHOWN + 1);
  const placed = layoutTree(blocks, from, to, atUs);
  const rows = 1 + Math.max(0, ...placed.map(({ row }) => row));
  const heads = headsOf(views);
  const ownHead = host < 0 ? undefined : views[host]?.head;
  const width = (to - from + 1) * COLUMN_PX + 20;
  const scroller = useRef<HTMLDivElement>(null);
  // What is new stands at the right.
  useLayoutEffect(() => {
    if (scroller.current !== null) scroller.current.scrollLeft = scroller.current.scrollWidth;
  }, [to]);
  return (
    <figure class="tree">
      <div class="segments" role="group" aria-label="heights">
        <button
          type="button"
          disabled={from === 0}
          onClick={() => setBack(Math.min(highest, back + HEIGHTS_SHOWN / 2))}
        >
          ◂ lower
        </button>
        <button
          type="button"
          disabled={back === 0}
          onClick={() => setBack(Math.max(0, back - HEIGHTS_SHOWN / 2))}
        >
          higher ▸
        </button>
        <button type="button" disabled={back === 0} onClick={() => setBack(0)}>
          highest
        </button>
      </div>
      <div ref={scroller} class="tree-scroll" tabIndex={0} aria-label="tree of blocks">
        <svg
          width={width}
          height={TOP_PX + rows * ROW_PX}
          role="img"
          aria-label={`${placed.length} blocks of heights ${from} to ${to} at ${momentText(atUs)}`}
        >
          {Array.from({ length: to - from + 1 }, (_, i) => (
            <text key={i} class="height" x={10 + i * COLUMN_PX + BLOCK_WIDTH_PX / 2} y={14}>
              {from + i}
            </text>
          ))}
          {placed.map((block) => (
            <Edge
              key={`e${block.place}`}
              block={block}
              placed={placed}
              recording={recording}
              from={from}
              known={known}
            />
          ))}
          {placed.map((block) => (
            <BlockBox
              key={block.place}
              block={block}
              recording={recording}
              from={from}
              heads={heads.get(block.place) ?? []}
              isKnown={known === undefined || known.has(block.place)}
              isOwnHead={block.place === ownHead}
            />
          ))}
        </svg>
      </div>
      <figcaption class="dim">
        Heights {from} to {to} of {highest} at {momentText(atUs)}. Below a block stand the hosts whose head it
        is.
        {known !== undefined &&
          ` Dashed: blocks that ${recording.hosts[host]?.name ?? ''} does not have then.`}
      </figcaption>
    </figure>
  );
}

function headsOf(views: readonly HostView[]): ReadonlyMap<number, readonly number[]> {
  const heads = new Map<number, number[]>();
  for (const [host, { head }] of views.entries()) {
    const own = heads.get(head);
    if (own === undefined) heads.set(head, [host]);
    else own.push(host);
  }
  return heads;
}

function placeOf({ height, row }: PlacedBlock, from: number): readonly [number, number] {
  return [10 + (height - from) * COLUMN_PX, TOP_PX + row * ROW_PX];
}

function Edge(props: {
  readonly block: PlacedBlock;
  readonly placed: readonly PlacedBlock[];
  readonly recording: Recording;
  readonly from: number;
  readonly known: ReadonlySet<number> | undefined;
}): JSX.Element | null {
  const { block, placed, recording, from, known } = props;
  const parent = placed.find(({ place }) => place === recording.blocks[block.place]?.parent);
  const [x, y] = placeOf(block, from);
  const middle = y + BLOCK_HEIGHT_PX / 2;
  if (parent === undefined)
    return block.height === 0 ? null : <path class="edge" d={`M ${x - 10} ${middle} H ${x}`} />;
  const [px, py] = placeOf(parent, from);
  const start = px + BLOCK_WIDTH_PX;
  const startY = py + BLOCK_HEIGHT_PX / 2;
  const isKnown = known === undefined || known.has(block.place);
  return (
    <path
      class={`edge ${isKnown ? '' : 'unknown'}`}
      d={`M ${start} ${startY} C ${start + 14} ${startY}, ${x - 14} ${middle}, ${x} ${middle}`}
    />
  );
}

function BlockBox(props: {
  readonly block: PlacedBlock;
  readonly recording: Recording;
  readonly from: number;
  readonly heads: readonly number[];
  readonly isKnown: boolean;
  readonly isOwnHead: boolean;
}): JSX.Element | null {
  const { block, recording, from, heads, isKnown, isOwnHead } = props;
  const data = recording.blocks[block.place];
  if (data === undefined) return null;
  const [x, y] = placeOf(block, from);
  const producer = recording.hosts[data.producer];
  const nameOf = (host: number): string => recording.hosts[host]?.name ?? '';
  const named = heads.slice(0, HEADS_NAMED).map(nameOf).join(' ');
  const who = heads.length > HEADS_NAMED ? `${heads.length} hosts` : named;
  const isEvil = (producer?.byzantine.length ?? 0) > 0;
  return (
    <g
      class={`block ${isKnown ? '' : 'unknown'} ${heads.length > 0 ? 'is-head' : ''} ${isOwnHead ? 'own' : ''}`}
    >
      <title>
        {`block ${data.id}\nheight ${data.height}, by ${producer?.name ?? 'nobody known'}, ${data.transactions} transactions\nfirst seen ${momentText(data.atUs)}${heads.length > 0 ? `\nhead of ${heads.map(nameOf).join(', ')}` : ''}`}
      </title>
      <rect x={x} y={y} width={BLOCK_WIDTH_PX} height={BLOCK_HEIGHT_PX} rx={5} />
      <text class="id" x={x + BLOCK_WIDTH_PX / 2} y={y + 16}>
        {shortId(data.id)}
      </text>
      <text class={`by ${isEvil ? 'evil' : ''}`} x={x + BLOCK_WIDTH_PX / 2} y={y + 31}>
        {data.height === 0
          ? 'genesis'
          : `${isEvil ? '◆ ' : ''}${producer?.name ?? '?'} · ${data.transactions} tx`}
      </text>
      <text class="heads" x={x + BLOCK_WIDTH_PX / 2} y={y + BLOCK_HEIGHT_PX + 14}>
        {who}
      </text>
    </g>
  );
}
