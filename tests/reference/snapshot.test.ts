import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Leaves, Malformed } from './bytes.ts';
import { checkChunk, checkRange, checkSnapshot, decodeManifest, type SnapshotLeaf } from './snapshot.ts';

interface Golden {
  readonly state: { readonly rootsAfterEach: readonly string[] };
  readonly snapshot: {
    readonly ranges: readonly { readonly after: string; readonly upTo: string; readonly proof: string }[];
    readonly snapshots: readonly {
      readonly leavesMaxBytes: number;
      readonly id: string;
      readonly manifest: string;
      readonly chunks: readonly string[];
    }[];
  };
}

const VECTORS = join(import.meta.dirname, '../vectors');
const golden = JSON.parse(readFileSync(join(VECTORS, 'aureon-v1.json'), 'utf8')) as Golden;
const bytesOf = (text: string) => Buffer.from(text, 'hex');
const root = golden.state.rootsAfterEach.at(-1) ?? '';

function allLeaves(): readonly SnapshotLeaf[] {
  const [first] = golden.snapshot.snapshots;
  return checkSnapshot(bytesOf(first?.manifest ?? ''), (first?.chunks ?? []).map(bytesOf)).leaves;
}

describe('the checker of snapshots', () => {
  it('accepts the golden ones, computes their ids, and builds their root anew', () => {
    const counts: number[] = [];
    for (const { id, manifest, chunks } of golden.snapshot.snapshots) {
      const found = checkSnapshot(bytesOf(manifest), chunks.map(bytesOf));
      expect(found.manifest.id).toBe(id);
      expect(found.manifest.header.stateRoot).toBe(root);
      const leaves = new Leaves();
      for (const leaf of found.leaves) leaves.set(leaf.namespace, leaf.id, leaf.value);
      expect(leaves.root()).toBe(root);
      counts.push(chunks.length);
    }
    expect(counts[0]).toBe(allLeaves().length);
    expect(counts[1]).toBeGreaterThan(2);
    expect(counts[2]).toBe(1);
  });

  it('accepts the golden range proofs with the leaves of their ranges, and with no others', () => {
    const leaves = allLeaves();
    const sizes = new Set<number>();
    for (const { after, upTo, proof } of golden.snapshot.ranges) {
      const inside = leaves.filter(({ path }) => path > after && (upTo === '' || path <= upTo));
      sizes.add(inside.length);
      const accepts = (some: readonly SnapshotLeaf[]) => {
        try {
          checkRange(root, { after, upTo }, some, bytesOf(proof));
          return true;
        } catch (error) {
          if (error instanceof Malformed) return false;
          throw error;
        }
      };
      expect(accepts(inside)).toBe(true);
      for (let left = 0; left < inside.length; left++) expect(accepts(inside.toSpliced(left, 1))).toBe(false);
      if (inside.length < leaves.length) expect(accepts(leaves)).toBe(false);
    }
    expect(sizes.size).toBeGreaterThan(3);
  });

  it('refuses a chunk with any byte changed, and a manifest with false peaks', () => {
    const [, snapshot] = golden.snapshot.snapshots;
    const manifest = decodeManifest(bytesOf(snapshot?.manifest ?? ''));
    const bytes = bytesOf(snapshot?.chunks[1] ?? '');
    const range = { after: manifest.ends[0] ?? '', upTo: manifest.ends[1] ?? '' };
    expect(checkChunk(root, range, bytes).length).toBeGreaterThan(0);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(() => checkChunk(root, range, changed)).toThrow(Malformed);
    }
    const [peak = ''] = manifest.peaks;
    const text = snapshot?.manifest ?? '';
    expect(() => decodeManifest(bytesOf(text.replace(peak, '0'.repeat(64))))).toThrow(Malformed);
  });
});
