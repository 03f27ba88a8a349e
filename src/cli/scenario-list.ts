/** What `--list` prints: each scenario with its file, size, faults and load, and what it shows. */
import { plural } from './format.ts';
import type { Palette } from './output.ts';
import type { ScenarioSource } from './scenario-files.ts';

/** The kinds of some lines, each once, in the order of the file. */
function kindsOf(lines: readonly { readonly kind: string }[] | undefined): readonly string[] {
  return [...new Set((lines ?? []).map(({ kind }) => kind))];
}

function expectText(expected: ScenarioSource['scenario']['expect']): string {
  return typeof expected === 'string' ? expected : `violation of ${expected.violation}`;
}

/** As JSON one object a scenario; else two lines: what it is, and what it shows. */
export function renderList(
  sources: readonly ScenarioSource[],
  asJson: boolean,
  palette: Palette,
): readonly string[] {
  const width = Math.max(...sources.map(({ file }) => file.length));
  return sources.map(({ file, scenario }) => {
    const { name, shows, nodes, duration, expect } = scenario;
    const faults = kindsOf(scenario.faults);
    const load = kindsOf(scenario.load);
    if (asJson) return JSON.stringify({ file, name, shows, nodes, duration, faults, load, expect });
    const facts = [
      plural(nodes, 'node'),
      duration,
      faults.length === 0 ? 'no faults' : faults.join(', '),
      ...(expect === 'pass' ? [] : [`expects ${expectText(expect)}`]),
    ];
    return `${palette.bold(file.padEnd(width))}  ${facts.join(' · ')}\n${palette.dim(`  ${shows}`)}`;
  });
}
