/** Writes the JSON Schemas and the tables of docs/scenarios.md from what checks scenario files, that of docs/node.md from a node's settings, and that of docs/metrics.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withMetrics } from './metrics-reference.ts';
import { withReference } from './scenario-reference.ts';
import { scenarioSchemaText, spaceSchemaText } from './scenario-schema.ts';
import { withSettings } from './settings-reference.ts';

const schema = new URL('../schemas/scenario.schema.json', import.meta.url);
const page = new URL('../docs/scenarios.md', import.meta.url);
writeFileSync(schema, scenarioSchemaText());
writeFileSync(new URL('../schemas/space.schema.json', import.meta.url), spaceSchemaText());
writeFileSync(page, withReference(readFileSync(page, 'utf8')));
const node = new URL('../docs/node.md', import.meta.url);
writeFileSync(node, withSettings(readFileSync(node, 'utf8')));
const metrics = new URL('../docs/metrics.md', import.meta.url);
writeFileSync(metrics, withMetrics(readFileSync(metrics, 'utf8')));
console.log(
  'wrote schemas/scenario.schema.json, schemas/space.schema.json, docs/scenarios.md, docs/node.md and docs/metrics.md',
);
