/** Units that programs and worlds share; the one file of the env floor that brands a type. */

declare const unit: unique symbol;
type Unit<T, Name extends string> = T & { readonly [unit]: Name };

/** Milliseconds of the monotonic clock: an integer, never negative. */
export type Ms = Unit<number, 'Ms'>;
/** Milliseconds of the wall clock since 1970-01-01T00:00Z: an integer, never negative. */
export type UnixMs = Unit<number, 'UnixMs'>;
/** Microseconds of simulated time: an integer, never negative. */
export type Us = Unit<number, 'Us'>;
/** Where a host listens. Opaque to a program: compared, stored and dialed, never parsed. At most 255 characters. */
export type Address = Unit<string, 'Address'>;
/** One connection of one boot; never reused within a boot. */
export type ConnectionId = Unit<number, 'ConnectionId'>;
/** Names a signing key that the host holds; the key itself never enters the program. */
export type KeyId = Unit<string, 'KeyId'>;

function natural(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name}: a safe integer >= 0 was expected, got ${value}`);
  }
  return value;
}

/** @throws {RangeError} when `value` is not a safe, non-negative integer. */
export function ms(value: number): Ms {
  return natural('ms', value) as Ms;
}

/** @throws {RangeError} when `value` is not a safe, non-negative integer. */
export function unixMs(value: number): UnixMs {
  return natural('unixMs', value) as UnixMs;
}

/** @throws {RangeError} when `value` is not a safe, non-negative integer. */
export function us(value: number): Us {
  return natural('us', value) as Us;
}

/** @throws {RangeError} when `value` is not a safe, non-negative integer. */
export function connectionId(value: number): ConnectionId {
  return natural('connectionId', value) as ConnectionId;
}

/** @throws {RangeError} when `value` is empty or longer than 255 characters. */
export function address(value: string): Address {
  if (value.length === 0 || value.length > 255) {
    throw new RangeError(`address: 1 to 255 characters were expected, got ${value.length}`);
  }
  return value as Address;
}

/** @throws {RangeError} when `value` is empty. */
export function keyId(value: string): KeyId {
  if (value.length === 0) throw new RangeError('keyId: a non-empty name was expected');
  return value as KeyId;
}
