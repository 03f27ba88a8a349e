/** Finds and reads the scenario files that a command names: files, folders, or the gallery that comes with the package. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCENARIO_FILE_MAX_CHARS } from '../cluster/scenario/limits.ts';
import { type Override, parseScenario } from '../cluster/scenario/parse.ts';
import { ScenarioError } from '../cluster/scenario/problem.ts';
import type { ScenarioFile } from '../cluster/scenario/schema.ts';
import { UsageError } from './usage.ts';

/** A scenario that reads well, with the text that workers parse again. */
export interface ScenarioSource {
  /** As the user would name it: what the replay line repeats. */
  readonly file: string;
  readonly source: string;
  readonly scenario: ScenarioFile;
}

const GALLERY = fileURLToPath(new URL('../../scenarios', import.meta.url));

function isScenarioName(name: string): boolean {
  return name.endsWith('.yaml') || name.endsWith('.yml');
}

function listFolder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isScenarioName(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function expand(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`${path}: there is no such file or folder`);
  if (!found.isDirectory()) return [path];
  const files = listFolder(path);
  if (files.length === 0) throw new UsageError(`${path}: no scenario file in this folder (*.yaml or *.yml)`);
  return files;
}

function readText(path: string): string {
  const size = statSync(path).size;
  if (size > 4 * SCENARIO_FILE_MAX_CHARS) {
    throw new UsageError(
      `${path}: ${size} bytes; a scenario file has at most ${4 * SCENARIO_FILE_MAX_CHARS}`,
    );
  }
  return readFileSync(path, 'utf8');
}

function gallery(): readonly string[] {
  return listFolder(GALLERY).map((path) => {
    const short = relative(process.cwd(), path);
    return short.startsWith('..') ? path : short;
  });
}

/**
 * Reads every scenario before anything runs.
 * @throws {UsageError} with every mistake of every file.
 */
export function readScenarios(
  paths: readonly string[],
  overrides: readonly Override[],
): readonly ScenarioSource[] {
  const files = paths.length === 0 ? gallery() : paths.flatMap(expand);
  const read: ScenarioSource[] = [];
  const wrong: string[] = [];
  for (const file of files) {
    const source = readText(file);
    try {
      read.push({ file, source, scenario: parseScenario(file, source, overrides) });
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      wrong.push(error.message);
    }
  }
  if (wrong.length > 0) throw new UsageError(wrong.join('\n\n'));
  return read;
}
