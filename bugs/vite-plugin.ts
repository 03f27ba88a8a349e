/** A Vite plugin that plants a bug of the gallery into the modules that it loads. */
import { relative, sep } from 'node:path';
import type { Plugin } from 'vite';
import { type Bug, ROOT } from '../src/lab/bugs/bug-file.ts';
import { mutate } from '../src/lab/bugs/mutation.ts';

/** @throws {BugError} from its transform, when an anchor does not stand where it should. */
export function plantBug(bug: Bug): Plugin {
  return {
    name: `bug-${bug.name}`,
    // Before types are stripped: anchors are TypeScript.
    enforce: 'pre',
    transform(code, id) {
      const [path = ''] = id.split('?');
      const file = relative(ROOT, path).split(sep).join('/');
      if (!bug.mutations.some((mutation) => mutation.file === file)) return undefined;
      return { code: mutate(code, file, bug.mutations, bug.name), map: null };
    },
  };
}
