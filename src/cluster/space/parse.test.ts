import { describe, expect, it } from 'vitest';
import { parseSpace } from './parse.ts';

const GOOD = `name: small
shows: One kind of cluster for a test.
clusters:
  - engine: pow
    nodes: 3..5
    duration: 100s
    quiet: 50s
    blockInterval: 4s
    latency: 1ms..9ms
    spread: 0ms
    behaviours: [silent]
`;

function messageOf(source: string): string {
  try {
    parseSpace('space.yaml', source);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}

describe('a space file', () => {
  it('is read, and one value of it replaced', () => {
    expect(parseSpace('space.yaml', GOOD).clusters[0]?.nodes).toBe('3..5');
    const overrides = [{ path: 'clusters[0].nodes', value: '7..9' }];
    expect(parseSpace('space.yaml', GOOD, overrides).clusters[0]?.nodes).toBe('7..9');
  });

  it.each([
    ['a key that is none', GOOD.replace('quiet:', 'quite:'), ['space.yaml:7:5', 'did you mean quiet?']],
    ['a range that goes down', GOOD.replace('3..5', '5..3'), ['space.yaml:5:12', 'a range of whole numbers']],
    ['a family that is none', `${GOOD}without: [crashes]\n`, ['space.yaml:12:11', 'crash']],
    ['no room for faults', GOOD.replace('quiet: 50s', 'quiet: 95s'), ['space.yaml:7:12', 'at least 10s']],
    [
      'a liar of another engine',
      GOOD.replace('[silent]', '[amnesia]'),
      ['space.yaml:11:18', 'engine to be pos'],
    ],
    ['two documents', `${GOOD}---\n`, ['a file is one space']],
  ])('with %s is refused at its place', (_, source, parts) => {
    const message = messageOf(source);
    for (const part of parts) expect(message).toContain(part);
  });
});
