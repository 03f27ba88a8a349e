/** What a process did to a folder and said to the world, call by call: everything that a cut of its power needs. */
import { dirname, resolve, sep } from 'node:path';
import { answerOf, descriptorOf, type SystemCall, stringsOf } from './system-calls.ts';

/** A change of the folder. */
export type DiskChange = {
  /** Relative to the folder. */
  readonly path: string;
  readonly at: number;
  /** From here on it is on the disk whatever happens; infinite: never. */
  durableAt: number;
} & (
  | { readonly kind: 'create'; readonly isFolder: boolean }
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly size: number }
  /** Of a folder with all that is in it, over nothing or an empty one. */
  | { readonly kind: 'rename'; readonly to: string }
);

/** Bytes that left by a socket or a pipe. */
export interface Output {
  /** Names the stream: one socket or pipe of one boot. */
  readonly stream: string;
  readonly bytes: Uint8Array;
  /** When they may have left: the beginning of the call. */
  readonly at: number;
}

/** All of it, in order. */
export interface DiskRecord {
  readonly changes: readonly DiskChange[];
  readonly outputs: readonly Output[];
  /** Ends of the calls that made something durable, in order. */
  readonly syncs: readonly { readonly path: string; readonly at: number; readonly done: number }[];
}

/** Where LMDB and SQLite have their locks, and where a node that runs gives copies: no data. A record leaves them out. */
const LOCK_FILE = /(?:^|\/)(?:lock\.mdb|node\.door|node\.lock[^/]*)$/;

/** System calls to be traced for a record. */
export const TRACED: readonly string[] = [
  ...[
    'openat',
    'lseek',
    'pwrite64',
    'pwritev',
    'pwritev2',
    'write',
    'writev',
    'sendto',
    'sendmsg',
    'ftruncate',
  ],
  ...['truncate', 'fallocate', 'fdatasync', 'fsync', 'msync', 'sync_file_range', 'mmap', 'mkdir', 'mkdirat'],
  ...[
    'rename',
    'renameat',
    'renameat2',
    'unlink',
    'unlinkat',
    'link',
    'linkat',
    'copy_file_range',
    'sendfile',
  ],
];

interface OpenFile {
  readonly path: string;
  /** Each write is durable when it ends: O_DSYNC or O_SYNC. */
  readonly isSynced: boolean;
  offset: number;
}

/** Calls of one boot. */
export interface BootCalls {
  readonly calls: readonly SystemCall[];
  /** Place after the last one: what ran then had ended or never happened. */
  readonly end: number;
}

/**
 * The record of boots, one after the other.
 * @param folder absolute; what is in it at the beginning is `names`, and durable. @throws {Error} at a call that it cannot follow.
 */
export function diskRecordOf(
  folder: string,
  names: readonly string[],
  boots: readonly BootCalls[],
): DiskRecord {
  const recorder = new DiskRecorder(folder, names);
  for (const boot of boots) recorder.addBoot(boot);
  return recorder.record;
}

