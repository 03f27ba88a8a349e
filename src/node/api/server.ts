/** The HTTP server of a node: checks requests against the forms, limits them, and turns errors into answers. */
import rateLimit from '@fastify/rate-limit';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { z } from 'zod';
import type { DomainEvent } from '../../chain/types/event.ts';
import { HUB_LIMITS, type HubLimits } from './event-hub.ts';
import { EventSockets, isUpgrade } from './event-sockets.ts';
import { openApiDocument } from './openapi.ts';
import { answerExpectation, answerRawError } from './raw-errors.ts';
import { ApiError, type ApiNode, badField, ReadBody, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** What a server is told. */
export interface ApiConfig {
  readonly host: string;
  readonly port: number;
  /** The longest body of a request. */
  readonly bodyMaxBytes: number;
  /** Requests of one address in a second. */
  readonly perSecond: number;
  /** A request that is not here whole by then is given up: slow senders hold nothing. */
  readonly requestTimeoutMs: number;
  /** WebSockets of /events at once. */
  readonly eventsMax: number;
  /** Of one address of those. */
  readonly eventsPerAddressMax: number;
  /** What one of them may leave lying here; absent: HUB_LIMITS. */
  readonly hub?: HubLimits;
}

/** A server: it asks the node nothing before it listens. */
export interface ApiServer {
  /** Answers where it is bound, such as `127.0.0.1:8080`. @throws {NodeJS.ErrnoException} such as EADDRINUSE. */
  listen(): Promise<string>;
  /** Called inside a handler of the node. */
  onEvent(event: DomainEvent): void;
  /** Answers what it has begun, and takes no more. */
  close(): Promise<void>;
}

const SECOND_MS = 1_000;
const CONNECTIONS_MAX = 1_024;
const PATH_MAX_LENGTH = 256;

/** Codes of the server's own errors. */
const CODES: ReadonlyMap<string, readonly [status: number, code: string]> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', [413, 'TOO_LARGE']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', [415, 'UNSUPPORTED_MEDIA_TYPE']],
]);

/** Compiles the checks of every route, which takes a second of a busy machine: before the node has something else to do. */
export async function prepareApi(config: ApiConfig, node: ApiNode): Promise<ApiServer> {
  /** What requests were answered with, for the metrics. */
  const errorCodes = new WeakMap<FastifyReply, string>();
  const app = fastify({
    bodyLimit: config.bodyMaxBytes,
    requestTimeout: config.requestTimeoutMs,
    connectionTimeout: 2 * config.requestTimeoutMs,
    keepAliveTimeout: config.requestTimeoutMs,
    routerOptions: { maxParamLength: PATH_MAX_LENGTH },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, allErrors: false } },
    forceCloseConnections: 'idle',
    http: {
      shouldUpgradeCallback: isUpgrade,
      // Node takes the time for headers from it, and gives up no slow body where that is longer, as it is when Fastify sets it later.
      requestTimeout: config.requestTimeoutMs,
      // Node looks for slow requests in intervals of half a minute where nothing else is said.
      connectionsCheckingInterval: Math.min(SECOND_MS, Math.ceil(config.requestTimeoutMs / 2)),
      // HTTP/1.1 wants a Host; nothing here depends on it, and Node refuses in a form of its own.
      requireHostHeader: false,
    },
    clientErrorHandler: answerRawError,
    frameworkErrors(error, _request, reply) {
      void answerError(apiErrorOf(error), reply, errorCodes);
    },
  });
  const sockets = new EventSockets(
    {
      ...(config.hub ?? HUB_LIMITS),
      max: config.eventsMax,
      perAddressMax: config.eventsPerAddressMax,
    },
    { chain: node, report: (error) => node.report(error) },
  );
  sockets.listen(app);
  app.server.maxConnections = CONNECTIONS_MAX;
  await app.register(rateLimit, {
    max: config.perSecond,
    timeWindow: SECOND_MS,
    cache: 10_000,
    errorResponseBuilder: () =>
      new ApiError(429, 'RATE_LIMITED', `more than ${config.perSecond} requests a second`),
  });
  app.server.on('checkExpectation', answerExpectation);
  app.setErrorHandler((error: FastifyError | ApiError, _request, reply) => {
    const answer = apiErrorOf(error);
    if (answer.code === 'INTERNAL') node.report(error);
    return answerError(answer, reply, errorCodes);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request.routeOptions;
    node.onRequest({
      route: url === undefined ? 'none' : `${String(method)} ${url.replaceAll(/:(\w+)/g, '{$1}')}`,
      tookMs: reply.elapsedTime,
      errorCode: errorCodes.get(reply),
    });
    done();
  });
  app.setNotFoundHandler((request, reply) =>
    answerError(
      new ApiError(
        404,
        'NO_ROUTE',
        `${request.method} ${request.url}: there is no such route; /docs lists them`,
      ),
      reply,
      errorCodes,
    ),
  );
  for (const route of ROUTES) add(app, route, node, sockets);
  app.get('/docs/openapi.json', () => openApiDocument(node.version));
  app.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(docsPage()));
  await app.ready();
  return {
    async listen() {
      const address = await app.listen({ host: config.host, port: config.port });
      return address.replace(/^http:\/\//, '');
    },
    onEvent: (event) => sockets.onEvent(event),
    async close() {
      await sockets.close();
      await app.close();
    },
  };
}

