-- Text is compared by its bytes, so that documents have the same order in every database.

-- One document for each kind and key, as JSON.
CREATE TABLE tidegate.document (
    kind text COLLATE "C" NOT NULL,
    key  text COLLATE "C" NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (kind, key)
);

-- An entry as the very text that its hash was taken over.
CREATE TABLE tidegate.ledger (
    sequence bigint PRIMARY KEY CHECK (sequence > 0),
    hash     bytea NOT NULL CHECK (length(hash) = 32),
    body     text NOT NULL
);

-- Who leads, and what every writer has to agree on. Each writer locks this row first.
CREATE TABLE tidegate.leader (
    id            integer PRIMARY KEY CHECK (id = 1),
    -- Each who takes the lead counts it up, and nobody writes in another.
    epoch         bigint NOT NULL CHECK (epoch BETWEEN 0 AND 4294967295),
    -- Whose it is, for people and for whoever lost the answer when it took the lead.
    holder        text NOT NULL,
    -- Until then, by the clock of the database, nobody who waits takes the lead.
    lease_until   timestamptz NOT NULL,
    -- How often anything was written: what tells whether a commit whose answer was lost is there.
    commits       bigint NOT NULL CHECK (commits >= 0),
    -- Where the ledger ends, so that an end that was cut off shows.
    head_sequence bigint NOT NULL CHECK (head_sequence >= 0),
    head_hash     bytea NOT NULL CHECK (length(head_hash) = 32)
) WITH (fillfactor = 50);

INSERT INTO tidegate.leader
VALUES (1, 0, '', '-infinity', 0, 0, decode(repeat('00', 32), 'hex'));

-- What each document was before it was changed together with entries of the ledger, so that all of
-- them can be had as they were at an earlier position.
--
-- Up to entry `before` it was so, from entry `after` on no longer: those between are of the batch
-- that changed it. A body of NULL: it was not there. The oldest are deleted beyond a bound.
CREATE TABLE tidegate.change (
    after  bigint NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    key    text COLLATE "C" NOT NULL,
    before bigint NOT NULL CHECK (before >= 0 AND before < after),
    body   text,
    PRIMARY KEY (after, kind, key)
);

-- From which position of the ledger on nothing of that is missing.
CREATE TABLE tidegate.change_begin (
    id       integer PRIMARY KEY CHECK (id = 1),
    sequence bigint NOT NULL CHECK (sequence >= 0)
);

INSERT INTO tidegate.change_begin VALUES (1, 0);

CREATE FUNCTION tidegate.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_is_not_altered BEFORE UPDATE ON tidegate.ledger
FOR EACH ROW EXECUTE FUNCTION tidegate.refuse('an entry of the ledger is never altered');

CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON tidegate.ledger
FOR EACH ROW EXECUTE FUNCTION tidegate.refuse('an entry of the ledger is never deleted');

CREATE TRIGGER ledger_is_not_emptied BEFORE TRUNCATE ON tidegate.ledger
FOR EACH STATEMENT EXECUTE FUNCTION tidegate.refuse('an entry of the ledger is never deleted');

CREATE TRIGGER leader_only_advances BEFORE UPDATE ON tidegate.leader FOR EACH ROW
WHEN (NEW.epoch < OLD.epoch OR NEW.commits < OLD.commits OR NEW.head_sequence < OLD.head_sequence)
EXECUTE FUNCTION tidegate.refuse('epochs and the head of the ledger never go back');

CREATE TRIGGER leader_stays BEFORE DELETE ON tidegate.leader
FOR EACH ROW EXECUTE FUNCTION tidegate.refuse('the row of the leader is never deleted');
