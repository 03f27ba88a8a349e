/** How much power decides. arXiv:1807.04938, the Tendermint consensus algorithm: n > 3f. */

/** 2f + 1: more than 2/3 of the power, of which more than 1/3 is correct. */
export function isQuorum(power: bigint, totalPower: bigint): boolean {
  return 3n * power > 2n * totalPower;
}

/** f + 1: more than 1/3 of the power, so that one correct validator is among them. */
export function hasCorrect(power: bigint, totalPower: bigint): boolean {
  return 3n * power > totalPower;
}
