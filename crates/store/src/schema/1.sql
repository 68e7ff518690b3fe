-- One document for each kind and key, as JSON.
CREATE TABLE document (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;

-- An entry as the very bytes that its hash was taken over.
CREATE TABLE ledger (
    sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    body     TEXT NOT NULL
) STRICT;

-- Where the ledger ends, so that an end that was cut off shows.
CREATE TABLE ledger_head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO ledger_head VALUES (1, 0, zeroblob(32));

CREATE TRIGGER ledger_only_grows BEFORE INSERT ON ledger
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM ledger)
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows, one entry after the other');
END;

CREATE TRIGGER ledger_is_not_altered BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'an entry of the ledger is never altered');
END;

CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'an entry of the ledger is never deleted');
END;

CREATE TRIGGER ledger_head_only_advances BEFORE UPDATE ON ledger_head
WHEN NEW.sequence < OLD.sequence
BEGIN
    SELECT RAISE(ABORT, 'the head of the ledger never goes back');
END;
