/** What every engine is asked to simulate: the gallery, a run in the page itself, and a planted program. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Override } from '../../src/cluster/scenario/read-yaml.ts';
import type { Place, Task } from './report.ts';

const GALLERY = new URL('../../scenarios/', import.meta.url);
/** As written, with real signatures. The others model them: Ed25519 in JavaScript would be most of their time. */
const AS_WRITTEN: readonly string[] = ['09-disk-full.yaml', '17-round-robin-example.yaml'];
const MODELLED: Override = { path: 'signatures', value: 'modelled' };
/** The longest by far, cut to a third. */
const CUT: ReadonlyMap<string, readonly Override[]> = new Map([
  [
    '16-internet-2019-600.yaml',
    [
      { path: 'duration', value: '600s' },
      { path: 'atLeast.blocks', value: '1' },
    ],
  ],
]);
/** Short, and a consensus of its own: what also runs outside a worker, and what a planted program spoils. */
const SMALL = '17-round-robin-example.yaml';

/** All of it, or the scenarios of these files alone. @param eventsMax of each run; undefined: all. @throws when a file cannot be read. */
export function createTasks(
  seed: string,
  files: readonly string[],
  eventsMax: number | undefined,
): readonly Task[] {
  const paths = files.length > 0 ? files : galleryFiles();
  const small = fileURLToPath(new URL(SMALL, GALLERY));
  const tasks = [
    ...(files.length > 0 ? [] : [createTask(small, seed, 'page')]),
    ...paths.map((path) => createTask(path, seed, 'worker')),
    createTask(small, seed, 'worker', 'stackText'),
  ];
  return tasks.map((task) => ({ ...task, eventsMax }));
}

/** True when a task spends its time on Ed25519, so that a native suite matters. */
export function hasRealSignatures({ overrides }: Task): boolean {
  return !overrides.includes(MODELLED);
}

function galleryFiles(): readonly string[] {
  return readdirSync(GALLERY)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => fileURLToPath(new URL(name, GALLERY)));
}

function createTask(path: string, seed: string, place: Place, plant?: 'stackText'): Omit<Task, 'eventsMax'> {
  const file = basename(path);
  const isAsWritten = plant === undefined && AS_WRITTEN.includes(file);
  const how = plant === undefined ? (place === 'page' ? ', in the page' : '') : ', planted';
  return {
    name: `${file}, seed ${seed}${how}`,
    file,
    source: readFileSync(path, 'utf8'),
    overrides: isAsWritten ? [] : [MODELLED, ...(CUT.get(file) ?? [])],
    seed,
    place,
    plant,
  };
}
