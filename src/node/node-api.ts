/** The HTTP API of a node that runs: what its routes may ask of the boot, and its end. */
import type { Answer, ChainWorld } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { assert } from '../env/assert.ts';
import { ApiError, type ApiNode, type ApiSigner } from './api/route.ts';
import { prepareApi } from './api/server.ts';
import type { Settings } from './config/settings.ts';
import { type FileProblem, portProblem } from './file-problem.ts';
import type { ChainFile } from './genesis-file.ts';
import type { RunningHost } from './host.ts';
import type { NodeKey } from './key-file.ts';
import type { NodeMetrics } from './metrics/node-metrics.ts';
import { isLoopback, parseEndpoint } from './network/endpoints.ts';
import type { SignatureSuite } from './signatures/system-crypto.ts';

/** What it is made of. */
export interface NodeApiParts {
  readonly settings: Settings;
  readonly chain: ChainFile;
  readonly key: NodeKey;
  readonly suite: SignatureSuite;
  readonly version: string;
  /** A bug that a request met: the node goes on. */
  readonly onApiError: (error: unknown) => void;
}

/** One that is prepared. */
export interface NodeApi {
  /** Answers where. Once, and when the host runs. */
  listen(): Promise<string | FileProblem>;
  /** Called inside a handler of the node; before it listens, there is nobody to be told. */
  onEvent(event: DomainEvent): void;
  close(): Promise<void>;
}

/** Why these settings cannot be together; undefined: they can. */
export function apiProblem(settings: Settings): FileProblem | undefined {
  const endpoint = parseEndpoint(settings['http.listen']);
  if (!settings['http.sign_with_node_key'] || endpoint === undefined || isLoopback(endpoint.host))
    return undefined;
  return {
    code: 'MALFORMED',
    what: `http.sign_with_node_key with http.listen ${settings['http.listen']}: whoever reaches this port could spend what the key has`,
    advice: 'http.listen on loopback, such as 127.0.0.1:8080, or http.sign_with_node_key = false',
  };
}

/** Undefined: the settings want none. @param hostNow asked from the moment on when it listens. */
export async function prepareNodeApi(
  parts: NodeApiParts,
  hostNow: () => RunningHost<ChainWorld>,
  metrics: NodeMetrics,
): Promise<NodeApi | undefined> {
  const { settings, chain, version } = parts;
  const listen = settings['http.listen'];
  const endpoint = parseEndpoint(listen);
  if (endpoint === undefined) return undefined;
  /** Requests that wait for the node: a boot that ends leaves some without an answer. */
  const waiting = new Set<(error: ApiError) => void>();
  const node: ApiNode = {
    chain: chain.id,
    genesis: chain.genesis,
    version,
    signer: settings['http.sign_with_node_key'] ? signerOf(parts) : undefined,
    query(query) {
      let answer: Answer | undefined;
      const isAsked = hostNow().command(query, (given) => {
        answer = given;
      });
      if (!isAsked) throw stopped();
      assert(answer !== undefined, 'a query is answered before the command returns');
      return answer;
    },
    command: (command) =>
      new Promise((resolve, reject) => {
        waiting.add(reject);
        const isAsked = hostNow().command(command, (answer) => {
          waiting.delete(reject);
          resolve(answer);
        });
        if (isAsked) return;
        waiting.delete(reject);
        reject(stopped());
      }),
    inspect() {
      const snapshot = hostNow().inspect();
      if (snapshot === undefined) throw stopped();
      return snapshot;
    },
    metrics() {
      const snapshot = hostNow().inspect();
      if (snapshot === undefined) throw stopped();
      metrics.sample({ snapshot, keys: hostNow().keyCount });
      return metrics.registry;
    },
    onRequest: (request) => metrics.onRequest(request),
    report: (error) => parts.onApiError(error),
  };
  const server = await prepareApi(
    {
      ...endpoint,
      bodyMaxBytes: settings['http.body_max_bytes'],
      perSecond: settings['http.rate_per_second'],
      requestTimeoutMs: settings['http.request_timeout_ms'],
      eventsMax: settings['http.events_max'],
      eventsPerAddressMax: settings['http.events_per_address_max'],
    },
    node,
  );
  return {
    async listen() {
      try {
        return await server.listen();
      } catch (error) {
        return portProblem('http.listen', listen, error);
      }
    },
    onEvent: (event) => server.onEvent(event),
    close() {
      for (const reject of waiting) reject(stopped());
      return server.close();
    },
  };
}

function stopped(): ApiError {
  return new ApiError(503, 'STOPPED', 'the node is stopping, or has stopped');
}

function signerOf({ key, suite }: NodeApiParts): ApiSigner {
  return { key: key.key, sign: (bytes) => suite.sign(key.secret, bytes) };
}