function add(app: FastifyInstance, route: Route, node: ApiNode, sockets: EventSockets): void {
  const { readBody } = route;
  if (readBody === undefined) return addTo(app, route, node, sockets);
  // How bodies are read is said for all routes of an instance.
  void app.register((own, _options, done) => {
    const parse = own.getDefaultJsonParser('error', 'error');
    own.removeContentTypeParser('application/json');
    own.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, told) => {
      const read = readBody(bytes);
      if (read === undefined) void parse(request, bytes.toString(), told);
      else told(null, read);
    });
    addTo(own, route, node, sockets);
    done();
  });
}

function addTo(app: FastifyInstance, route: Route, node: ApiNode, sockets: EventSockets): void {
  const { method, path, params, query, body, readBody, status, answer, contentType, handle } = route;
  const bodySchema = body === undefined ? undefined : ajvSchema(body);
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      ...(params === undefined ? {} : { params: ajvSchema(params) }),
      ...(query === undefined ? {} : { querystring: ajvSchema(query) }),
      ...(bodySchema === undefined || readBody !== undefined ? {} : { body: bodySchema }),
      ...(contentType === undefined && handle !== 'stream'
        ? { response: { [status]: ajvSchema(answer) } }
        : {}),
    },
    async handler(request, reply) {
      if (handle === 'stream') return sockets.accept(request, reply);
      const { params, query, body, hostname: host } = request;
      if (readBody !== undefined && bodySchema !== undefined && !(body instanceof ReadBody))
        checkBody(request, bodySchema);
      const result = await handle(node, { params, query, body, host });
      reply.code(status);
      if (contentType !== undefined) reply.type(contentType);
      return result;
    },
  });
}

/** @throws {ApiError} when the body has not the form. */
function checkBody(request: FastifyRequest, schema: object): void {
  const validate = request.compileValidationSchema(schema, 'body');
  if (!validate(request.body)) throw invalid('body', validate.errors?.[0]);
}

/** What ajv understands. */
function ajvSchema(form: z.ZodType): object {
  const { $schema: _version, ...schema } = z.toJSONSchema(form, { target: 'draft-7', reused: 'inline' });
  return schema;
}

/** Every error is one form; what only a bug throws is told without its text. */
function answerError(
  { status, code, message, field, facts }: ApiError,
  reply: FastifyReply,
  codes: WeakMap<FastifyReply, string>,
): FastifyReply {
  codes.set(reply, code);
  return reply.code(status).send({
    error: {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      ...(facts === undefined ? {} : { facts }),
    },
  });
}

function apiErrorOf(error: FastifyError | ApiError): ApiError {
  if (error instanceof ApiError) return error;
  const known = CODES.get(error.code);
  if (known !== undefined) return new ApiError(known[0], known[1], error.message);
  const [first] = error.validation ?? [];
  if (first !== undefined) return invalid(error.validationContext ?? '', first);
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new ApiError(400, 'BAD_REQUEST', error.message);
  return new ApiError(500, 'INTERNAL', 'an error of the node: its log has it');
}

/** @param part of the request, such as `body`. */
function invalid(part: string, error: { instancePath: string; message?: string } | undefined): ApiError {
  const field = `${part}${error?.instancePath ?? ''}`.replaceAll('/', '.');
  return badField(field, error?.message ?? 'not allowed');
}

function docsPage(): string {
  const rows = ROUTES.map(
    ({ method, path, summary }) =>
      `<tr><td>${method}</td><td><code>${path}</code></td><td>${summary}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Aureon node: API</title>
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}td{padding:.25rem .75rem;vertical-align:top;border-bottom:1px solid #8884}</style>
<h1>API of an Aureon node</h1><p><a href="/docs/openapi.json">OpenAPI 3.1</a></p><table>${rows.join('\n')}</table></html>`;
}
