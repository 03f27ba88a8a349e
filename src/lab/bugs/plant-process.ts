/** Loaded before a node (`--import`): plants a bug of the gallery into all of its process. The canary: a process whose bug met no file does not go on. */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { BUG_VARIABLE, findBug, ROOT, readBugs } from './bug-file.ts';
import { textOf } from './load-mutant.ts';
import { BugError, mutate } from './mutation.ts';

const wanted = process.env[BUG_VARIABLE];
if (wanted === undefined) throw new BugError(`${BUG_VARIABLE} names the bug that is planted`);
const bug = findBug(readBugs(), wanted);
const rootUrl = pathToFileURL(ROOT).href;
const open = new Set(bug.mutations.map(({ file }) => file));

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const file = url.startsWith(rootUrl) ? url.slice(rootUrl.length) : undefined;
    if (file === undefined || !bug.mutations.some((mutation) => mutation.file === file)) return loaded;
    open.delete(file);
    return { ...loaded, source: mutate(textOf(loaded.source), file, bug.mutations, bug.name) };
  },
});

process.on('exit', () => {
  if (open.size === 0) return;
  process.stderr.write(`${bug.name}: no node loads ${[...open].join(', ')}, so that nothing was planted\n`);
  process.exitCode = 1;
});
