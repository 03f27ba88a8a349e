/** Loads what a job plants: a bug of the gallery, or other programs or rules than the honest ones. */
import { mutantOf } from './bugs/load-mutant.ts';
import type { Job, Plant } from './job.ts';

/** @throws {TypeError} when the module has no `plant`. @throws {BugError} when the bug cannot be planted. */
export async function plantOf({ plantModule, bug }: Job): Promise<Plant> {
  if (bug !== undefined) return { other: await mutantOf(bug) };
  if (plantModule === undefined) return {};
  const loaded: unknown = await import(plantModule);
  if (hasPlant(loaded)) return loaded.plant;
  throw new TypeError(`${plantModule} exports no plant`);
}

function hasPlant(loaded: unknown): loaded is { readonly plant: Plant } {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    'plant' in loaded &&
    typeof loaded.plant === 'object' &&
    loaded.plant !== null
  );
}
