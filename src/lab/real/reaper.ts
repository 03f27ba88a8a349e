/** The reaper: a process of its own that ends the nodes of a real run when the runner is gone, however it went; nodes that stand still too, and file systems that it mounted. */
import { type ChildProcess, spawn } from 'node:child_process';

/** Keeps the ids and folders that it is told on its standard input, and kills and unmounts what is left of them when that closes. */
const SCRIPT = `
pids=""
folders=""
while read -r what pid; do
  if [ "$what" = "+" ]; then pids="$pids $pid"; continue; fi
  if [ "$what" = "m" ]; then folders="$folders$pid
"; continue; fi
  left=""
  for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done
  pids="$left"
done
[ -z "$pids" ] || kill -s KILL -- $pids
printf %s "$folders" | while IFS= read -r folder; do umount --lazy "$folder"; done`;

/** One of a run. */
export interface Reaper {
  /** Of a process, or below zero of a group of processes. */
  add(pid: number): void;
  /** That process has ended: its id may be another's soon. */
  forget(pid: number): void;
  /** A folder where a file system is mounted; one that is not any more does no harm. */
  addMount(folder: string): void;
  close(): void;
}

/** Starts it, away from the signals of the terminal. */
export function createReaper(): Reaper {
  const child: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  const tell = (text: string): void => void child.stdin?.write(text);
  // Without a reaper a run is as good; only its own end by force leaves processes behind.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  return {
    add: (pid) => tell(`+ ${pid}\n`),
    forget: (pid) => tell(`- ${pid}\n`),
    addMount: (folder) => tell(`m ${folder}\n`),
    close: () => void child.stdin?.end(),
  };
}
