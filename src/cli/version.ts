/** The version of the package that runs. */
import { readFileSync } from 'node:fs';

/** As package.json says; `unknown` where that cannot be read. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}
