/** How runs are called that are no function of their seed. */

/** The fingerprint of all of them: what differs between two runs says little of why. */
export const NONDETERMINISM = 'nondeterminism';
