/** Records a run while it happens, and changes nothing in it: the same trace hash with a recorder and without. */
import type { ChainWorld } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { assert } from '../env/assert.ts';
import type { Fault } from '../sim/fault.ts';
import type { HostChange } from '../sim/host-world.ts';
import type { FaultChange, SentMessage } from '../sim/watcher.ts';
import type { ClusterWatcher } from './chain-setup.ts';
import { isRoutine, type LoggedEvent } from './event-log.ts';
import { RecordedBlocks } from './recorded-blocks.ts';
import { RecordedFaults } from './recorded-faults.ts';
import { CauseRing, type KeptMessage, MessageRing, Texts } from './recorded-messages.ts';
import { StepTable } from './recorded-steps.ts';
import {
  EMITTED_KEPT_MAX,
  LOOKS_MAX,
  MESSAGES_AFTER_MAX,
  type RecordedBoot,
  type RecordedEvents,
  type RecordedMessages,
  type RecordedSamples,
  type RecordedWindow,
  type Recording,
  SAMPLES_MAX,
} from './recording.ts';
import { factsOf, type Names } from './relevant-events.ts';
import type { RunResult } from './result.ts';
import type { TestCluster } from './test-cluster.ts';

type Message = ChainWorld['message'];

interface KeptEmitted {
  readonly atUs: number;
  readonly host: number;
  readonly index: number;
  readonly event: LoggedEvent;
}

interface Boot {
  readonly host: number;
  readonly fromUs: number;
  untilUs: number | undefined;
  end: string | undefined;
}

/** One per run: given to the cluster as its watcher, then attached to it before the first step. */
export class Recorder implements ClusterWatcher {
  readonly #texts = new Texts();
  readonly #messages = new MessageRing(this.#texts);
  readonly #causes = new CauseRing();
  /** Events in which calls began to wait. */
  readonly #waiting = new Map<object, number>();
  readonly #emitted: KeptEmitted[] = [];
  #emittedCount = 0;
  readonly #routine = new Map<string, number>();
  readonly #boots: Boot[] = [];
  readonly #mempools: number[][] = [];
  readonly #peers: number[][] = [];
  readonly #sampledUs: number[] = [];
  #cluster: TestCluster | undefined;
  #blocks: RecordedBlocks | undefined;
  #faults: RecordedFaults | undefined;
  /** Messages that were sent when the first law was found broken. */
  #sentAtFailure: number | undefined;
  /** From then on messages and events are no longer kept. */
  #stoppedUs: number | undefined;

