/** The reaper: a process of its own that ends the nodes of a real run when the runner is gone, however it went; nodes that stand still too. */
import { type ChildProcess, spawn } from 'node:child_process';

/** Keeps the ids that it is told on its standard input, and kills what is left of them when that closes. */
const SCRIPT = `
pids=""
while read -r what pid; do
  if [ "$what" = "+" ]; then pids="$pids $pid"; continue; fi
  left=""
  for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done
  pids="$left"
done
[ -z "$pids" ] || kill -s KILL -- $pids`;

/** One of a run. */
export interface Reaper {
  /** Of a process, or below zero of a group of processes. */
  add(pid: number): void;
  /** That process has ended: its id may be another's soon. */
  forget(pid: number): void;
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
    close: () => void child.stdin?.end(),
  };
}
