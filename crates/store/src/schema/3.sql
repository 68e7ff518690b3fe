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

INSERT INTO change_begin SELECT 1, sequence FROM ledger_head;
