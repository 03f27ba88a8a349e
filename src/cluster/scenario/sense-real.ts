/** What a scenario asks for and real processes on one machine cannot do: clocks that run wrong, disks that lie, hosts that break the protocol. */
import { faultKindOf } from '../fault-kind.ts';
import { parseDurationUs } from './duration.ts';
import type { FaultLine } from './schema/faults.ts';
import type { ScenarioFile } from './schema.ts';
import type { Impossible } from './sense-byzantine.ts';

type Path = Impossible['path'];

/** Each host is a process, of a few hundred MB at most, on a machine that has other work too. */
const HOSTS_MAX = 16;
/** A real run takes the time that it takes. */
const LENGTH_MAX = '15min';

/** Faults that processes, signals and proxies can bring about. */
const REAL_FAULTS: readonly FaultLine['kind'][] = [
  'partition',
  'bridge',
  'ring',
  'flap',
  'clog',
  'swizzle',
  'crash',
  'rollingRestart',
  'pause',
  'diskFull',
  'diskError',
];

type EngineName = NonNullable<NonNullable<ScenarioFile['chain']>['engine']>;

/** What real nodes can be told of their chain and of single hosts, by engine; of other engines there are none. */
const BY_ENGINE: ReadonlyMap<
  EngineName,
  { readonly chain: readonly string[]; readonly hosts: readonly string[] }
> = new Map([
  ['pos', { chain: ['rounds', 'staking'], hosts: ['stake'] }],
  ['poa', { chain: ['poa'], hosts: [] }],
  ['pow', { chain: ['difficulty', 'halfLife', 'finalityDepth', 'reward'], hosts: ['hashShare'] }],
]);

/** Keys of a mapping that real nodes have; every other one is of the simulation. */
interface Section {
  readonly path: Path;
  readonly value: object | undefined;
  readonly allowed: readonly string[];
}

function engineOf({ chain }: ScenarioFile): EngineName {
  return chain?.engine ?? 'pow';
}

function sectionsOf(file: ScenarioFile): readonly Section[] {
  const { chain, node, network, hosts = [] } = file;
  const own = BY_ENGINE.get(engineOf(file));
  // That engine is what is wrong then.
  if (own === undefined) return [];
  return [
    {
      path: ['chain'],
      value: chain,
      allowed: ['engine', 'blockInterval', 'blockBytesMax', ...own.chain],
    },
    { path: ['node'], value: node, allowed: ['flushBlocks', 'mempoolMax'] },
    { path: ['network'], value: network, allowed: ['topology', 'stallReset'] },
    ...hosts.map((rule, i) => ({
      path: ['hosts', i],
      value: rule,
      allowed: ['hosts', ...own.hosts, 'joins', 'absent'],
    })),
  ];
}

function sectionProblems({ path, value = {}, allowed }: Section): readonly Impossible[] {
  return Object.keys(value)
    .filter((key) => !allowed.includes(key))
    .map((key) => ({
      path: [...path, key],
      message: `real nodes cannot be told ${key}`,
      expected: `of ${path[0]}, with --real: ${allowed.join(', ')}`,
    }));
}

/** Whole parts of a file that only a simulation has. */
function partProblems(file: ScenarioFile): readonly Impossible[] {
  const parts = ['cpu', 'proposals', 'byzantine', 'messageFaults', 'stopAtHeight'] as const;
  const unreal = parts
    .filter((part) => file[part] !== undefined)
    .map((part) => ({
      path: [part],
      message: `${part} is of the simulation`,
      expected: 'nothing there, with --real',
    }));
  const isModelled = file.signatures === 'modelled';
  return [
    ...unreal,
    ...(isModelled
      ? [{ path: ['signatures'], message: 'real nodes sign for real', expected: 'real, with --real' }]
      : []),
    ...(file.liveness === 'core'
      ? [
          {
            path: ['liveness'],
            message: 'a drawn core is of the simulation',
            expected: 'required or excused, with --real',
          },
        ]
      : []),
  ];
}

