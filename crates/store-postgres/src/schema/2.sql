-- What each document must add up to (CRC-32 of kind, key and body), so that one that was changed on the disk is
-- not taken for what was written. The sums of those that are there already follow this migration.
ALTER TABLE tidegate.document ADD COLUMN sum bigint;

-- How many documents there are and what their sums add up to, so that one that is gone, or is there again, shows.
CREATE TABLE tidegate.document_total (
    id    integer PRIMARY KEY CHECK (id = 1),
    count bigint NOT NULL CHECK (count >= 0),
    sum   bigint NOT NULL CHECK (sum >= 0)
) WITH (fillfactor = 50);

INSERT INTO tidegate.document_total SELECT 1, count(*), 0 FROM tidegate.document;

-- Once for each statement, whatever it changes: a row of a total for each would be a version of it for each.
CREATE FUNCTION tidegate.count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tidegate.document_total t SET count = t.count + c.count, sum = t.sum + c.sum
    FROM (SELECT count(*), coalesce(sum(sum), 0)::bigint FROM added) AS c(count, sum)
    WHERE c.count > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION tidegate.count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tidegate.document_total t SET sum = t.sum + a.sum - b.sum
    FROM (SELECT coalesce(sum(sum), 0)::bigint FROM added) AS a(sum),
         (SELECT coalesce(sum(sum), 0)::bigint FROM removed) AS b(sum)
    WHERE a.sum <> b.sum;
    RETURN NULL;
END $$;

CREATE FUNCTION tidegate.count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tidegate.document_total t SET count = t.count - c.count, sum = t.sum - c.sum
    FROM (SELECT count(*), coalesce(sum(sum), 0)::bigint FROM removed) AS c(count, sum)
    WHERE c.count > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER document_is_added AFTER INSERT ON tidegate.document
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION tidegate.count_added();

CREATE TRIGGER document_is_changed AFTER UPDATE ON tidegate.document
REFERENCING OLD TABLE AS removed NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION tidegate.count_changed();

CREATE TRIGGER document_is_removed AFTER DELETE ON tidegate.document
REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION tidegate.count_removed();
