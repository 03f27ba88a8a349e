/** A temporary copy of the tool configuration with planted source files: what the tests of lint and of the walls run in. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Path from the root → text. */
export type PlantedFiles = Readonly<Record<string, string>>;

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
}

export interface PlantedTree {
  /** Adds or replaces files. */
  plant(files: PlantedFiles): void;
  /** Runs a tool of node_modules/.bin in the copy. */
  run(tool: string, ...args: readonly string[]): ToolResult;
  remove(): void;
}

/** Copies the listed paths (of the repository's root) into a new folder under the system's temporary one. */
export function createPlantedTree(copied: readonly string[], files: PlantedFiles): PlantedTree {
  const folder = mkdtempSync(join(tmpdir(), 'aureon-planted-'));
  for (const path of copied) {
    cpSync(join(root, path), join(folder, path), {
      recursive: true,
      filter: (from) => !from.includes('node_modules'),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const tree: PlantedTree = {
    plant(more) {
      for (const [path, text] of Object.entries(more)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
    },
    run(tool, ...args) {
      try {
        const stdout = execFileSync(join(root, 'node_modules/.bin', tool), args, {
          cwd: folder,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        return { exitCode: 0, stdout };
      } catch (error) {
        if (error instanceof Error && 'status' in error && 'stdout' in error) {
          return { exitCode: Number(error.status), stdout: String(error.stdout) };
        }
        throw error;
      }
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  tree.plant(files);
  return tree;
}
