/** The end of a process whose disk has failed. */

/**
 * Ends this process with that code, and runs none of its exit handlers; on Windows it ends as it would anyway.
 *
 * When a write fails, LMDB (lmdb 3.5.6, `mdb_page_flush` in mdb.c) prints 106 bytes into a buffer of 100. The allocator finds that out when LMDB's
 * handlers free its memory: one such process of three ended with SIGABRT and a core file, although it had done everything it had to.
 * Node offers no `_exit`; another program in place of this one does the same.
 */
export function leaveAtOnce(code: number): void {
  if (process.platform === 'win32') return;
  process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
}
