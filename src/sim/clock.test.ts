import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DRIFT_MAX_PPM, HostClock } from './clock.ts';

const drift = fc.integer({ min: -DRIFT_MAX_PPM, max: DRIFT_MAX_PPM });
const time = fc.integer({ min: 0, max: 40_000_000_000_000 });

describe('a clock that drifts', () => {
  it('runs at 1 + ppm / 10^6 of true time, exactly to the microsecond, over a year', () => {
    fc.assert(
      fc.property(drift, time, (ppm, nowUs) => {
        const exact = BigInt(nowUs) + floorDivide(BigInt(nowUs) * BigInt(ppm), 1_000_000n);
        expect(BigInt(new HostClock(0, ppm).localUs(nowUs))).toBe(exact);
      }),
    );
  });

  it('tells the first moment at which a local time has come, after any changes of rate', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(time, drift), { maxLength: 4 }), time, (changes, ahead) => {
        const clock = new HostClock(0, 0);
        let nowUs = 0;
        for (const [step, ppm] of changes) {
          nowUs += Math.floor(step / 1000);
          clock.setDrift(nowUs, ppm);
        }
        const due = clock.localUs(nowUs) + Math.floor(ahead / 1000);
        const at = clock.whenLocal(due);
        expect(clock.localUs(at)).toBeGreaterThanOrEqual(due);
        if (at > nowUs) expect(clock.localUs(at - 1)).toBeLessThan(due);
      }),
    );
  });

  it('does not jump when its rate changes', () => {
    const clock = new HostClock(5_000_000, 250);
    const before = [clock.localUs(123_456_789), clock.wallMs(123_456_789)];
    clock.setDrift(123_456_789, -900);
    expect([clock.localUs(123_456_789), clock.wallMs(123_456_789)]).toEqual(before);
  });

  it('shows no time before 1970, and refuses to stand still', () => {
    const clock = new HostClock(1_000_000, 0);
    clock.step(-9_000_000);
    expect(clock.wallMs(0)).toBe(0);
    expect(() => new HostClock(0, -1_000_000)).toThrow('900,000');
  });
});

function floorDivide(a: bigint, b: bigint): bigint {
  return a >= 0n || a % b === 0n ? a / b : a / b - 1n;
}
