import { describe, expect, it } from 'vitest';
import { wantsColour } from './output.ts';

describe('colour', () => {
  it.each([
    ['follows the terminal', {}, true, true],
    ['stays away from files', {}, false, false],
    ['stays away from a dumb terminal', { TERM: 'dumb' }, true, false],
    ['NO_COLOR takes it away', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR says nothing', { NO_COLOR: '' }, true, true],
    ['FORCE_COLOR brings it everywhere', { FORCE_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0 takes it away', { FORCE_COLOR: '0' }, true, false],
    ['NO_COLOR wins', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  ])('%s.', (_, env, isTerminal, colour) => {
    expect(wantsColour({ env, isTerminal })).toBe(colour);
  });
});
