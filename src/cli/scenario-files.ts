/** Finds and reads the scenario files that a command names: files, folders, or the gallery that comes with the package. */
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCENARIO_FILE_MAX_CHARS } from '../cluster/scenario/limits.ts';
import { parseScenario, type ScenarioWorld } from '../cluster/scenario/parse.ts';
import { ScenarioError } from '../cluster/scenario/problem.ts';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import type { ScenarioFile } from '../cluster/scenario/schema.ts';
import { suggest } from '../cluster/scenario/suggest.ts';
import { systemCode, UsageError } from './usage.ts';

/** A scenario that reads well, with the text that workers parse again. */
export interface ScenarioSource {
  /** As the user would name it: what the replay line repeats. */
  readonly file: string;
  readonly source: string;
  readonly scenario: ScenarioFile;
}

const GALLERY = fileURLToPath(new URL('../../scenarios', import.meta.url));
/** Longest UTF-8 text of that many characters. */
const FILE_MAX_BYTES = 3 * SCENARIO_FILE_MAX_CHARS;

/** Any file is near a shorter name. */
const NEAR_MIN_CHARS = 3;
/** A shorter part of a name stands in too many of them. */
const PART_MIN_CHARS = 4;

/** @throws {UsageError} instead of what the file system throws. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path}: cannot be read (${systemCode(error)})`);
  }
}

function isScenarioName(name: string): boolean {
  return name.endsWith('.yaml') || name.endsWith('.yml');
}

function listFolder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isScenarioName(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The gallery by paths that work from here: relative below the current folder, else absolute. */
function gallery(): readonly string[] {
  return listFolder(GALLERY).map((path) => {
    const short = relative(process.cwd(), path);
    return short.startsWith('..') ? path : short;
  });
}

/** The file that was meant: of its folder or of the gallery, with or without number and ending. */
function nearFile(path: string): string | undefined {
  if (basename(path).length < NEAR_MIN_CHARS) return undefined;
  const folder = dirname(path);
  const beside =
    statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? listFolder(folder) : [];
  const byName = new Map<string, string>();
  for (const file of [...beside, ...gallery()]) {
    const name = basename(file);
    const stem = name.slice(0, name.lastIndexOf('.'));
    for (const key of [name, stem, stem.replace(/^\d+-/, '')]) if (!byName.has(key)) byName.set(key, file);
  }
  const name = basename(path);
  const near =
    suggest(name, [...byName.keys()]) ?? suggest(name.replace(/\.[a-z]+$/, ''), [...byName.keys()]);
  const part = near ?? [...byName.keys()].find((key) => name.length >= PART_MIN_CHARS && key.includes(name));
  return part === undefined ? undefined : byName.get(part);
}

function missing(path: string): UsageError {
  if (path === '') return new UsageError('an empty file name: a scenario file or a folder was expected');
  const near = nearFile(path);
  return new UsageError(
    `${path}: there is no such file or folder${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

/** The files that one argument means. */
function expand(path: string): readonly string[] {
  const found = reading(path, (): Stats | undefined => statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) throw missing(path);
  if (found.isFile()) return [path];
  if (!found.isDirectory()) throw new UsageError(`${path}: neither a file nor a folder`);
  const files = reading(path, () => listFolder(path));
  if (files.length === 0) throw new UsageError(`${path}: no scenario file in this folder (*.yaml or *.yml)`);
  return files;
}

/** Scenario files are text: what is not is no scenario, whatever a parser might make of it. */
function decodeText(path: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Told below, together with texts that contain NUL.
  }
  throw new UsageError(`${path}: not a text file; a scenario file is YAML in UTF-8`);
}

function readText(path: string): string {
  return reading(path, () => {
    const size = statSync(path).size;
    if (size > FILE_MAX_BYTES)
      throw new UsageError(`${path}: ${size} bytes; a scenario file has at most ${FILE_MAX_BYTES}`);
    return decodeText(path, readFileSync(path));
  });
}

/**
 * The text of one file that a command is about.
 * @throws {UsageError} when there is none, it is a folder, or no text.
 */
export function readOneFile(path: string): string {
  const found = reading(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) throw missing(path);
  if (found.isDirectory()) throw new UsageError(`${path}: a folder; one file was expected`);
  return readText(path);
}

/**
 * Reads every scenario before anything runs.
 * @throws {UsageError} with every mistake of every file.
 */
export function readScenarios(
  paths: readonly string[],
  overrides: readonly Override[],
  world: ScenarioWorld = 'simulated',
): readonly ScenarioSource[] {
  const files = paths.length === 0 ? gallery() : paths.flatMap(expand);
  const read: ScenarioSource[] = [];
  const wrong: string[] = [];
  for (const file of files) {
    try {
      const source = readText(file);
      read.push({ file, source, scenario: parseScenario(file, source, overrides, world) });
    } catch (error) {
      if (!(error instanceof ScenarioError || error instanceof UsageError)) throw error;
      wrong.push(error.message);
    }
  }
  if (wrong.length > 0) {
    const last =
      files.length === 1
        ? []
        : [`${wrong.length} of ${files.length} scenario files cannot be run: nothing was run`];
    throw new UsageError([...wrong, ...last].join('\n\n'));
  }
  return read;
}
