/** Structs, optional fields and closed unions of layouts: fields in a fixed order, no name twice, none left over. */
import { assert } from '../../../env/assert.ts';
import type { ByteReader, ByteWriter } from './buffers.ts';
import { asciiBytes, type JsonReader } from './json-reader.ts';
import { type Layout, mix32 } from './layout.ts';

/** A field that may be absent: one byte 0 or 1 before it; left out of JSON when absent. */
export interface OptionalLayout<T> {
  readonly optional: Layout<T>;
}

/** The layouts of a type's fields, in the order of their encoding. */
export type FieldLayouts<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? OptionalLayout<Exclude<T[K], undefined>> : Layout<T[K]>;
};

interface Field {
  readonly name: string;
  readonly layout: Layout<unknown>;
  readonly optional: boolean;
  /** `,"name":`, or with `{` for the first field of a struct that is no variant. */
  readonly prefix: Uint8Array;
}

type Values = Record<string, unknown>;

/** A field that may be absent. Never the first of a struct. */
export function optional<T>(layout: Layout<T>): OptionalLayout<T> {
  return { optional: layout };
}

function isOptional(field: Layout<unknown> | OptionalLayout<unknown>): field is OptionalLayout<unknown> {
  return 'optional' in field;
}

function fieldsOf(layouts: object, isVariant: boolean): readonly Field[] {
  return Object.entries(layouts as Record<string, Layout<unknown> | OptionalLayout<unknown>>).map(
    ([name, field], index) => {
      const layout = isOptional(field) ? field.optional : field;
      assert(isVariant || index > 0 || !isOptional(field), 'the first field of a struct is not optional');
      const prefix = asciiBytes(`${isVariant || index > 0 ? ',' : '{'}"${name}":`);
      return { name, layout, optional: isOptional(field), prefix };
    },
  );
}

/** The fields of a struct, or of a variant behind its kind. */
class Fields {
  readonly #fields: readonly Field[];
  readonly #names: readonly string[];
  readonly #kind: string | undefined;
  readonly #blankOf: (() => object) | undefined;
  readonly #jsonOverhead: number;
  readonly bytesMin: number;