function sizeProblems({ nodes, duration, chain, network }: ScenarioFile): readonly Impossible[] {
  const problems: Impossible[] = [];
  if (!BY_ENGINE.has(chain?.engine ?? 'pow'))
    problems.push({
      path: ['chain', 'engine'],
      message: `engine ${chain?.engine}`,
      expected: `${[...BY_ENGINE.keys()].join(', ')}, with --real`,
    });
  if (nodes > HOSTS_MAX)
    problems.push({
      path: ['nodes'],
      message: `${nodes} processes`,
      expected: `at most ${HOSTS_MAX}, with --real`,
    });
  if ((parseDurationUs(duration) ?? 0) > (parseDurationUs(LENGTH_MAX) ?? 0))
    problems.push({
      path: ['duration'],
      message: `${duration} of real time`,
      expected: `at most ${LENGTH_MAX}, with --real`,
    });
  if (network?.topology === 'discovery')
    problems.push({
      path: ['network', 'topology'],
      message: 'nodes that find each other go around the proxies that cut links',
      expected: 'a topology whose links are known, such as mesh, with --real',
    });
  return problems;
}

/** Each miner is one thread of the same machine. */
function shareProblems({ hosts = [] }: ScenarioFile): readonly Impossible[] {
  return hosts.flatMap(({ hashShare = 1 }, i) =>
    hashShare === 0 || hashShare === 1
      ? []
      : [
          {
            path: ['hosts', i, 'hashShare'],
            message: `${hashShare}: a real miner has one thread, as all others`,
            expected: '0 or 1, with --real',
          },
        ],
  );
}

function faultProblems(fault: FaultLine, path: Path): readonly Impossible[] {
  const { kind } = fault;
  if (!REAL_FAULTS.includes(kind)) {
    const expected = `with --real one of ${REAL_FAULTS.join(', ')}`;
    return [{ path: [...path, 'kind'], message: `${kind} cannot be done to real processes`, expected }];
  }
  const problems: Impossible[] = [];
  const refuse = (key: string, message: string, expected: string): void =>
    void problems.push({ path: [...path, key], message, expected: `${expected}, with --real` });
  if (fault.kind === 'crash') {
    if (fault.how !== 'kill')
      refuse('how', `${fault.how}: a process can be killed, the machine stays`, 'kill');
    if (fault.disk !== undefined && fault.disk !== 'keep' && fault.disk !== 'empty')
      refuse('disk', `${fault.disk}: there are no old disks`, 'keep or empty');
    if (fault.effect !== undefined)
      refuse('effect', 'nobody sees the effects of a process from outside', 'no effect');
  }
  if (fault.kind === 'diskFull' && (fault.roomBytes ?? 0) > 0)
    refuse('roomBytes', 'nobody counts the bytes of a real disk', 'none');
  if (fault.kind === 'diskError' && fault.on === 'read')
    refuse('on', 'read: a database reads what the system has mapped', 'write or flush');
  if (fault.kind === 'rollingRestart') {
    if (fault.how === 'power')
      refuse('how', 'power: a process can be killed, the machine stays', 'kill or stop');
    if (fault.code !== undefined) refuse('code', 'all processes run this code', 'no code');
  }
  return problems;
}

/** A fault of a `plan`, as a capsule keeps it. */
function plannedProblems(
  fault: NonNullable<ScenarioFile['plan']>[number],
  path: Path,
): readonly Impossible[] {
  const kind = faultKindOf(fault.id);
  const refused = [{ path, message: `${kind} cannot be done to real processes`, expected: 'no such line' }];
  switch (fault.kind) {
    case 'crash':
      return fault.how === 'kill' && fault.disk !== 'old' && fault.at === undefined ? [] : refused;
    case 'stop':
    case 'start':
    case 'pause':
      return [];
    case 'disk': {
      const { fault: how } = fault;
      const isReal =
        how.kind === 'diskFull' ? how.roomBytes === 0 : how.kind === 'ioError' && how.on !== 'read';
      return isReal ? [] : refused;
    }
    case 'link':
      return ['split', 'ring', 'isolate', 'cut', 'clog'].includes(fault.change.kind) ? [] : refused;
    default:
      return refused;
  }
}

/** Everything of a scenario that `--real` refuses: nothing is started of it. */
export function findUnreal(file: ScenarioFile): readonly Impossible[] {
  return [
    ...sizeProblems(file),
    ...partProblems(file),
    ...sectionsOf(file).flatMap(sectionProblems),
    ...shareProblems(file),
    ...(file.faults ?? []).flatMap((fault, i) => faultProblems(fault, ['faults', i])),
    ...(file.plan ?? []).flatMap((fault, i) => plannedProblems(fault, ['plan', i])),
  ];
}
