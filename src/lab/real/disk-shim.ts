/** Disks of real nodes that fail: a library that stands before the system's calls in one process and refuses writes or flushes below one folder while a file says so. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a disk fails: no room, or an input/output error on writes or on flushes. */
export type DiskFailure = 'full' | 'write' | 'flush';

/** First letter of the control file. */
const LETTER: Readonly<Record<DiskFailure, string>> = { full: 'n', write: 'w', flush: 'f' };

/** The calls by which LMDB writes and flushes; those for files elsewhere go through. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *control, *below;

__attribute__((constructor)) static void begin(void) {
  control = getenv("AUREON_DISK_CONTROL");
  below = getenv("AUREON_DISK_BELOW");
}

/* The letter of the failure that is on, 0 for none. */
static char failure(int fd) {
  if (control == NULL || below == NULL) return 0;
  int kept = errno;
  char letter = 0;
  int file = open(control, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    if (read(file, &letter, 1) != 1) letter = 0;
    close(file);
  }
  if (letter != 0 && fd >= 0) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || strncmp(path, below, strlen(below)) != 0) letter = 0;
  }
  errno = kept;
  return letter;
}

static int refuses_write(int fd) {
  char letter = failure(fd);
  if (letter != 'n' && letter != 'w') return 0;
  errno = letter == 'n' ? ENOSPC : EIO;
  return 1;
}

static int refuses_flush(int fd) {
  if (failure(fd) != 'f') return 0;
  errno = EIO;
  return 1;
}

#define REAL(name) \\
  static __typeof__(&name) real; \\
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t pwrite(int fd, const void *b, size_t n, off_t at) {
  REAL(pwrite);
  return refuses_write(fd) ? -1 : real(fd, b, n, at);
}
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t at) {
  REAL(pwrite64);
  return refuses_write(fd) ? -1 : real(fd, b, n, at);
}
ssize_t write(int fd, const void *b, size_t n) {
  REAL(write);
  return refuses_write(fd) ? -1 : real(fd, b, n);
}
ssize_t writev(int fd, const struct iovec *v, int n) {
  REAL(writev);
  return refuses_write(fd) ? -1 : real(fd, v, n);
}
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at) {
  REAL(pwritev);
  return refuses_write(fd) ? -1 : real(fd, v, n, at);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return refuses_flush(fd) ? -1 : real(fd);
}
int fsync(int fd) {
  REAL(fsync);
  return refuses_flush(fd) ? -1 : real(fd);
}
int msync(void *a, size_t n, int flags) {
  REAL(msync);
  return refuses_flush(-1) ? -1 : real(a, n, flags);
}
`;

/** There is no compiler, or it does not do. */
export class ShimError extends Error {
  readonly code = 'SHIM';
  override readonly name = 'ShimError';
}

/** The library of one run. */
export interface DiskShim {
  /** What the process of a host is started with. @param folder whose files fail. @param control its control file. */
  environment(folder: string, control: string): Readonly<Record<string, string>>;
}

/** Compiles it into a folder. @throws {ShimError} where that cannot be done. */
export function compileDiskShim(folder: string): DiskShim {
  const source = join(folder, 'disk-shim.c');
  const library = join(folder, 'disk-shim.so');
  writeFileSync(source, SOURCE);
  const { error, status, stderr } = spawnSync(
    'gcc',
    ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'],
    { encoding: 'utf8' },
  );
  if (process.platform !== 'linux' || error !== undefined || status !== 0)
    throw new ShimError(
      `disks of real nodes fail by a library that gcc compiles on Linux: ${error?.message ?? stderr}\n  expected: gcc, or a scenario without diskFull and diskError`,
    );
  return {
    environment: (below, control) => ({
      LD_PRELOAD: library,
      AUREON_DISK_BELOW: below,
      AUREON_DISK_CONTROL: control,
    }),
  };
}

/** The disk fails from now on. */
export function breakDisk(control: string, how: DiskFailure): void {
  writeFileSync(control, LETTER[how]);
}

/** The disk is well again. */
export function healDisk(control: string): void {
  rmSync(control, { force: true });
}
