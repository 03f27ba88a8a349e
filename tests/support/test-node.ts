/** Nodes in the process of a test: settings from flags, and what a test mostly does not care about. */
import { expect } from 'vitest';
import { readSettings } from '../../src/node/config/read-settings.ts';
import type { Settings } from '../../src/node/config/settings.ts';
import type { FileProblem } from '../../src/node/file-problem.ts';
import { type NodeParts, type RunningNode, startNode } from '../../src/node/node-process.ts';
import { SUITE } from '../cluster/support.ts';

/** Of flags alone. @throws {Error} when they are no good. */
export function settingsFrom(flags: Readonly<Record<string, string>>): Settings {
  const read = readSettings({ file: undefined, environment: {}, flags });
  if (!('settings' in read)) throw new Error(JSON.stringify(read));
  return read.settings;
}

/** Vouched for; whatever it meets that it should not fails the test. */
export function startTestNode(
  parts: Pick<NodeParts, 'settings' | 'chain' | 'key'> & Partial<NodeParts>,
): Promise<RunningNode | FileProblem> {
  return startNode({
    tls: undefined,
    suite: SUITE,
    isVouched: true,
    version: '1.2.3',
    onApiError: (error) => expect.fail(String(error)),
    onEvent: () => {},
    onEnded: (why) => expect.fail(JSON.stringify(why)),
    ...parts,
  });
}
