/** What a cluster holds, as one hash: what its hosts show of themselves and what their programs wrote. */
import { bytesToHex, concatBytes } from '../../env/bytes.ts';
import type { TestCluster } from '../test-cluster.ts';

/** Records of one disk: clusters that are explored are small and young. */
const RECORDS_MAX = 1_000_000;

/**
 * 64 hexadecimal digits. Clocks are no part of it, but for the times that programs wrote down. Between two events.
 * @param under names of the messages that are under way, in any order; they are part of what is hashed.
 */
export function stateHash({ simulator, nodes, setup }: TestCluster, under: readonly string[] = []): string {
  const sha256 = (bytes: Uint8Array): Uint8Array => setup.suite.sha256(bytes);
  const parts: Uint8Array[] = [];
  const add = (text: string): void => void parts.push(sha256(bytesOf(text)));
  for (const { index } of nodes) {
    add(JSON.stringify(simulator.inspect(index)) ?? 'down');
    const disk = simulator.disk(index).pristine;
    for (const { key, value } of disk.scan({ start: new Uint8Array(0) }, RECORDS_MAX)) {
      parts.push(sha256(key), sha256(value));
    }
  }
  add([...under].sort((a, b) => (a < b ? -1 : 1)).join('\n'));
  return bytesToHex(sha256(concatBytes(...parts)));
}

/** JSON and names of messages are ASCII. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
