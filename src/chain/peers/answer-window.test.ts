import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWER_MAX_BYTES } from '../types/message-codec.ts';
import { AnswerWindow, IN_FLIGHT_MAX_BYTES, type Question } from './answer-window.ts';

describe('AnswerWindow', () => {
  it('sends small questions at once, however many', () => {
    const window = new AnswerWindow();
    const questions = Array.from({ length: 100 }, () => window.ask(1_000, () => true));
    expect(questions.every(({ step }) => step === 'asked')).toBe(true);
    expect(window.inFlightBytes).toBe(100_000);
  });

  it('takes no answer for longer than a full one: whoever sends more breaks the rules', () => {
    const window = new AnswerWindow();
    window.ask(10 * ANSWER_MAX_BYTES, () => true);
    expect(window.inFlightBytes).toBe(ANSWER_MAX_BYTES);
  });

  it('never awaits more than two full answers, sends in order, and sends all in the end', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2 * ANSWER_MAX_BYTES }), { maxLength: 40 });
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.nat(9), { minLength: 1 }),
        fc.array(fc.boolean()),
        (all, picks, wishes) => {
          const window = new AnswerWindow();
          const sent: number[] = [];
          const questions: Question[] = all.map((bytes, i) =>
            window.ask(bytes, () => {
              sent.push(i);
              return wishes[i] !== false;
            }),
          );
          for (let turn = 0; sent.length < all.length; turn++) {
            expect(window.inFlightBytes).toBeLessThanOrEqual(IN_FLIGHT_MAX_BYTES);
            const asked = questions.filter(({ step }) => step === 'asked');
            expect(asked.length).toBeGreaterThan(0);
            const pick = asked[(picks[turn % picks.length] ?? 0) % asked.length];
            if (pick !== undefined) window.end(pick);
          }
          for (const question of questions) window.end(question);
          expect(sent).toEqual(all.map((_, i) => i));
          expect(window.inFlightBytes).toBe(0);
        },
      ),
    );
  });

  it('ends what is begun before it begins anything else', () => {
    const window = new AnswerWindow();
    const sent: string[] = [];
    const ask = (name: string, goesOn: boolean) =>
      window.ask(ANSWER_MAX_BYTES, () => sent.push(name) > 0, goesOn);
    const open = [ask('a', false), ask('b', false)];
    ask('c', false);
    ask('a goes on', true);
    ask('d', false);
    ask('b goes on', true);
    for (const question of open) window.end(question);
    expect(sent).toEqual(['a', 'b', 'a goes on', 'b goes on']);
  });

  it('forgets a question that is given up before its turn', () => {
    const window = new AnswerWindow();
    const sent: string[] = [];
    const ask = (name: string) => window.ask(ANSWER_MAX_BYTES, () => sent.push(name) > 0);
    const [first, , third] = [ask('first'), ask('second'), ask('third'), ask('fourth')];
    if (third !== undefined) window.end(third);
    if (first !== undefined) window.end(first);
    expect(sent).toEqual(['first', 'second', 'fourth']);
  });

  it('sends nothing to a peer that is gone', () => {
    const window = new AnswerWindow();
    const first = window.ask(IN_FLIGHT_MAX_BYTES, () => true);
    const second = window.ask(ANSWER_MAX_BYTES, () => true);
    const third = window.ask(ANSWER_MAX_BYTES, () => expect.fail('it is gone'));
    window.shut();
    window.end(first);
    window.end(second);
    expect(third.step).toBe('waiting');
  });
});
