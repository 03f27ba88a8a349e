/** An engine's own bytes by their layouts, read strictly: configuration, header field, view. Nothing left over, nothing out of range. */
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { CONSENSUS_FIELD_MAX_BYTES } from '../types/block.ts';
import { decodeLayout, encodeLayout } from '../types/layout/codec.ts';
import type { Layout } from '../types/layout/layout.ts';
import type { ConfigRejection } from '../types/rejection.ts';
import type { ConsensusRules } from './consensus.ts';

/** Configurations and views: three sets of 512 validators with stake and a full evidence window take 172 kB. */
const ENGINE_BYTES_MAX = 262_144;

/** What stands in `genesis.engineConfig`. */
export function encodeConfig<T>(layout: Layout<T>, config: T): string {
  return bytesToHex(encodeLayout(layout, config));
}

/** The configuration of exactly this text. @param name of the engine. */
export function decodeConfig<T>(layout: Layout<T>, name: string, engineConfig: string): T | ConfigRejection {
  const bytes = hexToBytes(engineConfig);
  if (bytes === undefined) return badConfig('engineConfig', 'lower-case hexadecimal');
  const config = decodeLayout(layout, bytes, ENGINE_BYTES_MAX);
  if (!isDecodeRejection(config)) return config;
  return badConfig('engineConfig', `encoded parameters of '${name}': ${config.detail}`);
}

/** The first of the fields that is below 1. */
export function checkAtLeastOne<K extends string>(
  config: Readonly<Record<K, number>>,
  fields: readonly K[],
): ConfigRejection | undefined {
  const wrong = fields.find((field) => config[field] < 1);
  return wrong === undefined ? undefined : badConfig(wrong, 'at least 1');
}

/** A field of the configuration and what was expected there. */
export function badConfig(field: string, expected: string): ConfigRejection {
  return { code: 'BAD_CONFIG', field, expected };
}

/** The value that a header's `consensus` field holds; undefined when these are no bytes of the layout. */
export function decodeField<T>(layout: Layout<T>, text: string): T | undefined {
  const bytes = hexToBytes(text);
  const value = bytes === undefined ? undefined : decodeLayout(layout, bytes, CONSENSUS_FIELD_MAX_BYTES);
  return value === undefined || isDecodeRejection(value) ? undefined : value;
}

/** `encodeView` and `decodeView` of an engine whose view is plain data. @param flawOf what is wrong with a view that fits its layout. */
export function viewCodec<View>(
  layout: Layout<View>,
  flawOf: (view: View) => string | undefined,
): Pick<ConsensusRules<View>, 'encodeView' | 'decodeView'> {
  return {
    encodeView: (view) => encodeLayout(layout, view),
    decodeView(bytes) {
      const view = decodeLayout(layout, bytes, ENGINE_BYTES_MAX);
      if (isDecodeRejection(view)) return view;
      const detail = flawOf(view);
      return detail === undefined ? view : { code: 'BAD_FIELD', detail };
    },
  };
}
