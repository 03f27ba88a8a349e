/** One plot by uPlot: axes with units, faults as shades, the failure as a line, a click that chooses a moment. */
import uPlot from 'uplot';
import type { Series } from '../series.ts';
import { colourOf } from './theme.ts';

const HEIGHT_PX = 220;
const DIGIT_PX = 7;
/** Lines beyond the colours are dashed. */
const COLOURS = 6;

export interface PlotStyle {
  readonly unit: string;
  readonly isStepped?: boolean;
  readonly endUs: number;
  readonly failedUs: number | undefined;
  readonly shades: readonly { readonly fromUs: number; readonly untilUs: number }[];
}

function axis(label: string): uPlot.Axis {
  return {
    label,
    labelSize: 18,
    labelGap: 0,
    labelFont: '11px system-ui, sans-serif',
    font: '11px system-ui, sans-serif',
    stroke: colourOf('--c-dim'),
    grid: { stroke: colourOf('--c-grid'), width: 1 },
    ticks: { stroke: colourOf('--c-grid'), width: 1 },
  };
}

/** Room for the longest number. */
function wide(_plot: uPlot, values: readonly string[] | null): number {
  return 22 + DIGIT_PX * Math.max(1, ...(values ?? []).map(({ length }) => length));
}

/** Shades behind the lines. */
function drawShades(plot: uPlot, { shades, failedUs }: PlotStyle): void {
  const { ctx, bbox } = plot;
  const x = (us: number): number => plot.valToPos(us / 1_000_000, 'x', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colourOf('--c-fault-fill');
  for (const { fromUs, untilUs } of shades)
    ctx.fillRect(x(fromUs), bbox.top, Math.max(1, x(untilUs) - x(fromUs)), bbox.height);
  if (failedUs !== undefined) {
    ctx.fillStyle = colourOf('--c-bad');
    ctx.fillRect(x(failedUs) - 1, bbox.top, 2, bbox.height);
  }
  ctx.restore();
}

/** The values, from the beginning of the run to its end, so that all plots have one axis. */
function wholeRun({ times, lines }: Series, endUs: number): uPlot.AlignedData {
  const end = endUs / 1_000_000;
  const isLate = (times[0] ?? 1) > 0;
  const isEarly = (times.at(-1) ?? 0) < end;
  const padded = <T>(values: readonly T[], first: T, last: T): T[] => [
    ...(isLate ? [first] : []),
    ...values,
    ...(isEarly ? [last] : []),
  ];
  return [padded(times, 0, end), ...lines.map(({ values }) => padded(values, undefined, undefined))];
}

/** Draws into a place; answers how to remove it. @param variables colours, a custom property a line. */
export function drawPlot(
  place: HTMLElement,
  series: Series,
  variables: readonly string[],
  style: PlotStyle,
  onMoment: (us: number) => void,
): () => void {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const lines = series.lines.map(({ name }, i): uPlot.Series => {
    return {
      label: name,
      stroke: colourOf(variables[i] ?? '--c-text'),
      width: 1.5,
      points: { show: false },
      ...(i >= COLOURS ? { dash: [6, 3] } : {}),
      ...(style.isStepped === true && stepped !== undefined ? { paths: stepped } : {}),
      value: (_plot, value) => (value === null ? '–' : String(Math.round(value * 10) / 10)),
    };
  });
  const plot = new uPlot(
    {
      width: Math.max(240, place.clientWidth),
      height: HEIGHT_PX,
      scales: {
        x: { time: false, range: (_plot, min, max) => [min, max] },
        y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.08)] },
      },
      axes: [
        { ...axis('simulated time, s'), size: 30 },
        { ...axis(style.unit), size: wide },
      ],
      series: [
        { label: 'time, s', value: (_plot, value) => (value === null ? '–' : value.toFixed(3)) },
        ...lines,
      ],
      cursor: { sync: { key: 'plots' }, focus: { prox: 24 } },
      legend: { live: true },
      hooks: { drawClear: [(self) => drawShades(self, style)] },
    },
    wholeRun(series, style.endUs),
    place,
  );
  const onClick = (): void => {
    const { left } = plot.cursor;
    if (left !== undefined && left >= 0) onMoment(Math.round(plot.posToVal(left, 'x') * 1_000_000));
  };
  plot.over.addEventListener('click', onClick);
  return () => plot.destroy();
}
