/** What JSON has and has not: facts with amounts, and lines that others wrote. */

/** Facts as JSON has them: it knows no bigint. */
export function jsonable(facts: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
}

/** The object that a line is; undefined: it is none. */
export function objectIn(line: string): object | undefined {
  try {
    const found: unknown = JSON.parse(line);
    return typeof found === 'object' && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}
