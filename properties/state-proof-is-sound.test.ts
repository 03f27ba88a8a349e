import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveState, verifyStateProof } from '../src/chain/state/proof.ts';
import type { RangeLeaf } from '../src/chain/state/range-proof.ts';
import type { State } from '../src/chain/state/state.ts';
import { applyChange, byteChanges } from './arbitraries/byte-strings.ts';
import { leafOf, stateOf } from './arbitraries/states.ts';
import { checkLaw } from './check-law.ts';

type Place = Pick<RangeLeaf, 'namespace' | 'id'>;
type Verifier = typeof verifyStateProof;

/** A state, a place that has a leaf or has none, and others whose proofs a liar has at hand. */
interface Question {
  readonly state: State;
  readonly asked: Place;
  readonly others: readonly Place[];
}

const questions: fc.Arbitrary<Question> = stateOf(0).chain((state) => {
  const leaves = state.leaves(undefined, 100);
  const place = leaves.length === 0 ? leafOf : fc.oneof(leafOf, fc.constantFrom(...leaves));
  return fc.record({
    state: fc.constant(state),
    asked: place,
    others: fc.array(place, { minLength: 1, maxLength: 3 }),
  });
});

/** What a liar may send: proofs of other places, pieces of several proofs, siblings that moved, bytes that changed. */
const forgeries = fc.record({
  from: fc.nat({ max: 3 }),
  splice: fc.option(fc.record({ other: fc.nat({ max: 3 }), at: fc.nat({ max: 2_000 }) }), { nil: undefined }),
  changes: fc.array(byteChanges, { maxLength: 2 }),
});

type Forgery = typeof forgeries extends fc.Arbitrary<infer T> ? T : never;

function forged({ state, asked, others }: Question, { from, splice, changes }: Forgery): Uint8Array {
  const places = [asked, ...others];
  const proofOf = (index: number): Uint8Array => {
    const { namespace, id } = places[index % places.length] ?? asked;
    return proveState(state, namespace, id);
  };
  let proof = proofOf(from);
  if (splice !== undefined) {
    const other = proofOf(splice.other);
    const at = splice.at % (proof.length + 1);
    proof = Uint8Array.of(...proof.subarray(0, at), ...other.subarray(at));
  }
  return changes.reduce(applyChange, proof);
}

/** Whether a verifier takes a proof for something that the state does not say, or takes two proofs for one thing. */
function isFooled(verify: Verifier, question: Question, proof: Uint8Array): boolean {
  const { state, asked } = question;
  const shown = verify(state.root, asked.namespace, asked.id, proof);
  if (shown === 'invalid') return false;
  const honest = proveState(state, asked.namespace, asked.id);
  const value = state.get(asked.namespace, asked.id);
  const isTrue =
    value === undefined ? shown === undefined : shown !== undefined && Buffer.compare(shown, value) === 0;
  return !isTrue || Buffer.compare(proof, honest) !== 0;
}

describe('A proof against the root of a state', () => {
  it('shows the value of every leaf, and of every other place that it has none', () => {
    checkLaw(
      fc.property(questions, ({ state, asked: { namespace, id } }) => {
        const proof = proveState(state, namespace, id);
        expect(verifyStateProof(state.root, namespace, id, proof)).toEqual(state.get(namespace, id));
      }),
      { numRuns: 1_000 },
    );
  });

  it('shows nothing else: no forged bytes verify, and no true value has a second proof', () => {
    let harmless = 0;
    let runs = 0;
    checkLaw(
      fc.property(questions, forgeries, (question, forgery) => {
        runs++;
        const proof = forged(question, forgery);
        const { namespace, id } = question.asked;
        if (Buffer.compare(proof, proveState(question.state, namespace, id)) === 0) harmless++;
        expect(isFooled(verifyStateProof, question, proof)).toBe(false);
      }),
      { numRuns: 4_000 },
    );
    expect(harmless).toBeLessThan(runs > 100 ? 0.3 * runs : 2);
  });

  it('holds for one root only', () => {
    checkLaw(
      fc.property(questions, stateOf(0), ({ state, asked: { namespace, id } }, other) => {
        fc.pre(other.root !== state.root);
        expect(verifyStateProof(other.root, namespace, id, proveState(state, namespace, id))).toBe('invalid');
      }),
      { numRuns: 500 },
    );
  });
});

describe('A verifier that is careless', () => {
  const isFound = (verify: Verifier): boolean =>
    fc.check(
      fc.property(
        questions,
        forgeries,
        (question, forgery) => !isFooled(verify, question, forged(question, forgery)),
      ),
      { numRuns: 4_000, seed: 1 },
    ).failed;

  it('is found when it takes the proof of whatever leaf for that of the place', () => {
    const anyPlace: Verifier = (root, namespace, id, proof, hasher) => {
      const shown = verifyStateProof(root, namespace, id, proof, hasher);
      if (shown !== 'invalid') return shown;
      return verifyStateProof(root, 'accounts', '', proof, hasher);
    };
    expect(isFound(anyPlace)).toBe(true);
  });

  it('is found when it takes what it cannot check for absence', () => {
    const trusting: Verifier = (root, namespace, id, proof, hasher) => {
      const shown = verifyStateProof(root, namespace, id, proof, hasher);
      return shown === 'invalid' && proof[0] === 1 ? undefined : shown;
    };
    expect(isFound(trusting)).toBe(true);
  });

  it('is found when it cuts off what is left over', () => {
    const cutting: Verifier = (root, namespace, id, proof, hasher) => {
      for (let end = proof.length; end > 0; end--) {
        const shown = verifyStateProof(root, namespace, id, proof.subarray(0, end), hasher);
        if (shown !== 'invalid') return shown;
      }
      return 'invalid';
    };
    expect(isFound(cutting)).toBe(true);
  });

  it('is found when it refuses the absence that another leaf shows', () => {
    const refusing: Verifier = (root, namespace, id, proof, hasher) =>
      proof[0] === 1 ? 'invalid' : verifyStateProof(root, namespace, id, proof, hasher);
    const shows = fc.property(questions, ({ state, asked: { namespace, id } }) => {
      return refusing(state.root, namespace, id, proveState(state, namespace, id)) !== 'invalid';
    });
    expect(fc.check(shows, { numRuns: 1_000, seed: 1 }).failed).toBe(true);
  });
});
