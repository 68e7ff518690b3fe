-- The epoch of whoever leads. Each who takes the lead counts it up, and nobody writes in another.
CREATE TABLE leader (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL CHECK (epoch >= 0)
) STRICT;

-- What counted the starts until then: a number that the router has taken must not come again.
INSERT INTO leader SELECT 1, coalesce(
    (SELECT CAST(body AS INTEGER) FROM document
     WHERE kind = 'ControllerEpoch' AND key = 'tidegate/controller'), 0);

CREATE TRIGGER leader_epoch_only_advances BEFORE UPDATE ON leader
WHEN NEW.epoch <= OLD.epoch
BEGIN
    SELECT RAISE(ABORT, 'an epoch that has ended never comes again');
END;
