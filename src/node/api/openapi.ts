/** The OpenAPI 3.1 document of the API, from its routes. */
import { z } from 'zod';
import { errorForm } from './forms.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** Errors that every route may answer. */
const COMMON: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  408: 'TIMEOUT',
  417: 'EXPECTATION_FAILED',
  429: 'RATE_LIMITED',
  431: 'HEADERS_TOO_LARGE',
  500: 'INTERNAL',
  503: 'STOPPED',
};

/** As JSON. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) {
    const methods = (paths[route.path] ??= {});
    methods[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Aureon node', version, license: { name: 'MIT' } },
    paths,
  };
}

function operationOf(route: Route): object {
  const errors = {
    ...COMMON,
    ...route.errors,
    ...(route.body === undefined ? {} : { 413: 'TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' }),
  };
  const responses: Record<string, object> = {
    [route.status]: response('The answer.', route.answer, route.contentType),
  };
  for (const [status, code] of Object.entries(errors)) responses[status] = response(code, errorForm);
  return {
    summary: route.summary,
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } },
        }),
    responses,
  };
}

function response(description: string, form: z.ZodType, contentType = 'application/json'): object {
  return { description, content: { [contentType]: { schema: schemaOf(form) } } };
}

function parametersOf(form: z.ZodType | undefined, where: 'path' | 'query'): readonly object[] {
  if (!(form instanceof z.ZodObject)) return [];
  return Object.entries(form.shape).map(([name, field]) => {
    const { description, ...schema } = schemaOf(field);
    return {
      name,
      in: where,
      required: where === 'path',
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

function schemaOf(form: z.core.$ZodType): Record<string, unknown> {
  const { $schema: _version, ...schema } = z.toJSONSchema(form, {
    target: 'draft-2020-12',
    reused: 'inline',
  });
  return schema;
}
