/** Programs that lie for tests of the node: an honest one whose messages are changed on their way out. */
import type { ChainWorld } from '../../src/chain/types/command.ts';
import type { Message } from '../../src/chain/types/message.ts';
import type { Env, Program } from '../../src/env/program.ts';
import type { ConnectionId } from '../../src/env/units.ts';

/** Changes what an honest node sends; undefined: the message is swallowed. */
export function liar(change: (message: Message, env: Env<ChainWorld>) => Message | undefined) {
  return (honest: Program<ChainWorld>): Program<ChainWorld> =>
    (env) => {
      const network = {
        ...env.network,
        send: (to: ConnectionId, message: Message) => {
          const changed = change(message, env);
          return changed === undefined ? 'queued' : env.network.send(to, changed);
        },
        dial: env.network.dial.bind(env.network),
        close: env.network.close.bind(env.network),
      } as Env<ChainWorld>['network'];
      return honest({ ...partsOf(env), network });
    };
}

/** The env's parts may be methods of a class: copies would lose them. */
export function partsOf(env: Env<ChainWorld>): Env<ChainWorld> {
  return {
    clock: env.clock,
    network: env.network,
    storage: env.storage,
    random: env.random,
    crypto: env.crypto,
    memo: env.memo,
    emit: (event) => env.emit(event),
    spend: (kind, units) => env.spend(kind, units),
  };
}
