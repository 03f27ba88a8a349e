/** Writes schemas/scenario.schema.json, schemas/space.schema.json and the tables of docs/scenarios.md from the schema that checks scenario files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withReference } from './scenario-reference.ts';
import { scenarioSchemaText, spaceSchemaText } from './scenario-schema.ts';

const schema = new URL('../schemas/scenario.schema.json', import.meta.url);
const page = new URL('../docs/scenarios.md', import.meta.url);
writeFileSync(schema, scenarioSchemaText());
writeFileSync(new URL('../schemas/space.schema.json', import.meta.url), spaceSchemaText());
writeFileSync(page, withReference(readFileSync(page, 'utf8')));
console.log('wrote schemas/scenario.schema.json, schemas/space.schema.json and docs/scenarios.md');
