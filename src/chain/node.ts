/** The program of one node: opens its ledger, then hands every event to its parts. */
import { assert } from '../env/assert.ts';
import type { Env, Process, Program } from '../env/program.ts';
import type { LedgerConfig } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { DEFAULT_STORE, type NodeConfig } from './node-config.ts';
import { NodeCore } from './node-core.ts';
import type { ChainWorld } from './types/command.ts';

/** The program of one node. Its storage, its keys and everything else it touches come from the env. */
export function createNode(config: NodeConfig): Program<ChainWorld> {
  return (env) => createProcess(env, config);
}

/** What the ledger of such a node is opened with. */
export function ledgerConfigOf({
  genesis,
  schedule,
  consensus,
  protocolMax,
  store,
  snapshot,
  codeVersion,
}: Omit<NodeConfig, 'createSearch'>): LedgerConfig<unknown> {
  return {
    ...DEFAULT_STORE,
    ...(consensus.futureMaxMs === undefined ? {} : { futureMaxMs: consensus.futureMaxMs }),
    ...store,
    trustedSnapshot: snapshot?.trusted,
    genesis,
    schedule,
    rules: consensus.rules,
    protocolMax,
    codeVersion: codeVersion ?? `v${protocolMax}`,
  };
}

function createProcess(env: Env<ChainWorld>, config: NodeConfig): Process<ChainWorld> {
  let core: NodeCore | undefined;
  /** Again, in the same boot, when a snapshot was received: the folder is then another one. */
  function begin(installs: number): void {
    const onReceived = (): void => {
      core?.retire();
      begin(installs + 1);
    };
    core = startCore(env, config, () => core, onReceived, installs);
  }
  return {
    onStart: () => begin(0),
    onConnected: (c, info) => core?.onConnected(c, info),
    onDialFailed: (address, reason) => core?.onDialFailed(address, reason),
    onMessage: (from, message) => core?.onMessage(from, message),
    onMalformed: (from, reason) => core?.onMalformed(from, reason),
    onWritable: (c) => core?.onWritable(c),
    onDisconnected: (c, reason) => core?.onDisconnected(c, reason),
    onCommand: (command, reply) => {
      if (core === undefined) reply({ kind: 'NotFound' });
      else core.onCommand(command, reply);
    },
    onStop: (done) => {
      if (core === undefined) done();
      else core.onStop(done);
    },
    inspect: () => {
      assert(
        core !== undefined,
        'a node is inspected after its start, and when its data folder could be opened',
      );
      return core.inspect();
    },
  };
}

/** Undefined: the data folder is of another chain, of newer code, or no archive where one is wanted, which an event tells. */
function startCore(
  env: Env<ChainWorld>,
  config: NodeConfig,
  core: () => NodeCore | undefined,
  onReceived: () => void,
  installs: number,
): NodeCore | undefined {
  const opened = openLedger(env, ledgerConfigOf(config), {
    onReleased: (block, outcome) => core()?.onReleased(block, outcome),
    onLost: () => core()?.onLost(),
    onStorageFault: (fault) => core()?.halt('STORAGE_FAULT', fault.kind),
  });
  if ('code' in opened) {
    const code = opened.code === 'NEWER_FORMAT' ? 'UPGRADE_REQUIRED' : 'STORAGE_FAULT';
    env.emit({ kind: 'NodeHalted', code, fact: opened.code });
    return undefined;
  }
  const { ledger, reexecuted, halt } = opened;
  const node = new NodeCore(env, config, ledger, { onReceived, installs });
  const { id, header } = ledger.head();
  const { height, parent } = header;
  if (installs === 0) env.emit({ kind: 'NodeStarted', head: id, height, reexecuted });
  else env.emit({ kind: 'HeadChanged', id, height, parent });
  if (halt === undefined) node.start();
  else node.halt(halt.code, halt.fact);
  return node;
}
