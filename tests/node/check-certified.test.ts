/** `aureon check` on the folder of a validator: certificates are part of what is verified, and of what is repaired. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHECKSUM_BYTES,
  heightRange,
  openRecord,
  PREFIX,
  sealRecord,
} from '../../src/chain/blockstore/records.ts';
import { amount } from '../../src/chain/types/units.ts';
import { unixMs } from '../../src/env/units.ts';
import type { CheckReport } from '../../src/node/check/check-folder.ts';
import { runCheck } from '../../src/node/check/open-checked.ts';
import type { Settings } from '../../src/node/config/settings.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { type ChainFile, formatChainFile, parseChainFile } from '../../src/node/genesis-file.ts';
import { nodeKeyOf } from '../../src/node/key-file.ts';
import { newGenesis } from '../../src/node/new-genesis.ts';
import { nativeSha256 } from '../../src/node/storage/file-sums.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { SUITE } from '../cluster/support.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFrom, startTestNode } from '../support/test-node.ts';

const BLOCKS = 5;

describe('a check of the folder of a validator', () => {
  const key = nodeKeyOf(new Uint8Array(32).fill(7), SUITE);
  let root: string;
  let settings: Settings;
  let chain: ChainFile;
  let height = 0;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'aureon-check-'));
    const genesis = newGenesis({
      name: 'check',
      engine: 'pos',
      intervalMs: 100,
      validators: [{ key: key.key, power: amount(1_000n) }],
      allocation: [{ address: key.address, balance: amount(1_000_000n) }],
      timestampMs: unixMs(Date.now()),
      work: 1n,
    });
    const parsed = parseChainFile('genesis.json', formatChainFile(genesis, []));
    if (isFileProblem(parsed)) throw new Error(parsed.what);
    chain = parsed;
    settings = settingsFrom({
      'node-data': join(root, 'data'),
      'http-listen': '',
      'p2p-listen': `127.0.0.1:${await freePort()}`,
    });
    let onGrown: () => void = () => undefined;
    const grown = new Promise<void>((resolve) => {
      onGrown = resolve;
    });
    const node = await startTestNode({
      settings,
      chain,
      key,
      onEvent: (event) => {
        if (event.kind === 'HeadChanged' && event.height >= BLOCKS) onGrown();
      },
    });
    if (isFileProblem(node)) throw new Error(node.what);
    await grown;
    await node.stop();
  });
  afterAll(() => rmSync(root, { recursive: true }));

  async function check(isRepairing = false): Promise<CheckReport> {
    const folder = settings['node.data'];
    const report = await runCheck({
      folder,
      chain,
      settings,
      suite: SUITE,
      isRepairing,
      onProgress: () => undefined,
    });
    if (isFileProblem(report)) throw new Error(report.what);
    return report;
  }

  /** Writes another certificate of a height. @param change undefined: none. */
  async function certificate(
    at: number,
    change: ((value: Uint8Array, key: Uint8Array) => Uint8Array) | undefined,
  ): Promise<void> {
    const storage = openLmdbStorage(join(settings['node.data'], 'chain'), (run) => run());
    const [found] = storage.scan(heightRange(PREFIX.certificate, at, at + 1), 1);
    if (found === undefined) throw new Error('a block has its certificate');
    storage.write([
      change === undefined
        ? { kind: 'delete', key: found.key }
        : { kind: 'put', key: found.key, value: change(found.value.slice(), found.key) },
    ]);
    await new Promise((resolve) => storage.flush(resolve));
    await storage.close();
  }

  it('finds nothing where nothing is wrong', async () => {
    const report = await check();
    expect(report.findings).toEqual([]);
    height = report.head?.height ?? 0;
    expect(height).toBeGreaterThanOrEqual(BLOCKS);
    expect(report.executed).toBe(height);
  });

  it.each([
    [
      'rotten',
      (value: Uint8Array) => value.fill(0xff, CHECKSUM_BYTES, CHECKSUM_BYTES + 4),
      'it fails its checksum',
    ],
    ['gone', undefined, 'it is missing'],
  ] as const)('takes a certificate that is %s from the next block', async (_name, change, what) => {
    await certificate(2, change);
    const found = await check();
    expect(found.findings).toMatchObject([{ record: 'certificate', height: 2, what, remedy: 'repair' }]);
    expect(found.executed).toBe(height);
    expect((await check(true)).findings).toMatchObject([{ isRepaired: true }]);
    expect((await check()).findings).toEqual([]);
  });

  it('finds a whole certificate that nobody has signed', async () => {
    await certificate(2, (value, recordKey) => {
      const payload = openRecord(nativeSha256, recordKey, value);
      if (payload === 'corrupt') throw new Error('it is whole');
      const forged = payload.slice();
      // The signature of the last vote stands at the end.
      forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
      return sealRecord(nativeSha256, recordKey, forged);
    });
    const found = await check();
    expect(found.findings).toMatchObject([{ record: 'certificate', height: 2, remedy: 'repair' }]);
    expect(found.findings[0]?.what).toContain('it certifies nothing');
    expect(found.executed).toBe(height);
    expect((await check(true)).findings).toMatchObject([{ isRepaired: true }]);
    expect((await check()).findings).toEqual([]);
  });
});
