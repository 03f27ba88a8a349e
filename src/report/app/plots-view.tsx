/** Plots over time: heights, waiting transactions, peers, messages a second; faults lie behind them. */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { bandsOf, linkBandsOf, unionOf } from '../bands.ts';
import { MESSAGE_CLASSES } from '../message-classes.ts';
import { heightSeries, LINES_MAX, mempoolSeries, messageSeries, peerSeries, type Series } from '../series.ts';
import { momentText } from '../time-axis.ts';
import { drawPlot, type PlotStyle } from './plot.ts';
import type { ViewProps } from './run-view.tsx';
import { failedAtUs, type Store } from './store.ts';
import { classVariable, LINE_VARIABLES } from './theme.ts';

export function PlotsView({ store, run }: ViewProps): JSX.Element {
  const { recording } = run;
  const series = useMemo(
    () => [
      heightSeries(recording),
      mempoolSeries(recording),
      messageSeries(recording),
      peerSeries(recording),
    ],
    [recording],
  );
  const shades = useMemo(() => {
    const bands = bandsOf(recording).filter(({ kind, fromUs }) => kind === 'fault' || fromUs > 0);
    return unionOf([...linkBandsOf(recording), ...bands]);
  }, [recording]);
  const [heights, mempool, messages, peers] = series;
  const ofHosts =
    recording.hosts.length > LINES_MAX
      ? `highest, middle and lowest of the ${recording.hosts.length} hosts`
      : 'a line a host';
  const { window } = recording;
  const isWhole = window.messagesKept === window.messagesSent;
  const style = { endUs: recording.endUs, failedUs: failedAtUs(recording), shades };
  return (
    <div class="plots">
      <Plot
        store={store}
        style={{ ...style, isStepped: true, unit: 'height' }}
        title={`Height of the head, ${ofHosts}`}
        series={heights}
      />
      <Plot
        store={store}
        style={{ ...style, unit: 'messages / s' }}
        title={`Messages sent a second, by what they are for${isWhole ? '' : `; kept from ${momentText(window.fromUs)} to ${momentText(window.untilUs)}`}`}
        series={messages}
      />
      <Plot
        store={store}
        style={{ ...style, unit: 'transactions' }}
        title={`Transactions that wait, ${ofHosts}`}
        series={mempool}
      />
      <Plot
        store={store}
        style={{ ...style, isStepped: true, unit: 'peers' }}
        title={`Peers after their handshakes, ${ofHosts}`}
        series={peers}
      />
      <p class="legend dim">
        <span class="mark fault" /> a fault is on, or a host is down · a click chooses the moment for all
        views · drag to zoom, double click for all
      </p>
    </div>
  );
}

/** The custom property with the colour of a line. */
function variableOf({ host, name }: Series['lines'][number], at: number): string {
  const ofClass = MESSAGE_CLASSES.find((known) => known === name);
  if (ofClass !== undefined) return classVariable(ofClass);
  return LINE_VARIABLES[(host ?? at) % LINE_VARIABLES.length] ?? '--c-text';
}

function Plot(props: {
  readonly store: Store;
  readonly title: string;
  readonly series: Series | undefined;
  readonly style: PlotStyle;
}): JSX.Element {
  const { store, title, series, style } = props;
  const { theme, isPrinting } = store.state;
  const ref = useRef<HTMLDivElement>(null);
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  useLayoutEffect(() => {
    if (ref.current === null || series === undefined) return undefined;
    const colours = series.lines.map(variableOf);
    return drawPlot(ref.current, series, colours, style, (us) => store.set({ atUs: us }));
    // The width of the place decides too.
  }, [series, theme, isDark, isPrinting, store.state.shown, innerWidth]);
  return (
    <figure class="plot card">
      <figcaption>{title}</figcaption>
      <div ref={ref} role="img" aria-label={title} />
    </figure>
  );
}
