/** What a published package must be: which files it may hold, what its manifest must name, and equal hashes on every engine. */

const ALLOWED = [
  /^dist\/.+\.(js|d\.ts)$/,
  /^dist\/report\/page\.html$/,
  /^schemas\/.+\.json$/,
  /^scenarios\/.+\.(ya?ml|md)$/,
  /^spaces\/[a-z0-9-]+\.yaml$/,
  /^docs\/(?!plan)[a-z-]+\.md$/,
  /^docs\/decisions\/\d{3}-[a-z0-9-]+\.md$/,
  /^docs\/images\/[a-z-]+\.(svg|png)$/,
  /^(package\.json|README\.md|ARCHITECTURE\.md|LICENSE|CHANGELOG\.md)$/,
];

/** The part of package.json that is judged. */
export interface Manifest {
  readonly bin: { readonly aureon: string };
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What `aureon run --json` came to on one version of Node: one JSON object a line. */
export interface EngineRun {
  readonly engine: string;
  readonly exitCode: number | null;
  readonly stdout: string;
}

interface PrintedRun {
  readonly scenario: string;
  readonly seed: string;
  readonly traceHash: string;
  readonly verdict: string;
}

const REQUIRED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'docs/protocol.md',
  'docs/scenarios.md',
  'spaces/default.yaml',
];

/** Files that do not belong in the tarball, and files that are missing there. */
export function problemsOfTarball(files: readonly string[]): readonly string[] {
  const foreign = files.filter(
    (file) => !ALLOWED.some((pattern) => pattern.test(file)) || /\.test\.(js|d\.ts)$/.test(file),
  );
  const missing = REQUIRED.filter((file) => !files.includes(file));
  return [
    ...foreign.map((file) => `${file} does not belong in the package`),
    ...missing.map((file) => `${file} is missing in the package`),
  ];
}

/** What the manifest names must be in the tarball; entries are exact files with their types beside them. */
export function problemsOfManifest(manifest: Manifest, files: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const packed = (path: string): boolean => files.includes(path.replace(/^\.\//, ''));
  if (!packed(manifest.bin.aureon)) problems.push(`bin: ${manifest.bin.aureon} is not in the package`);
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target !== 'string' || target.includes('*')) {
      problems.push(`exports: ${entry} must name one exact file`);
    } else if (!packed(target)) {
      problems.push(`exports: ${target} is not in the package`);
    } else if (target.endsWith('.js') && !packed(target.replace(/\.js$/, '.d.ts'))) {
      problems.push(`exports: ${target} has no types`);
    }
  }
  const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies ?? {})];
  for (const name of names) {
    if (/^node-(linux|darwin|win)|^aureon/.test(name))
      problems.push(`dependencies: ${name} is a tool of the repository`);
  }
  return problems;
}

/** Compares the engines: each must have passed, with at least `expected` runs, and all must agree on every trace hash. */
export function compareEngines(
  runs: readonly EngineRun[],
  expected: number,
): { readonly problems: readonly string[]; readonly compared: number } {
  const problems: string[] = [];
  const hashes = runs.map(({ engine, exitCode, stdout }) => {
    if (exitCode !== 0) problems.push(`Node ${engine}: aureon run ended with exit code ${exitCode}`);
    const byRun = new Map<string, string>();
    for (const line of stdout.split('\n').filter((text) => text !== '')) {
      const { scenario, seed, traceHash, verdict } = JSON.parse(line) as PrintedRun;
      const key = `${scenario} seed ${seed}`;
      if (typeof traceHash !== 'string' || traceHash === '')
        problems.push(`Node ${engine}: ${key} has no trace hash`);
      byRun.set(key, `${traceHash} ${verdict}`);
    }
    if (byRun.size < expected)
      problems.push(`Node ${engine}: ${byRun.size} runs, at least ${expected} were expected`);
    return byRun;
  });
  const keys = [...new Set(hashes.flatMap((byRun) => [...byRun.keys()]))];
  for (const key of keys) {
    const answers = hashes.map((byRun) => byRun.get(key));
    if (answers.every((answer) => answer === answers[0])) continue;
    const list = runs.map(({ engine }, index) => `Node ${engine}: ${answers[index] ?? 'no such run'}`);
    problems.push(`${key} differs between engines: ${list.join('; ')}`);
  }
  return { problems, compared: keys.length };
}