  constructor(layouts: object, kind: string | undefined, blankOf: (() => object) | undefined) {
    this.#fields = fieldsOf(layouts, kind !== undefined);
    this.#names = this.#fields.map((field) => field.name);
    this.#kind = kind;
    this.#blankOf = blankOf;
    this.bytesMin = this.#fields.reduce(
      (sum, { optional, layout }) => sum + (optional ? 1 : layout.bytesMin),
      0,
    );
    this.#jsonOverhead = this.#fields.reduce(
      (sum, { optional, prefix }) => sum + (optional ? 0 : prefix.length),
      1 + (kind === undefined ? 0 : `{"kind":"${kind}"`.length),
    );
  }

  size(value: Values): number {
    let size = 0;
    for (const { name, layout, optional } of this.#fields) {
      const field = value[name];
      if (optional) size += field === undefined ? 1 : 1 + layout.size(field);
      else size += layout.size(field);
    }
    return size;
  }

  write(value: Values, into: ByteWriter): void {
    for (const { name, layout, optional } of this.#fields) {
      const field = value[name];
      if (optional) into.u8(field === undefined ? 0 : 1);
      if (!optional || field !== undefined) layout.write(field, into);
    }
  }

  #blank(): Values {
    if (this.#blankOf !== undefined) return this.#blankOf() as Values;
    return this.#kind === undefined ? {} : { kind: this.#kind };
  }

  read(from: ByteReader): Values {
    const value = this.#blank();
    for (const { name, layout, optional } of this.#fields) {
      if (optional) {
        const present = from.u8();
        if (present > 1) from.fail('NOT_CANONICAL', '0 or 1 expected');
        if (present === 1) value[name] = layout.read(from);
      } else {
        value[name] = layout.read(from);
      }
      if (from.failure !== undefined) {
        from.within(name);
        return value;
      }
    }
    return value;
  }

  jsonSize(value: Values): number {
    let size = this.#jsonOverhead;
    for (const { name, layout, optional, prefix } of this.#fields) {
      const field = value[name];
      if (!optional) size += layout.jsonSize(field);
      else if (field !== undefined) size += prefix.length + layout.jsonSize(field);
    }
    return size;
  }

  writeJson(value: Values, into: ByteWriter): void {
    if (this.#kind !== undefined) into.ascii(`{"kind":"${this.#kind}"`);
    for (const { name, layout, optional, prefix } of this.#fields) {
      const field = value[name];
      if (optional && field === undefined) continue;
      into.raw(prefix);
      layout.writeJson(field, into);
    }
    into.u8(0x7d);
  }

  /** From behind `{"kind":"name"` for a variant, else from the opening brace. */
  readJson(from: JsonReader): Values {
    const value = this.#blank();
    for (let i = 0; i < this.#fields.length; i++) {
      const { name, layout, optional, prefix } = this.#fields[i] as Field;
      if (!from.accept(prefix)) {
        if (optional) continue;
        from.failField(this.#names, this.#readNames(i, value), i);
        return value;
      }
      value[name] = layout.readJson(from);
      if (from.failure !== undefined) {
        from.within(name);
        return value;
      }
    }
    if (!from.acceptCode(0x7d)) {
      from.failField(this.#names, this.#readNames(this.#fields.length, value), this.#fields.length);
    }
    return value;
  }

  #readNames(count: number, value: Values): ReadonlySet<string> {
    const read = new Set(this.#kind === undefined ? [] : ['kind']);
    for (const { name, optional } of this.#fields.slice(0, count)) {
      if (!optional || value[name] !== undefined) read.add(name);
    }
    return read;
  }

  mix(value: Values, hash: number): number {
    let mixed = hash;
    for (const { name, layout, optional } of this.#fields) {
      const field = value[name];
      if (optional) mixed = mix32(mixed, field === undefined ? 0 : 1);
      if (!optional || field !== undefined) mixed = layout.mix(field, mixed);
    }
    return mixed;
  }
}

/**
 * Fields one behind the other, in the order of `layouts`. `blank`: for hot types, an object with all their fields, of
 * any content, which a decoder fills; without it objects grow field by field, which was measured to be slower.
 */
export function struct<T extends object>(layouts: FieldLayouts<T>, blank?: () => T): Layout<T> {
  const fields = new Fields(layouts, undefined, blank);
  const layout: Layout<Values> = {
    bytesMin: fields.bytesMin,
    size: (value) => fields.size(value),
    write: (value, into) => fields.write(value, into),
    read: (from) => fields.read(from),
    jsonSize: (value) => fields.jsonSize(value),
    writeJson: (value, into) => fields.writeJson(value, into),
    readJson: (from) => fields.readJson(from),
    mix: (value, hash) => fields.mix(value, hash),
  };
  return layout as unknown as Layout<T>;
}

/** One kind of a union: its tag byte, and the fields beside `kind`. */
export interface VariantLayout<T> {
  readonly tag: number;
  readonly fields: FieldLayouts<Omit<T, 'kind'>>;
  /** As for `struct`. */
  readonly blank?: () => T;
}

interface Variant {
  readonly tag: number;
  readonly kind: string;
  readonly fields: Fields;
}

const UNION_HEAD = asciiBytes('{"kind":');
const KIND_LENGTH_MAX = 32;

/**
 * A closed union by `kind`: one tag byte, then the fields. JSON: `kind` first. A kind that is not
 * listed is a bad field; where unknown kinds are to be told from mistakes, `unlisted` says UNKNOWN_KIND.
 */
export function union<T extends { readonly kind: string }>(
  variants: {
    readonly [K in T['kind']]: VariantLayout<Extract<T, { readonly kind: K }>>;
  },
  unlisted: 'BAD_FIELD' | 'UNKNOWN_KIND' = 'BAD_FIELD',
): Layout<T> {
  const list = Object.entries(variants as Record<string, VariantLayout<object>>).map(
    ([kind, { tag, fields, blank }]) => ({
      tag,
      kind,
      fields: new Fields(fields, kind, blank),
    }),
  );
  const byKind = new Map<unknown, Variant>(list.map((variant) => [variant.kind, variant]));
  const byTag = new Map(list.map((variant) => [variant.tag, variant]));
  assert(byTag.size === list.length, 'no two kinds of a union share a tag');
  function variantOf(value: Values): Variant {
    const variant = byKind.get(value['kind']);
    assert(variant !== undefined, 'an encoded union is one of its kinds');
    return variant;
  }
  const layout: Layout<Values> = {
    bytesMin: 1 + Math.min(...list.map((variant) => variant.fields.bytesMin)),
    size: (value) => 1 + variantOf(value).fields.size(value),
    write(value, into) {
      const { tag, fields } = variantOf(value);
      into.u8(tag);
      fields.write(value, into);
    },
    read(from) {
      const tag = from.u8();
      const variant = byTag.get(tag);
      if (variant === undefined) from.fail(unlisted, `no kind has tag ${tag}`);
      return variant === undefined || from.failure !== undefined ? {} : variant.fields.read(from);
    },
    jsonSize: (value) => variantOf(value).fields.jsonSize(value),
    writeJson: (value, into) => variantOf(value).fields.writeJson(value, into),
    readJson(from) {
      const variant = readKind(byKind, unlisted, from);
      return variant === undefined ? {} : variant.fields.readJson(from);
    },
    mix(value, hash) {
      const { tag, fields } = variantOf(value);
      return fields.mix(value, mix32(hash, tag));
    },
  };
  return layout as unknown as Layout<T>;
}

function readKind(
  byKind: ReadonlyMap<unknown, Variant>,
  unlisted: 'BAD_FIELD' | 'UNKNOWN_KIND',
  from: JsonReader,
): Variant | undefined {
  if (!from.accept(UNION_HEAD)) {
    from.failField(['kind'], new Set(), 0);
    return undefined;
  }
  const kind = from.ascii(1, KIND_LENGTH_MAX);
  const variant = byKind.get(kind);
  if (variant === undefined) from.fail(unlisted, `no kind is '${kind}'`);
  return from.failure === undefined ? variant : undefined;
}
