import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

describe('code in docs', () => {
  const quoted = readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...readFileSync(join(ROOT, 'docs', file), 'utf8').matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(
        ([, path = '', code = '']) => ({ file, path, code }),
      ),
    );

  it('that names its file is quoted somewhere', () => {
    expect(quoted.map(({ path }) => path)).toContain('src/chain/consensus/round-robin/rules.ts');
  });

  it.each(quoted)('in $file stands in $path as it is', ({ path, code }) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toContain(code);
  });
});
