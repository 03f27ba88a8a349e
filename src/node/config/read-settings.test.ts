import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSettings, type SettingProblem, type SettingSources, whereOf } from './read-settings.ts';
import type { Setting } from './setting.ts';
import { environmentName, flagName, SETTING_NAMES, SETTINGS } from './settings.ts';

function read(text: string | undefined, rest: Partial<SettingSources> = {}) {
  const file = text === undefined ? undefined : { name: 'aureon.toml', text };
  return readSettings({ file, environment: {}, flags: {}, ...rest });
}

function settingsOf(...args: Parameters<typeof read>) {
  const found = read(...args);
  if (!('settings' in found)) throw new Error(JSON.stringify(found));
  return found;
}

function problemsOf(...args: Parameters<typeof read>): readonly string[] {
  const found = read(...args);
  if ('settings' in found) return [];
  return found.map(({ where, what, expected }: SettingProblem) =>
    [where, what, ...(expected === undefined ? [] : [expected])].join(' | '),
  );
}

describe('the settings of a node', () => {
  it('are the defaults where nothing is said, and each default is allowed', () => {
    const { settings, origins } = settingsOf(undefined);
    expect(settings['p2p.listen']).toBe('0.0.0.0:6000');
    expect(Object.values(origins).every(({ kind }) => kind === 'default')).toBe(true);
    for (const name of SETTING_NAMES) {
      const setting: Setting<unknown> = SETTINGS[name];
      expect([name, setting.read(setting.initial)]).toEqual([name, setting.initial]);
    }
  });

  it('take a flag over the environment over the file over the default, and say from where each is', () => {
    const file =
      '[p2p]\nlisten = "127.0.0.1:1"\ninbound_max = 1\n\n[log]\nlevel = "warn"\n[mining]\nthreads = 1\n';
    const environment = {
      AUREON_P2P_LISTEN: '127.0.0.1:2',
      AUREON_MINING_THREADS: '2',
      PATH: '/bin',
      AUREON_SEED: '7',
    };
    const { settings, origins } = settingsOf(file, { environment, flags: { 'p2p-listen': '127.0.0.1:3' } });
    expect(settings).toMatchObject({
      'p2p.listen': '127.0.0.1:3',
      'mining.threads': 2,
      'p2p.inbound_max': 1,
      'log.level': 'warn',
      'log.format': 'text',
    });
    const where = (
      ['p2p.listen', 'mining.threads', 'p2p.inbound_max', 'log.level', 'log.format'] as const
    ).map((name) => whereOf(origins[name]));
    expect(where).toEqual([
      '--p2p-listen',
      'environment AUREON_MINING_THREADS',
      'aureon.toml:3',
      'aureon.toml:6',
      'the default',
    ]);
  });

  it('are read however TOML writes them', () => {
    const text =
      'p2p.listen = "[::1]:6000"\nmining = { threads = 3 }\n["store"]\n"account_index" = false\n[p2p2]\n';
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^aureon.toml:5 \| unknown section "p2p2" \| a section of node, p2p, /),
    ]);
    const { settings, origins } = settingsOf(text.replace('[p2p2]\n', ''));
    expect([settings['p2p.listen'], settings['mining.threads'], settings['store.account_index']]).toEqual([
      '[::1]:6000',
      3,
      false,
    ]);
    expect(whereOf(origins['store.account_index'])).toBe('aureon.toml:4');
  });

  it('have lists, from the environment with commas', () => {
    const { settings } = settingsOf('[p2p]\nbootstrap = ["a:1", "b:2"]\n', {
      environment: { AUREON_P2P_PEERS: 'c:3, d:4' },
    });
    expect([settings['p2p.bootstrap'], settings['p2p.peers']]).toEqual([
      ['a:1', 'b:2'],
      ['c:3', 'd:4'],
    ]);
    expect(settingsOf(undefined, { flags: { 'p2p-peers': '' } }).settings['p2p.peers']).toEqual([]);
  });

  it.each([
    [
      '[p2p]\nlisten = 6000\n',
      'aureon.toml:2 | p2p.listen: found 6000 | host:port, such as 127.0.0.1:6000 or [::1]:6000',
    ],
    [
      '[p2p]\n\ndial_timeout_ms = 99\n',
      'aureon.toml:3 | p2p.dial_timeout_ms: found 99 | a whole number from 100 to 60000 (ms)',
    ],
    [
      '[p2p]\ndial_timeout_ms = 1.5\n',
      'aureon.toml:2 | p2p.dial_timeout_ms: found 1.5 | a whole number from 100 to 60000 (ms)',
    ],
    [
      '[mining]\nthreads = 99999999999999999999\n',
      'aureon.toml:2 | mining.threads: found 99999999999999999999 | ',
    ],
    ['[log]\nlevel = "loud"\n', 'aureon.toml:2 | log.level: found "loud" | error, warn, info, debug, trace'],
    ['[log]\nlevl = "info"\n', 'aureon.toml:2 | unknown setting "log.levl" | level, format'],
    ['loglevel = 1\n', 'aureon.toml:1 | unknown section "loglevel" | a section of node, p2p'],
    ['[p2p]\npeers = ["a:1", "b"]\n', 'aureon.toml:2 | p2p.peers: found ["a:1","b"] | a list of at most 64'],
    ['[store]\naccount_index = "yes"\n', 'aureon.toml:2 | store.account_index: found "yes" | true or false'],
    ['[p2p\n', 'aureon.toml:1:'],
    ['[p2p]\nlisten = "a:1"\nlisten = "b:1"\n', 'aureon.toml:3:'],
  ])('%j is refused at its place, with what is allowed', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('are refused all at once, whatever their source', () => {
    const found = problemsOf('[log]\nlevel = 1\n', {
      environment: { AUREON_P2P_LISTEN: 'here', AUREON_P2P_PORT: '1' },
      flags: { 'log-format': 'xml', port: '1' },
    });
    expect(found.map((line) => line.split(' | ')[0])).toEqual([
      'environment AUREON_P2P_PORT',
      '--port',
      'environment AUREON_P2P_LISTEN',
      'aureon.toml:2',
      '--log-format',
    ]);
  });

  it('have names in the environment and as flags that no two share', () => {
    for (const nameOf of [environmentName, flagName])
      expect(new Set(SETTING_NAMES.map(nameOf)).size).toBe(SETTING_NAMES.length);
  });

  it('are read or refused, and nothing is thrown, whatever the text', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      'p2p',
      '.',
      'listen',
      '=',
      '"',
      '\n',
      '1',
      '{',
      '}',
      ',',
      'é',
      '\\',
      '#',
      "'",
      ' ',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const found = read(text);
        expect('settings' in found || found.length > 0).toBe(true);
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});
