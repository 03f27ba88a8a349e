/** Why a file, a folder or a port is not used, for people. */

/** `what` names it and what is wrong; `advice` is what to have in its place. */
export interface FileProblem {
  readonly code:
    | 'ABSENT'
    | 'EXISTS'
    | 'OPEN_TO_OTHERS'
    | 'MALFORMED'
    | 'UNREADABLE'
    | 'IN_USE'
    /** Records or files are not what was written. */
    | 'DAMAGED'
    /** A folder that is of an earlier time. */
    | 'RESTORED';
  readonly what: string;
  readonly advice: string;
}

/** True for a problem, and not for what was asked for. */
export function isFileProblem(found: object): found is FileProblem {
  return 'advice' in found;
}

/** The system's own word or number, such as ENOENT; undefined: the error has none. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** Why nobody listens where a setting says. */
export function portProblem(name: string, listen: string, error: unknown): FileProblem {
  const code = String(codeOf(error) ?? error);
  const isTaken = code === 'EADDRINUSE';
  return {
    code: isTaken ? 'IN_USE' : 'UNREADABLE',
    what: `${name} ${listen}: ${isTaken ? 'another process listens there' : code}`,
    advice: 'an address of this machine and a free port',
  };
}
