/** Runs tests with a bug of the gallery, the one that AUREON_BUG names: they are expected to fail. */
import { defineConfig, mergeConfig } from 'vitest/config';
import { findBug, readBugs } from '../src/lab/bugs/bug-file.ts';
import base from '../vitest.config.ts';
import { plantBug } from './vite-plugin.ts';

export default mergeConfig(
  base,
  defineConfig({
    root: new URL('..', import.meta.url).pathname,
    plugins: [plantBug(findBug(readBugs(), process.env['AUREON_BUG'] ?? ''))],
  }),
);
