CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
-- What is being sent, until it is finalized; `blob` from when all of its bytes are there.
CREATE TABLE upload (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  run TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  job TEXT NOT NULL,
  reference TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  mime TEXT NOT NULL,
  expires INTEGER NOT NULL,
  begun INTEGER NOT NULL,
  blob TEXT,
  size INTEGER
);
CREATE INDEX upload_blob ON upload (blob);
CREATE TABLE artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  job TEXT NOT NULL,
  reference TEXT NOT NULL,
  name TEXT NOT NULL,
  mime TEXT NOT NULL,
  blob TEXT NOT NULL,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  UNIQUE (run, attempt, name)
);
CREATE INDEX artifact_blob ON artifact (blob);
CREATE INDEX artifact_expires ON artifact (expires);
CREATE TABLE cache_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  version TEXT NOT NULL,
  blob TEXT NOT NULL,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL,
  used INTEGER NOT NULL,
  UNIQUE (scope, version, key)
);
CREATE INDEX cache_entry_blob ON cache_entry (blob);
CREATE INDEX cache_entry_used ON cache_entry (used);
