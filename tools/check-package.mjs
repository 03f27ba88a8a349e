/**
 * Proves the published package as a stranger meets it: packs it, installs the tarball in an empty folder, and runs the gallery
 * on each Node that it supports; all must print the same trace hashes. On each of them a node of the package runs too, and a program of the stranger
 * asks it through `aureon/client`. `--only <name>` takes one scenario file of the gallery.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareEngines, problemsOfManifest, problemsOfTarball } from './package-rules.ts';

/** The oldest that runs it, the one it is developed on, the newest. */
const ENGINES = ['22.18.0', '24.21.0', '26.10.0'];

const root = fileURLToPath(new URL('..', import.meta.url));
const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;

const work = mkdtempSync(join(tmpdir(), 'aureon-package-'));
try {
  const tarball = pack();
  const installed = install(tarball);
  checkTypes(installed);
  checkEngines(installed);
  await checkClient(installed);
  console.log('package: ok');
} finally {
  rmSync(work, { recursive: true, force: true });
}

function pack() {
  const [packed] = JSON.parse(npm(root, 'pack', '--json', '--pack-destination', work));
  const files = packed.files.map(({ path }) => path);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  failOn([...problemsOfTarball(files), ...problemsOfManifest(manifest, files)]);
  console.log(`packed ${packed.filename}: ${files.length} files, ${Math.round(packed.size / 1024)} kB`);
  return join(work, packed.filename);
}

function install(tarball) {
  const user = join(work, 'user');
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
  npm(user, 'install', '--no-audit', '--no-fund', tarball);
  const strangers = readdirSync(join(user, 'node_modules')).filter((name) =>
    /^node-(linux|bin)|aureon-node/.test(name),
  );
  failOn(strangers.map((name) => `${name}: the Node of the repository is no dependency of the package`));
  return join(user, 'node_modules', 'aureon');
}

/** Every entry of `exports` must be importable by a strict TypeScript program that has the types of nothing else. */
function checkTypes(installed) {
  const user = join(work, 'user');
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  const lines = entries.map((entry, index) => {
    const specifier = join('aureon', entry).replaceAll('\\', '/');
    return `import * as m${index} from '${specifier}';\nexport const n${index}: object = m${index};\n`;
  });
  writeFileSync(join(user, 'consumer.ts'), lines.join(''));
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  const tsc = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), [...options, 'consumer.ts'], {
    cwd: user,
    encoding: 'utf8',
  });
  if (tsc.status !== 0) failOn([`the package's types do not compile:\n${tsc.stdout}`]);
  console.log(`types: ${entries.length} entries compile`);
}

function checkEngines(installed) {
  const { version, bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const command = join(installed, bin.aureon);
  const gallery = readdirSync(join(installed, 'scenarios'))
    .filter((name) => name.endsWith('.yaml') && (only === undefined || name === only))
    .map((name) => join(installed, 'scenarios', name));
  if (gallery.length === 0)
    failOn([`no scenario in the package${only === undefined ? '' : ` is called ${only}`}`]);
  const runs = ENGINES.map((engine) => {
    const node = engineOf(engine);
    const printed = execFileSync(node, [command, '--version'], { encoding: 'utf8' }).trim();
    if (printed !== version) failOn([`Node ${engine}: aureon --version printed ${printed}, not ${version}`]);
    const startedMs = performance.now();
    const run = spawnSync(node, [command, 'run', ...gallery, '--json'], {
      cwd: work,
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    console.log(
      `Node ${engine}: exit code ${run.status}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    );
    return { engine, exitCode: run.status, stdout: run.stdout };
  });
  const { problems, compared } = compareEngines(runs, gallery.length);
  failOn(problems);
  console.log(`gallery: ${compared} runs, equal trace hashes on Node ${ENGINES.join(', ')}`);
}

/** A node of the installed package, and a program beside it that imports `aureon/client` by its name. */
async function checkClient(installed) {
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const command = join(installed, bin.aureon);
  const user = join(work, 'user');
  writeFileSync(
    join(user, 'follow.mjs'),
    `import { NodeClient } from 'aureon/client';
const node = new NodeClient(process.argv[2]);
const { id } = await node.genesis();
const heights = [];
for await (const event of node.events({ from: 0 })) {
  if (event.kind === 'head' && heights.push(event.header.height) === 3) break;
}
console.log(JSON.stringify({ id, heights, status: (await node.health()).status }));
`,
  );
  for (const engine of ENGINES) {
    const node = engineOf(engine);
    const folder = join(work, `chain-${engine}`);
    mkdirSync(folder);
    const run = (...args) => execFileSync(node, [command, ...args], { cwd: folder, encoding: 'utf8' });
    run('keys', 'new', '--out', 'node.key');
    run('genesis', 'new', '--engine', 'poa', '--interval', '1s', '--validator', 'node.key');
    const [p2p, http] = [await freePort(), await freePort()];
    const flags = ['--p2p-listen', `127.0.0.1:${p2p}`, '--http-listen', `127.0.0.1:${http}`, '--vouch'];
    const running = spawn(node, [command, 'node', ...flags], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve, reject) => {
        running.stdout.on('data', (chunk) => String(chunk).includes('API on') && resolve());
        running.on('exit', (code) => reject(new Error(`Node ${engine}: aureon node ended with ${code}`)));
      });
      const told = execFileSync(node, ['follow.mjs', `http://127.0.0.1:${http}`], {
        cwd: user,
        encoding: 'utf8',
        timeout: 60_000,
      });
      const { heights, status } = JSON.parse(told);
      if (heights.join() !== '0,1,2' || status !== 'ok')
        failOn([`Node ${engine}: a client was told ${told}`]);
      console.log(`Node ${engine}: aureon/client followed a node of the package`);
    } finally {
      const ended = new Promise((resolve) => running.on('exit', resolve));
      if (running.kill('SIGTERM')) await ended;
    }
  }
}

/** One that the system chose. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The Node of that version, brought by npm into .cache/nodes. */
function engineOf(version) {
  const folder = join(root, '.cache', 'nodes', version);
  const name = `node-${process.platform}-${process.arch}`;
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "name": "engine", "private": true }\n');
    npm(folder, 'install', '--no-audit', '--no-fund', `${name}@${version}`);
  }
  const actual = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  if (actual !== `v${version}`) failOn([`${node} is ${actual}, not v${version}`]);
  return node;
}

function npm(cwd, ...args) {
  return execFileSync('npm', [...args, '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function failOn(problems) {
  if (problems.length === 0) return;
  for (const problem of problems) console.error(`package: ${problem}`);
  rmSync(work, { recursive: true, force: true });
  process.exit(1);
}
