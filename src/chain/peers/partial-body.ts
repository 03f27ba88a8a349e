/** Bodies in parts: a block that is longer than one answer travels as ranges of its bytes; where they are cut and joined. */
import { bytesToHex, concatBytes, hexToBytes } from '../../env/bytes.ts';
import type { Env } from '../../env/program.ts';
import { checkBody } from '../execution/check-body.ts';
import { BLOCK_MAX_BYTES, type Block } from '../types/block.ts';
import {
  blockLayout,
  CERTIFICATE_ADDED_MAX_BYTES,
  type CertifiedBlock,
  certifiedBlockLayout,
} from '../types/block-codec.ts';
import type { ChainWorld } from '../types/command.ts';
import { blockId } from '../types/header-codec.ts';
import { decodeLayout, encodeLayout } from '../types/layout/codec.ts';
import type { BlockPart } from '../types/message.ts';
import { PART_MAX_BYTES } from '../types/message-codec.ts';
import type { BlockHash } from '../types/units.ts';

/** A slow link: 1 Mbit/s. */
export const SLOW_BYTES_PER_MS = 125;

/** True when block and certificate fit one answer of that size, as JSON. */
export function fitsAnswer(block: Block, certificate: string, answerBytesMax: number): boolean {
  return blockLayout.jsonSize(block) + certificate.length <= answerBytesMax;
}

/** The block that was cut last: peers ask for one part after another of the same. */
let lastCut: (CertifiedBlock & { readonly bytes: Uint8Array }) | undefined;

/** The part of a block from `offset` on; undefined: it has none there. */
export function partOf(block: Block, certificate: string, offset: number): BlockPart | undefined {
  if (lastCut?.block !== block || lastCut.certificate !== certificate) {
    lastCut = { block, certificate, bytes: encodeLayout(certifiedBlockLayout, { block, certificate }) };
  }
  const { bytes } = lastCut;
  if (offset >= bytes.length) return undefined;
  return { offset, size: bytes.length, bytes: bytesToHex(bytes.subarray(offset, offset + PART_MAX_BYTES)) };
}

/** How long a peer may take to give so many bytes in parts: on a slow link, in hexadecimal, a round trip between two parts. */
export function partsTimeoutMs(sizeBytes: number): number {
  return Math.ceil((2 * 2 * sizeBytes) / SLOW_BYTES_PER_MS);
}

/** What came of one body so far, from its beginning on. Memory is what was received. */
export class PartialBody {
  /** No block of the chain is longer with its certificate. */
  readonly sizeMax: number;
  #parts: Uint8Array[] = [];
  #received = 0;
  /** 0: not stated yet. */
  #size = 0;
  #isRestarted = false;
  /** Where the next question begins: what is before it was received or is on its way. */
  asked = 0;
  /** Parts came from several peers: who is wrong cannot be told. */
  isMixed = false;

  /** @param blockBytesMax of the chain. */
  constructor(blockBytesMax: number) {
    this.sizeMax = blockBytesMax + CERTIFICATE_ADDED_MAX_BYTES;
  }

  get received(): number {
    return this.#received;
  }

  /** As the first part stated it. */
  get size(): number {
    return this.#size;
  }

  /**
   * `gone`: the peer has it no more. `stale`: the part was on its way when all began anew. A size may change once without a fault, when a certificate came to the
   * block meanwhile or another peer goes on: then everything is received anew.
   */
  add({ offset, size, bytes }: BlockPart): 'more' | 'whole' | 'gone' | 'stale' | 'garbage' {
    if (size === 0) return 'gone';
    if (this.#size !== 0 && size !== this.#size) {
      if (this.#isRestarted) return 'garbage';
      this.#restart();
      if (offset !== 0) return 'stale';
    }
    if (offset !== this.#received) return this.#isRestarted ? 'stale' : 'garbage';
    const part = hexToBytes(bytes);
    const isSound =
      size <= this.sizeMax && offset < size && part?.length === Math.min(PART_MAX_BYTES, size - offset);
    if (!isSound) return 'garbage';
    this.#size = size;
    this.#parts.push(part);
    this.#received += part.length;
    this.asked = Math.max(this.asked, this.#received);
    return this.#received < size ? 'more' : 'whole';
  }

  /** The block of that id, if that is what all parts together are, and its body is the one of its header. */
  block(env: Pick<Env<ChainWorld>, 'memo' | 'crypto'>, id: BlockHash): CertifiedBlock | undefined {
    const whole = concatBytes(...this.#parts);
    const digest = env.crypto.sha256(whole);
    const found = env.memo.get('certifiedBlock', bytesToHex(digest), () =>
      decodeLayout(certifiedBlockLayout, whole, BLOCK_MAX_BYTES + CERTIFICATE_ADDED_MAX_BYTES),
    );
    if ('code' in found || blockId(found.block.header) !== id) return undefined;
    return checkBody(found.block, (bytes) => env.crypto.sha256(bytes)) === undefined ? found : undefined;
  }

  #restart(): void {
    this.#isRestarted = true;
    this.isMixed = false;
    this.#parts = [];
    this.#received = 0;
    this.#size = 0;
    this.asked = 0;
  }
}
