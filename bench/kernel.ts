/** Events a second of the kernel: 600 hosts that answer each other, and timers alone. */
import type { Process } from '../src/env/program.ts';
import { address, ms } from '../src/env/units.ts';
import { type NoteEnv, type NoteWorld, program, simulate } from '../src/sim/test-world.ts';

const HOSTS = 600;
const EVENTS = 2_000_000;

function measure(name: string, build: (env: NoteEnv) => Partial<Process<NoteWorld>>): void {
  const simulator = simulate(HOSTS, program(build));
  simulator.step(200_000);
  const from = performance.now();
  const before = simulator.stats();
  for (let done = 0; done < EVENTS; done += 10_000) simulator.step(10_000);
  const seconds = (performance.now() - from) / 1000;
  const after = simulator.stats();
  const rate = (after.events - before.events) / seconds / 1e6;
  const messages = (after.messages - before.messages) / seconds / 1e6;
  console.log(
    `${name}: ${rate.toFixed(2)} M events/s, ${messages.toFixed(2)} M messages/s, ${simulator.status().kind}`,
  );
}

measure('timers', (env) => {
  const again = (): void => {
    env.clock.setTimer('again', ms(1 + env.random.below(100)), again);
  };
  return { onStart: again };
});
measure('messages', (env) => ({
  onStart() {
    for (let i = 0; i < 8; i++) env.network.dial(address(`h${env.random.below(HOSTS)}`));
  },
  onConnected: (c) => void env.network.send(c, { n: 1 }),
  onMessage: (c, { n }) => void env.network.send(c, { n: n + 1 }),
}));
