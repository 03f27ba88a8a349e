import { describe, expect, it } from 'vitest';
import { causesOf, consequencesOf, knowableTo, messagesAround } from './causes.ts';

/**
 * Three hosts. 0: n0 acts and tells n1; 1: n1 hears it and tells n2; 2: n0 acts again, of itself, and tells nobody;
 * 3: n2 hears n1; 4: n1 acts of itself; 5: n0 hears what n2 said in step 3.
 */
const steps = {
  index: [10, 20, 30, 40, 50, 60],
  atUs: [0, 10, 20, 30, 40, 50],
  host: [0, 1, 0, 2, 1, 0],
  cause: [-1, 0, -1, 1, -1, 3],
};
const messages = {
  from: [0, 1, 2],
  to: [1, 2, 0],
  kind: [0, 0, 0],
  text: [0, 0, 0],
  bytes: [1, 1, 1],
  sentUs: [0, 10, 30],
  sentIn: [0, 1, 3],
  deliveredIn: [1, 3, 5],
};

describe('the causes of a step', () => {
  it('are followed back to the beginning.', () => {
    expect(causesOf(steps, 5)).toEqual([5, 3, 1, 0]);
    expect(causesOf(steps, 4)).toEqual([4]);
  });

  it('are undone by its consequences.', () => {
    expect([...consequencesOf(steps, 1)]).toEqual([1, 3, 5]);
    expect([...consequencesOf(steps, 4)]).toEqual([4]);
  });
});

describe('what a step can know', () => {
  it('is what reached its host over messages, and nothing that happened beside them.', () => {
    expect(knowableTo(steps, messages, 3, 3)).toEqual([0, 1, 3]);
  });

  it('has everything that its host did before, caused by it or not.', () => {
    expect(knowableTo(steps, messages, 5, 3)).toEqual([5, 1, 3]);
  });

  it('grows by no message that arrived later.', () => {
    expect(knowableTo(steps, messages, 2, 3)).toEqual([2, -1, -1]);
  });
});

describe('the messages around a step', () => {
  it('are those of its causes, of its consequences, or all that it can know.', () => {
    expect([...messagesAround(steps, messages, 3, 'led', 3)]).toEqual([1, 1, 0]);
    expect([...messagesAround(steps, messages, 1, 'followed', 3)]).toEqual([0, 1, 1]);
    expect([...messagesAround(steps, messages, 4, 'led', 3)]).toEqual([0, 0, 0]);
    expect([...messagesAround(steps, messages, 4, 'knowable', 3)]).toEqual([1, 0, 0]);
  });
});
