/** What every engine is asked to simulate: the gallery, a run in the page itself, and a planted program. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place, Task } from './report.ts';

const GALLERY = new URL('../../scenarios/', import.meta.url);
/** With real signatures, as written. The others model them: Ed25519 in JavaScript would be most of their time. */
const REAL_SIGNATURES: readonly string[] = [
  '01-partition-and-heal.yaml',
  '09-disk-full.yaml',
  '17-round-robin-example.yaml',
];
/** Short, and a consensus of its own: what also runs outside a worker, and what a planted program spoils. */
const SMALL = '17-round-robin-example.yaml';

/** All of it, or the scenarios of these files alone. @throws when a file cannot be read. */
export function createTasks(seed: string, files: readonly string[]): readonly Task[] {
  const paths = files.length > 0 ? files : galleryFiles();
  const small = fileURLToPath(new URL(SMALL, GALLERY));
  return [
    ...(files.length > 0 ? [] : [createTask(small, seed, 'page')]),
    ...paths.map((path) => createTask(path, seed, 'worker')),
    createTask(small, seed, 'worker', 'stackText'),
  ];
}

/** True when a task spends its time on Ed25519, so that a native suite matters. */
export function hasRealSignatures({ overrides, plant }: Task): boolean {
  return plant === undefined && overrides.length === 0;
}

function galleryFiles(): readonly string[] {
  return readdirSync(GALLERY)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => fileURLToPath(new URL(name, GALLERY)));
}

function createTask(path: string, seed: string, place: Place, plant?: 'stackText'): Task {
  const file = basename(path);
  const isReal = plant === undefined && REAL_SIGNATURES.includes(file);
  const how = plant === undefined ? (place === 'page' ? ', in the page' : '') : ', planted';
  return {
    name: `${file}, seed ${seed}${how}`,
    file,
    source: readFileSync(path, 'utf8'),
    overrides: isReal ? [] : [{ path: 'signatures', value: 'modelled' }],
    seed,
    place,
    plant,
  };
}