class DiskRecorder {
  readonly #folder: string;
  readonly #changes: DiskChange[] = [];
  readonly #outputs: Output[] = [];
  readonly #syncs: { path: string; at: number; done: number }[] = [];
  readonly #names: Set<string>;
  /** Old names of this boot: a thread that wrote while another one renamed is on record with either. */
  readonly #renamed = new Map<string, string>();
  #boots = 0;

  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.#names = new Set(names);
  }

  get record(): DiskRecord {
    return { changes: this.#changes, outputs: this.#outputs, syncs: this.#syncs };
  }

  addBoot({ calls, end }: BootCalls): void {
    const files = new Map<number, OpenFile>();
    const ends = new Map<DiskChange, number>();
    const boot = this.#boots++;
    this.#renamed.clear();
    for (const call of calls) {
      const change = this.#changeOf(call, files, boot);
      if (change === undefined) continue;
      this.#changes.push(change);
      ends.set(change, call.done ?? end);
    }
    this.#settle(ends);
  }

  /** Makes durable what each sync covers: changes that had ended when it began. */
  #settle(ends: ReadonlyMap<DiskChange, number>): void {
    for (const change of this.#changes) {
      if (change.durableAt !== Number.POSITIVE_INFINITY) continue;
      const ended = ends.get(change) ?? 0;
      const of =
        change.kind === 'create'
          ? dirname(change.path)
          : change.kind === 'rename'
            ? dirname(change.to)
            : change.path;
      const covering = this.#syncs.filter(({ path, at }) => path === of && at > ended);
      change.durableAt = Math.min(Number.POSITIVE_INFINITY, ...covering.map(({ done }) => done));
    }
  }

  #changeOf(call: SystemCall, files: Map<number, OpenFile>, boot: number): DiskChange | undefined {
    const { name, args, at, done } = call;
    // An error changed nothing; a call that was cut off may have.
    if (done !== undefined && call.result.startsWith('-1')) return undefined;
    const first = descriptorOf(args);
    const path = first === undefined ? undefined : this.#inside(first.path);
    const file = first === undefined ? undefined : files.get(first.fd);
    switch (name) {
      case 'openat':
        return this.#onOpen(call, files);
      case 'mkdir':
      case 'mkdirat':
        return this.#onName(decoded(stringsOf(args)[0]), true, at);
      case 'rename':
        return this.#onRename(call);
      case 'lseek':
        if (file !== undefined) file.offset = answerOf(call);
        return undefined;
      case 'fdatasync':
      case 'fsync':
        if (path !== undefined && done !== undefined) this.#syncs.push({ path, at, done });
        return undefined;
      case 'write':
      case 'writev':
      case 'pwrite64':
      case 'pwritev':
      case 'sendto':
        if (path !== undefined) return writeOf(call, path, file);
        this.#output(call, `${boot} ${first?.path}`);
        return undefined;
      case 'ftruncate':
        if (path === undefined) return undefined;
        return {
          kind: 'resize',
          path,
          size: Number(/, (\d+)$/.exec(args)?.[1]),
          at,
          durableAt: Number.POSITIVE_INFINITY,
        };
      case 'mmap':
        return this.#onMap(args);
      default:
        if (path !== undefined || stringsOf(args).some((bytes) => this.#inside(decoded(bytes)) !== undefined))
          throw new Error(`${name} in the data folder: this recorder does not know what it does`);
        return undefined;
    }
  }

  #onOpen(call: SystemCall, files: Map<number, OpenFile>): DiskChange | undefined {
    const opened = descriptorOf(call.result);
    if (opened === undefined) return undefined;
    files.delete(opened.fd);
    const path = this.#inside(opened.path);
    if (path === undefined) return undefined;
    files.set(opened.fd, { path, isSynced: /O_D?SYNC/.test(call.args), offset: 0 });
    return call.args.includes('O_CREAT') ? this.#onName(opened.path, false, call.at) : undefined;
  }

  /** LMDB writes by calls; a map that is written would be a record with holes. */
  #onMap(args: string): undefined {
    const mapped = descriptorOf(/\d+<[^>]*>/.exec(args)?.[0] ?? '');
    const path = mapped === undefined ? undefined : this.#inside(mapped.path);
    if (path !== undefined && args.includes('PROT_WRITE') && args.includes('MAP_SHARED'))
      throw new Error(`${path} is written by a shared map, which no system call shows`);
  }

  #onName(absolute: string, isFolder: boolean, at: number): DiskChange | undefined {
    const path = this.#inside(absolute);
    if (path === undefined || this.#names.has(path)) return undefined;
    this.#names.add(path);
    return { kind: 'create', path, isFolder, at, durableAt: Number.POSITIVE_INFINITY };
  }

  #onRename({ args, at }: SystemCall): DiskChange | undefined {
    const [path, to] = stringsOf(args).map((bytes) => this.#inside(decoded(bytes)));
    if (path === undefined && to === undefined) return undefined;
    if (path === undefined || to === undefined || dirname(path) !== dirname(to))
      throw new Error(`rename from one folder into another: this recorder does not know what it does`);
    for (const name of [...this.#names])
      if (isWithin(name, path)) this.#names.add(to + name.slice(path.length));
    this.#renamed.set(path, to);
    return { kind: 'rename', path, to, at, durableAt: Number.POSITIVE_INFINITY };
  }

  #output(call: SystemCall, stream: string): void {
    const bytes = Buffer.concat(stringsOf(call.args));
    const sent = call.done === undefined ? bytes.length : answerOf(call);
    this.#outputs.push({ stream, bytes: new Uint8Array(bytes.subarray(0, sent)), at: call.at });
  }

  /** Undefined: elsewhere, or a lock. */
  #inside(path: string): string | undefined {
    const absolute = resolve(path);
    if (absolute === this.#folder) return '.';
    if (!absolute.startsWith(this.#folder + sep) || LOCK_FILE.test(absolute)) return undefined;
    const name = absolute.slice(this.#folder.length + 1);
    for (const [old, now] of this.#renamed) if (isWithin(name, old)) return now + name.slice(old.length);
    return name;
  }
}

/** Is that folder, or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function writeOf(call: SystemCall, path: string, file: OpenFile | undefined): DiskChange {
  const { name, args, at, done } = call;
  if (file === undefined) throw new Error(`${path} was written, and not opened`);
  const bytes = new Uint8Array(Buffer.concat(stringsOf(args)));
  if (done !== undefined && answerOf(call) !== bytes.length) throw new Error(`${path}: a short write`);
  const isPlaced = name.startsWith('p');
  const offset = isPlaced ? Number(/, (\d+)$/.exec(args)?.[1]) : file.offset;
  if (!isPlaced) file.offset += bytes.length;
  const durableAt = file.isSynced && done !== undefined ? done : Number.POSITIVE_INFINITY;
  return { kind: 'write', path, offset, bytes, at, durableAt };
}

function decoded(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? new Uint8Array(0)).toString('utf8');
}