  /** Begins to look at the cluster that this watches. */
  attach(cluster: TestCluster): void {
    this.#cluster = cluster;
    this.#blocks = new RecordedBlocks(cluster);
    this.#faults = new RecordedFaults(cluster.plan.faults, cluster.plan.hosts.length);
    cluster.simulator.observe((host, event, atUs) => this.#onEmitted(host, event, atUs));
    cluster.simulator.observeHosts((host, change, atUs) => this.#onHost(host, change, atUs));
    const samples = Math.min(SAMPLES_MAX, Math.ceil(LOOKS_MAX / cluster.plan.hosts.length));
    this.#sample(cluster, Math.max(1, Math.ceil(cluster.plan.durationUs / samples)));
  }

  onEvent(index: number, atUs: number, host: number, _kind: number, parent: number): void {
    if (this.#stoppedUs !== undefined) return;
    this.#causes.begin(index, atUs, host, parent);
    if (this.#sentAtFailure === undefined) {
      const isBroken = this.#cluster?.violations.some(({ kind }) => kind === 'safety') === true;
      if (isBroken) this.#sentAtFailure = this.#messages.sent;
    } else if (this.#messages.sent - this.#sentAtFailure >= MESSAGES_AFTER_MAX) this.#stoppedUs = atUs;
  }

  onSent(sent: SentMessage<Message>): void {
    this.#messages.onSent(sent, this.#stoppedUs === undefined ? this.#causes.running : undefined);
  }

  onDelivered(slot: number): void {
    if (this.#stoppedUs !== undefined) return;
    const sentIn = this.#messages.onDelivered(slot, this.#causes.running);
    if (sentIn !== undefined) this.#causes.causedBy(sentIn);
  }

  onWaits(call: object): void {
    if (this.#stoppedUs === undefined) this.#waiting.set(call, this.#causes.running);
  }

  onHandled(call: object): void {
    const since = this.#waiting.get(call);
    if (since === undefined) return;
    this.#waiting.delete(call);
    if (this.#stoppedUs === undefined && since !== this.#causes.running) this.#causes.causedBy(since);
  }

  onFault(fault: Fault, host: number, change: FaultChange, atUs: number): void {
    this.#faults?.onChange(fault, host, change, atUs);
  }

  onDeviation(host: number, behaviour: string, atUs: number): void {
    this.#keep(host, { kind: 'Deviated', behaviour }, atUs);
  }

  /** What was recorded, once the run has ended and is judged. */
  recording(result: RunResult, shows: string): Recording {
    const cluster = this.#cluster;
    const blocks = this.#blocks;
    const faults = this.#faults;
    assert(
      cluster !== undefined && blocks !== undefined && faults !== undefined,
      'a recorder is attached to its cluster before the run',
    );
    const { plan } = cluster;
    const steps = new StepTable(this.#causes);
    const messages = this.#messages.kept().filter(({ sentIn }) => steps.has(sentIn));
    for (const { sentIn, deliveredIn } of messages) steps.mark(sentIn, deliveredIn);
    const emitted = this.#keptEmitted();
    for (const { index } of emitted) steps.mark(index);
    steps.build();
    return {
      format: 1,
      scenario: plan.name,
      shows,
      seed: plan.seed,
      endUs: cluster.nowUs,
      quietFromUs: plan.quietFromUs,
      result,
      hosts: plan.hosts.map(({ name, byzantine, twinOf }) => ({
        name,
        byzantine: [...byzantine.map(({ kind }) => kind), ...(twinOf === undefined ? [] : ['twin'])],
      })),
      window: this.#window(messages, emitted, [...blocks.limits(), ...faults.limits()]),
      kinds: this.#messages.kinds.all,
      steps: steps.columns(),
      messages: messageColumns(messages, steps),
      emitted: this.#emittedColumns(emitted, steps, namesOf(cluster)),
      texts: this.#texts.all,
      boots: this.#boots.map((boot): RecordedBoot => boot),
      faults: faults.faults(),
      blocks: blocks.blocks(),
      heads: columnsOf(blocks.heads),
      imports: columnsOf(blocks.imports),
      finals: columnsOf(blocks.finals),
      samples: this.#samples(),
    };
  }

  #onEmitted(host: number, event: DomainEvent, atUs: number): void {
    this.#blocks?.onEvent(host, event, atUs);
    if (isRoutine(event.kind)) this.#routine.set(event.kind, (this.#routine.get(event.kind) ?? 0) + 1);
    else this.#keep(host, event, atUs);
  }

  #onHost(host: number, change: HostChange, atUs: number): void {
    if (change.kind === 'started') {
      this.#faults?.onStarted(host, atUs);
      this.#boots.push({ host, fromUs: atUs, untilUs: undefined, end: undefined });
      return;
    }
    const boot = this.#boots.findLast((known) => known.host === host);
    if (boot !== undefined) {
      boot.untilUs = atUs;
      boot.end = change.end.kind;
    }
    this.#keep(host, { kind: 'HostDown', how: change.end.kind }, atUs);
  }

  #keep(host: number, event: LoggedEvent, atUs: number): void {
    const index = this.#emittedCount++;
    if (this.#stoppedUs !== undefined) return;
    this.#emitted[index % EMITTED_KEPT_MAX] = { atUs, host, index: this.#causes.running, event };
  }

  #keptEmitted(): readonly KeptEmitted[] {
    return [...this.#emitted].sort((a, b) => a.index - b.index);
  }

  /** Looks at all nodes now, and again after `everyUs`. */
  #sample(cluster: TestCluster, everyUs: number): void {
    const { simulator, nodes, plan } = cluster;
    const look = (): void => {
      const snapshots = nodes.map(({ index }) => simulator.inspect(index));
      this.#sampledUs.push(simulator.nowUs());
      this.#mempools.push(snapshots.map((snapshot) => snapshot?.mempool.count ?? -1));
      this.#peers.push(snapshots.map((snapshot) => snapshot?.peers.length ?? -1));
      if (simulator.nowUs() + everyUs <= plan.durationUs) simulator.at(simulator.nowUs() + everyUs, look);
    };
    simulator.at(everyUs, look);
  }

  #samples(): RecordedSamples {
    return { atUs: this.#sampledUs, mempool: this.#mempools, peers: this.#peers };
  }

  #window(
    messages: readonly KeptMessage[],
    emitted: readonly KeptEmitted[],
    limits: readonly string[],
  ): RecordedWindow {
    const sent = this.#messages.sent;
    const from = (isWhole: boolean, firstUs: number | undefined): number => (isWhole ? 0 : (firstUs ?? 0));
    return {
      fromUs: Math.max(
        from(!this.#messages.isFull && this.#causes.first === 0, messages[0]?.sentUs),
        from(this.#emittedCount <= EMITTED_KEPT_MAX, emitted[0]?.atUs),
      ),
      untilUs: this.#stoppedUs ?? this.#cluster?.nowUs ?? 0,
      messagesSent: sent,
      messagesKept: messages.length,
      eventsEmitted: this.#emittedCount,
      eventsKept: emitted.length,
      routine: [...this.#routine].map(([kind, times]) => ({ kind, times })),
      limits,
    };
  }

  #emittedColumns(emitted: readonly KeptEmitted[], steps: StepTable, names: Names): RecordedEvents {
    return {
      step: emitted.map(({ index }) => steps.placeOf(index)),
      host: emitted.map(({ host }) => host),
      atUs: emitted.map(({ atUs }) => atUs),
      kind: emitted.map(({ event }) => this.#texts.placeOf(event.kind)),
      text: emitted.map(({ event }) => this.#texts.placeOf(factsOf(event, names))),
    };
  }
}

function messageColumns(messages: readonly KeptMessage[], steps: StepTable): RecordedMessages {
  return {
    from: messages.map(({ from }) => from),
    to: messages.map(({ to }) => to),
    kind: messages.map(({ kind }) => kind),
    text: messages.map(({ text }) => text),
    bytes: messages.map(({ bytes }) => bytes),
    sentUs: messages.map(({ sentUs }) => sentUs),
    sentIn: messages.map(({ sentIn }) => steps.placeOf(sentIn)),
    deliveredIn: messages.map(({ deliveredIn }) => steps.placeOf(deliveredIn)),
  };
}

/** Without what only the writer of the columns needs. */
function columnsOf({ atUs, host, what }: RecordedBlocks['heads']): Recording['heads'] {
  return { atUs, host, what };
}

function namesOf(cluster: TestCluster): Names {
  const hosts = new Map<string, number>(cluster.setup.hostKeys.map(({ key }, i) => [key, i]));
  return { nameOf: (host) => cluster.node(host).name, hostOf: (peer) => hosts.get(peer) };
}
