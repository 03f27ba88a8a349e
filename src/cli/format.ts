/** Numbers, counts and simulated times as people read them, the same in every locale. */

/** `1,234,567`: digits in groups of three. */
export function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 block`, `63 blocks`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** Simulated time to the millisecond, in seconds as scenario files say it: `277.444s`, `60s`. */
export function moment(us: number): string {
  const ms = Math.round(us / 1_000);
  const fraction = String(Math.abs(ms) % 1_000)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return `${Math.trunc(ms / 1_000)}${fraction === '' ? '' : `.${fraction}`}s`;
}

/** Simulated time in a column: always three digits behind the point, `277.444s`. */
export function alignedMoment(us: number, width: number): string {
  return `${(Math.round(us / 1_000) / 1_000).toFixed(3)}s`.padStart(width);
}

/** Hosts by name, long runs shortened: `n0, n2, n5` or `n0 to n4, n7`. */
export function hostNames(hosts: readonly number[]): string {
  const sorted = [...hosts].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    if (end - i >= 2) parts.push(`n${sorted[i]} to n${sorted[end]}`);
    else for (let j = i; j <= end; j++) parts.push(`n${sorted[j]}`);
    i = end + 1;
  }
  return parts.length === 0 ? 'nobody' : parts.join(', ');
}
