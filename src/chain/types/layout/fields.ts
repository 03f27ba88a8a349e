/** Layouts of the units that many types share. */
import type { Address, UnixMs } from '../../../env/units.ts';
import type {
  AccountAddress,
  Amount,
  BlockHash,
  Gas,
  Hash,
  Height,
  PublicKey,
  Signature,
  TxId,
  Weight,
} from '../units.ts';
import { amountLayout, asciiLayout, fixedHex, sizedHex, unsigned } from './layout.ts';

/** Work of 256 bits and a tie-break of 256 bits. */
const WEIGHT_MAX_BYTES = 64;
/** What a host name with a port needs: 253 + 1 + 5, cut to the 255 that an Address may have. */
export const ADDRESS_MAX_LENGTH = 255;

export const versionField = unsigned<number>(16);
export const u32Field = unsigned<number>(32);
export const u64Field = unsigned<number>(64);
export const heightField = unsigned<Height>(64);
export const gasField = unsigned<Gas>(64);
export const timeField = unsigned<UnixMs>(64);
export const amountField = amountLayout<Amount>();
export const hashField = fixedHex<Hash>(32);
export const blockHashField = fixedHex<BlockHash>(32);
export const txIdField = fixedHex<TxId>(32);
export const accountAddressField = fixedHex<AccountAddress>(32);
export const publicKeyField = fixedHex<PublicKey>(32);
/** Behind its length, so that the signed bytes are the same encoding with this field empty. */
export const signatureField = sizedHex<Signature>(8, 64, 64);
export const weightField = sizedHex<Weight>(8, WEIGHT_MAX_BYTES);
export const addressField = asciiLayout<Address>(1, ADDRESS_MAX_LENGTH);
