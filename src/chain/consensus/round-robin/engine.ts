/** Producer of round-robin: waits for its turn, and seals one block on a parent. */
import { ms } from '../../../env/units.ts';
import { height, type PublicKey } from '../../types/units.ts';
import type { Candidate, Consensus, ConsensusHost, Engine } from '../consensus.ts';
import { defaultEngine } from '../default-engine.ts';
import { SignRecords } from '../sign-records.ts';
import { WallTimer } from '../wall-timer.ts';
import { ROUND_ROBIN_NAME } from './config.ts';
import { createRoundRobinRules, earliestMs, encodeTurn, producerAt, type RoundRobinView } from './rules.ts';

/** What a producer that lies about the time costs the others at most, and how far clocks may differ: what clients of EIP-225 allow. */
const FUTURE_MAX_MS = ms(15_000);

/** The engine of a genesis that names ROUND_ROBIN_NAME. */
export function createRoundRobin(): Consensus<RoundRobinView> {
  return { rules: createRoundRobinRules(), futureMaxMs: FUTURE_MAX_MS, create: createProducer };
}

function createProducer(host: ConsensusHost<RoundRobinView>): Engine {
  const timer = new WallTimer(host.clock, 'round-robin.turn');
  const records = new SignRecords(host, ROUND_ROBIN_NAME);
  let head: Candidate | undefined;
  return defaultEngine(host, ROUND_ROBIN_NAME, {
    onHead(parent) {
      head = parent;
      timer.cancel();
      const view = host.view(parent.id);
      const skipped = view === undefined ? -1 : turnsBefore(view, host.identity);
      if (view === undefined || skipped < 0) return;
      timer.wait(earliestMs(view, skipped), () => {
        const consensus = encodeTurn({ skipped, producer: producerAt(view, skipped) });
        const plan = { timestampMs: host.clock.wallMs(), consensus };
        records.seal(parent, plan, () => head?.id === parent.id);
      });
    },
    onStop() {
      head = undefined;
      timer.cancel();
    },
    status() {
      const view = head === undefined ? undefined : host.view(head.id);
      if (view === undefined) return { kind: 'idle' };
      return {
        kind: 'waiting',
        height: height(view.height + 1),
        turnOf: producerAt(view, 0),
        producers: view.producers.length,
      };
    },
  });
}

/** How many producers come before this key on the view; -1: it is none. */
function turnsBefore(view: RoundRobinView, key: PublicKey | undefined): number {
  return view.producers.findIndex((_, skipped) => producerAt(view, skipped) === key);
}
