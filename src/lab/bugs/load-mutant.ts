/** Loads the chain with a planted bug beside the clean one: a resolve hook passes the variant on, a load hook mutates what it names. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OtherCode } from '../../cluster/other-code.ts';
import { type Bug, findBug, ROOT, readBugs } from './bug-file.ts';
import { BugError, mutate } from './mutation.ts';

/** Where programs begin: the node, and what gives it its engine. */
const NODE_FILE = 'src/chain/node.ts';
const ENGINES_FILE = 'src/cluster/engines.ts';
/** Folders that come in variants; env, sim and the rest of cluster are one for all. */
const CHAIN_FOLDER = 'src/chain/';
/** What each mutated file exports beside its own: the name of the bug. */
const CANARY = 'plantedBug';
const VARIANT = '?variant=';

const rootUrl = pathToFileURL(ROOT).href;
/** Bugs that were asked for in this thread, and their files that were mutated. */
const known = new Map<string, { readonly bug: Bug; readonly mutated: Set<string> }>();
const loading = new Map<string, Promise<Pick<OtherCode, 'createNode' | 'engineSetup'>>>();

interface Place {
  /** From the root of the repository. */
  readonly file: string;
  readonly variant: string | undefined;
}

/** Undefined: outside the repository, or no file. */
function placeOf(url: string | undefined): Place | undefined {
  if (url?.startsWith(rootUrl) !== true) return undefined;
  const [file = '', variant] = url.slice(rootUrl.length).split(VARIANT);
  return { file, variant };
}

function comesInVariants(file: string): boolean {
  return file.startsWith(CHAIN_FOLDER) || file === ENGINES_FILE;
}

/** The source of a module as text. */
export function textOf(source: string | ArrayBufferLike | NodeJS.TypedArray | undefined): string {
  return typeof source === 'object' ? Buffer.from(bytesOf(source)).toString('utf8') : (source ?? '');
}

function bytesOf(source: ArrayBufferLike | NodeJS.TypedArray): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

let isHooked = false;

/** Once a thread: workers do not inherit hooks. */
function hook(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const variant = placeOf(context.parentURL)?.variant;
      const place = placeOf(resolved.url);
      if (variant === undefined || place === undefined || place.variant !== undefined) return resolved;
      return comesInVariants(place.file)
        ? { ...resolved, url: `${resolved.url}${VARIANT}${variant}` }
        : resolved;
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const place = placeOf(url);
      const planted = place?.variant === undefined ? undefined : known.get(place.variant);
      if (place === undefined || planted === undefined) return loaded;
      const { bug, mutated } = planted;
      if (!bug.mutations.some(({ file }) => file === place.file)) return loaded;
      const source = mutate(textOf(loaded.source), place.file, bug.mutations, bug.name);
      mutated.add(place.file);
      return { ...loaded, source: `${source}\nexport const ${CANARY} = ${JSON.stringify(bug.name)};\n` };
    },
  });
}

/** @throws {BugError} in a built package: types are not stripped there, and there are no sources. */
function urlOf(file: string, bug: Bug): string {
  if (!import.meta.url.endsWith('.ts'))
    throw new BugError(
      'bugs are planted into the TypeScript sources while they load: run it from a clone of the repository, not from the built package',
    );
  return `${pathToFileURL(join(ROOT, file)).href}${VARIANT}${bug.name}`;
}

/** A graph of its own, kept for the life of the thread. */
async function load(bug: Bug): Promise<Pick<OtherCode, 'createNode' | 'engineSetup'>> {
  const node: unknown = await import(urlOf(NODE_FILE, bug));
  const engines: unknown = await import(urlOf(ENGINES_FILE, bug));
  for (const { file } of bug.mutations) await checkCanary(bug, file);
  if (!isNodeModule(node) || !isEnginesModule(engines))
    throw new BugError(`${NODE_FILE} exports no createNode, or ${ENGINES_FILE} no engineSetup`);
  return { createNode: node.createNode, engineSetup: engines.engineSetup };
}

/** That what hosts run is the mutant. */
async function checkCanary(bug: Bug, file: string): Promise<void> {
  // Asked before the import, which would load and mutate it now.
  if (known.get(bug.name)?.mutated.has(file) !== true)
    throw new BugError(`bugs/${bug.name}/bug.yaml: no node loads ${file}, so that nothing would be planted`);
  const loaded: unknown = await import(urlOf(file, bug));
  const canary = isRecord(loaded) ? loaded[CANARY] : undefined;
  if (canary !== bug.name) throw new BugError(`bugs/${bug.name}: ${file} was loaded without its mutation`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isNodeModule(loaded: unknown): loaded is Pick<OtherCode, 'createNode'> {
  return isRecord(loaded) && typeof loaded['createNode'] === 'function';
}

function isEnginesModule(loaded: unknown): loaded is Pick<OtherCode, 'engineSetup'> {
  return isRecord(loaded) && typeof loaded['engineSetup'] === 'function';
}

const others = new Map<string, Promise<OtherCode>>();

/** `loadMutant` of the bug with that number or name; the gallery is read once a thread. */
export function mutantOf(wanted: string): Promise<OtherCode> {
  let other = others.get(wanted);
  if (other === undefined) {
    other = Promise.resolve().then(() => loadMutant(findBug(readBugs(), wanted)));
    others.set(wanted, other);
  }
  return other;
}

/**
 * The chain with that bug, loaded once a thread. Clean code that is loaded before or after stays clean.
 * @throws {BugError} when it cannot be planted, or is one of unit level, which no cluster is asked for.
 */
async function loadMutant(bug: Bug): Promise<OtherCode> {
  if (bug.kind === 'unit')
    throw new BugError(`${bug.name} is found by tests, not in clusters: aureon score ${bug.number}`);
  hook();
  if (!known.has(bug.name)) known.set(bug.name, { bug, mutated: new Set() });
  const loaded = loading.get(bug.name) ?? load(bug);
  loading.set(bug.name, loaded);
  const { createNode, engineSetup } = await loaded;
  const runs = bug.runs === 'all' ? () => true : (host: number) => host % 2 === 0;
  return { name: bug.name, createNode, engineSetup, runs };
}
