-- What each document must add up to (CRC-32 of kind, key and body), so that one that was changed on the disk is
-- not taken for what was written. The sums of those that are there already follow this migration.
ALTER TABLE document ADD COLUMN sum INTEGER;

-- How many documents there are and what their sums add up to, so that one that is gone, or is there again, shows.
CREATE TABLE document_total (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL CHECK (count >= 0),
    sum   INTEGER NOT NULL CHECK (sum >= 0)
) STRICT;

INSERT INTO document_total SELECT 1, count(*), 0 FROM document;

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
