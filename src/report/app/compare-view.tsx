/** Two runs beside each other, in numbers: what is the same, what is not, and where their stories part. */
import type { JSX } from 'preact';
import type { Recording } from '../../cluster/recording.ts';
import { compareKinds, compareRuns, type Parting, partingOf } from '../comparison.ts';
import { momentText } from '../time-axis.ts';
import { grouped } from './format.ts';
import type { Store } from './store.ts';

export function CompareView({ store }: { readonly store: Store }): JSX.Element | null {
  const [first, second] = store.data.runs;
  if (first === undefined || second === undefined) return null;
  const parting = partingOf(first.recording, second.recording);
  return (
    <div class="card compare">
      <div>
        <h3>A beside B</h3>
        <table>
          <thead>
            <tr>
              <th scope="col" />
              <th scope="col">A</th>
              <th scope="col">B</th>
            </tr>
          </thead>
          <tbody>
            {compareRuns(first.recording, second.recording).map(({ name, first: a, second: b, isSame }) => (
              <tr key={name} class={isSame ? '' : 'differs'}>
                <th scope="row">
                  {name}
                  {!isSame && <span class="sr"> (differs)</span>}
                </th>
                <td>{a}</td>
                <td>{b}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Kinds first={first.recording} second={second.recording} />
      <PartingText store={store} parting={parting} />
    </div>
  );
}

/** So many kinds are listed. */
const KINDS_SHOWN = 12;

function Kinds({
  first,
  second,
}: {
  readonly first: Recording;
  readonly second: Recording;
}): JSX.Element | null {
  const kinds = compareKinds(first, second);
  if (kinds.length === 0) return null;
  return (
    <div>
      <h3>Events that one run tells more often</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">event</th>
            <th scope="col">A</th>
            <th scope="col">B</th>
          </tr>
        </thead>
        <tbody>
          {kinds.slice(0, KINDS_SHOWN).map((row) => (
            <tr key={row.kind}>
              <th scope="row">{row.kind}</th>
              <td>{grouped(row.first)}</td>
              <td>{grouped(row.second)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PartingText(props: { readonly store: Store; readonly parting: Parting | undefined }): JSX.Element {
  const { store, parting } = props;
  if (parting === undefined)
    return <p class="wide">The nodes of both runs tell the same, as far as it is kept.</p>;
  if (parting.isAtOnce)
    return <p class="wide dim">The stories differ from the first events on, as those of two seeds do.</p>;
  return (
    <div class="wide">
      <p>
        What the nodes tell is the same up to{' '}
        <button type="button" class="link" onClick={() => store.goTo(parting.atUs, 'messages')}>
          {momentText(parting.atUs)}
        </button>
        ; then
      </p>
      <dl class="parting">
        <dt>A</dt>
        <dd>{parting.first}</dd>
        <dt>B</dt>
        <dd>{parting.second}</dd>
      </dl>
    </div>
  );
}
