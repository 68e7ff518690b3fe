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

-- The epoch of whoever leads. Each who takes the lead counts it up, and nobody writes in another.
CREATE TABLE leader (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL CHECK (epoch >= 0)
) STRICT;

INSERT INTO leader VALUES (1, 0);

CREATE TRIGGER leader_epoch_only_advances BEFORE UPDATE ON leader
WHEN NEW.epoch <= OLD.epoch
BEGIN
    SELECT RAISE(ABORT, 'an epoch that has ended never comes again');
END;

-- What each document was before it was changed together with entries of the ledger, so that all of
-- them can be had as they were at an earlier position.
--
-- Up to entry `before` it was so, from entry `after` on no longer: those between are of the batch
-- that changed it. A body of NULL: it was not there. The oldest are deleted beyond a bound.
CREATE TABLE change (
    after  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    before INTEGER NOT NULL CHECK (before >= 0 AND before < after),
    body   TEXT,
    PRIMARY KEY (after, kind, key)
) STRICT;

-- From which position of the ledger on nothing of that is missing.
CREATE TABLE change_begin (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT;

INSERT INTO change_begin VALUES (1, 0);

-- What each document must add up to (CRC-32 of kind, key and body), so that one that was changed on the disk is
-- not taken for what was written. 
ALTER TABLE document ADD COLUMN sum INTEGER;

-- How many documents there are and what their sums add up to, so that one that is gone, or is there again, shows.
CREATE TABLE document_total (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL CHECK (count >= 0),
    sum   INTEGER NOT NULL CHECK (sum >= 0)
) STRICT;

INSERT INTO document_total VALUES (1, 0, 0);

CREATE TRIGGER document_is_added AFTER INSERT ON document
BEGIN
    UPDATE document_total SET count = count + 1, sum = sum + coalesce(NEW.sum, 0);
END;

CREATE TRIGGER document_is_changed AFTER UPDATE ON document
BEGIN
    UPDATE document_total SET sum = sum + coalesce(NEW.sum, 0) - coalesce(OLD.sum, 0);
END;

CREATE TRIGGER document_is_removed AFTER DELETE ON document
BEGIN
    UPDATE document_total SET count = count - 1, sum = sum - coalesce(OLD.sum, 0);
END;

-- What a server had written.
INSERT INTO ledger VALUES (1, x'f98a36575f22b57f9275311ce9289e802d266c3b69c135b1307fe0ecf720448e',
    '{"actor":{"kind":"person","name":"ada"},"at":"2026-01-01T00:00:00.042Z","detail":{"step":1},"previous":"0000000000000000000000000000000000000000000000000000000000000000","sequence":1,"subject":{"key":"default/web","kind":"Rollout"},"what":"StepDone"}');
INSERT INTO ledger VALUES (2, x'2557fc5fa8a56df91408c55262577035144a484b7028c637478de0e8f385e13d',
    '{"actor":{"kind":"person","name":"ada"},"at":"2026-01-01T00:00:00.042Z","detail":{"step":2},"previous":"f98a36575f22b57f9275311ce9289e802d266c3b69c135b1307fe0ecf720448e","sequence":2,"subject":{"key":"default/web","kind":"Rollout"},"what":"StepDone"}');
UPDATE ledger_head SET sequence = 2, hash = x'2557fc5fa8a56df91408c55262577035144a484b7028c637478de0e8f385e13d';
INSERT INTO document VALUES ('ControllerEpoch', 'tidegate/controller', '41', 2364861362);
UPDATE leader SET epoch = 41;
INSERT INTO document VALUES ('RolloutStatus', 'default/web', '{"step":2}', 3658355668);
PRAGMA application_id = 0x54644774;
INSERT INTO change VALUES (1, 'RolloutStatus', 'default/web', 0, NULL);
INSERT INTO change VALUES (2, 'RolloutStatus', 'default/web', 1, '{"step":1}');
PRAGMA user_version = 4;
