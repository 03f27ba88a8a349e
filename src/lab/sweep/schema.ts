/** The tables of a sweep's database, as docs/sweep.md describes them for readers. */

/** `AURE`: what tells our files from others; see `PRAGMA application_id`. */
export const APPLICATION_ID = 0x41555245;
/** Goes up with every change of the tables. */
export const SCHEMA_VERSION = 1;

/** Made at once, in a new file. */
export const TABLES = `
CREATE TABLE sweep (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  seed INTEGER PRIMARY KEY,
  scenario TEXT NOT NULL,
  verdict TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  fingerprint TEXT,
  failure TEXT,
  trace_hash TEXT NOT NULL,
  events INTEGER NOT NULL,
  simulated_us INTEGER NOT NULL,
  ended_us INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  mode TEXT NOT NULL,
  families TEXT NOT NULL,
  wall_ms REAL NOT NULL
) STRICT;
CREATE INDEX runs_by_fingerprint ON runs (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE TABLE faults (
  seed INTEGER NOT NULL,
  kind TEXT NOT NULL,
  planned INTEGER NOT NULL,
  injected INTEGER NOT NULL,
  effective INTEGER NOT NULL,
  PRIMARY KEY (seed, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE byzantine (
  seed INTEGER NOT NULL,
  behaviour TEXT NOT NULL,
  hosts INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (seed, behaviour)
) STRICT, WITHOUT ROWID;
CREATE TABLE assertion_names (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL
) STRICT;
CREATE TABLE assertion_counts (
  seed INTEGER NOT NULL,
  id INTEGER NOT NULL,
  asked INTEGER NOT NULL,
  checked INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (seed, id)
) STRICT, WITHOUT ROWID;
CREATE VIEW assertions AS
  SELECT seed, name, kind, asked, checked, held
  FROM assertion_counts JOIN assertion_names USING (id);
CREATE TABLE behaviours (
  behaviour TEXT PRIMARY KEY,
  first_seed INTEGER NOT NULL,
  runs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE effects (
  seed INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  differs INTEGER NOT NULL
) STRICT;
`;
