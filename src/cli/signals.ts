/** Ctrl-C: the first one ends what runs and lets the verdict be printed, the second one ends the process. */
import { EXIT } from '../cluster/result.ts';
import type { Output } from './output.ts';

/** Until `off` is called. */
export function onSignals(output: Output): { readonly signal: AbortSignal; readonly off: () => void } {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    abort.abort();
    output.progress('interrupted; once more to leave at once');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    off() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
