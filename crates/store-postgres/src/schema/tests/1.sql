-- A database that a server of schema 1 had written, as `pg_dump --inserts` gave it.
CREATE SCHEMA tidegate;
CREATE FUNCTION tidegate.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TABLE tidegate.change (
    after bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    before bigint NOT NULL,
    body text,
    CONSTRAINT change_check CHECK (((before >= 0) AND (before < after)))
);
CREATE TABLE tidegate.change_begin (
    id integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT change_begin_id_check CHECK ((id = 1)),
    CONSTRAINT change_begin_sequence_check CHECK ((sequence >= 0))
);
CREATE TABLE tidegate.document (
    kind text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL
);
CREATE TABLE tidegate.leader (
    id integer NOT NULL,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    commits bigint NOT NULL,
    head_sequence bigint NOT NULL,
    head_hash bytea NOT NULL,
    CONSTRAINT leader_commits_check CHECK ((commits >= 0)),
    CONSTRAINT leader_epoch_check CHECK (((epoch >= 0) AND (epoch <= '4294967295'::bigint))),
    CONSTRAINT leader_head_hash_check CHECK ((length(head_hash) = 32)),
    CONSTRAINT leader_head_sequence_check CHECK ((head_sequence >= 0)),
    CONSTRAINT leader_id_check CHECK ((id = 1))
)
WITH (fillfactor='50');
CREATE TABLE tidegate.ledger (
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    body text NOT NULL,
    CONSTRAINT ledger_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT ledger_sequence_check CHECK ((sequence > 0))
);
CREATE TABLE tidegate.schema_version (
    version integer NOT NULL
);
INSERT INTO tidegate.change VALUES (1, 'ConfigMap', 'default/a', 0, NULL);
INSERT INTO tidegate.change VALUES (2, 'ConfigMap', 'default/b', 1, NULL);
INSERT INTO tidegate.change VALUES (3, 'Secret', 'default/s', 2, NULL);
INSERT INTO tidegate.change VALUES (4, 'ConfigMap', 'default/a', 3, '{"value":{"key":"default/a","data":{"greeting":"grüß dich","number":"1"}},"manifest":{"apiVersion":"v1","data":{"greeting":"grüß dich","number":"1"},"kind":"ConfigMap","metadata":{"name":"a"}},"created_at":"2026-11-22T21:13:39.302Z","changed_at":"2026-11-22T21:13:39.302Z"}');
INSERT INTO tidegate.change VALUES (5, 'ConfigMap', 'default/b', 4, '{"value":{"key":"default/b","data":{"number":"1","quoted":"it''s \"one\" \\ two"}},"manifest":{"apiVersion":"v1","data":{"number":"1","quoted":"it''s \"one\" \\ two"},"kind":"ConfigMap","metadata":{"name":"b"}},"created_at":"2026-11-22T21:13:39.312Z","changed_at":"2026-11-22T21:13:39.312Z"}');
INSERT INTO tidegate.change VALUES (6, 'ConfigMap', 'default/c1', 5, NULL);
INSERT INTO tidegate.change VALUES (7, 'ConfigMap', 'default/c2', 6, NULL);
INSERT INTO tidegate.change VALUES (8, 'ConfigMap', 'default/c3', 7, NULL);
INSERT INTO tidegate.change VALUES (9, 'ConfigMap', 'default/c4', 8, NULL);
INSERT INTO tidegate.change VALUES (10, 'ConfigMap', 'default/c5', 9, NULL);
INSERT INTO tidegate.change VALUES (11, 'ConfigMap', 'default/c6', 10, NULL);
INSERT INTO tidegate.change_begin VALUES (1, 0);
INSERT INTO tidegate.document VALUES ('ControllerEpoch', 'tidegate/controller', '1795382014');
INSERT INTO tidegate.document VALUES ('Secret', 'default/s', '{"value":{"key":"default/s","data":{"password":"not-a-secret-1"}},"manifest":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"password":"not-a-secret-1"}},"created_at":"2026-11-22T21:13:39.324Z","changed_at":"2026-11-22T21:13:39.324Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/a', '{"value":{"key":"default/a","data":{"greeting":"grüß dich","number":"2"}},"manifest":{"apiVersion":"v1","data":{"greeting":"grüß dich","number":"2"},"kind":"ConfigMap","metadata":{"name":"a"}},"created_at":"2026-11-22T21:13:39.302Z","changed_at":"2026-11-22T21:13:39.375Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/b', '{"value":{"key":"default/b","data":{"number":"2","quoted":"it''s \"one\" \\ two"}},"manifest":{"apiVersion":"v1","data":{"number":"2","quoted":"it''s \"one\" \\ two"},"kind":"ConfigMap","metadata":{"name":"b"}},"created_at":"2026-11-22T21:13:39.312Z","changed_at":"2026-11-22T21:13:39.388Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/c1', '{"value":{"key":"default/c1","data":{"number":"11"}},"manifest":{"apiVersion":"v1","data":{"number":"11"},"kind":"ConfigMap","metadata":{"name":"c1"}},"created_at":"2026-11-22T21:13:39.438Z","changed_at":"2026-11-22T21:13:39.438Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/c2', '{"value":{"key":"default/c2","data":{"number":"12"}},"manifest":{"apiVersion":"v1","data":{"number":"12"},"kind":"ConfigMap","metadata":{"name":"c2"}},"created_at":"2026-11-22T21:13:39.495Z","changed_at":"2026-11-22T21:13:39.495Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/c3', '{"value":{"key":"default/c3","data":{"number":"13"}},"manifest":{"apiVersion":"v1","data":{"number":"13"},"kind":"ConfigMap","metadata":{"name":"c3"}},"created_at":"2026-11-22T21:13:39.545Z","changed_at":"2026-11-22T21:13:39.545Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/c4', '{"value":{"key":"default/c4","data":{"number":"14"}},"manifest":{"apiVersion":"v1","data":{"number":"14"},"kind":"ConfigMap","metadata":{"name":"c4"}},"created_at":"2026-11-22T21:13:39.594Z","changed_at":"2026-11-22T21:13:39.594Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/c5', '{"value":{"key":"default/c5","data":{"number":"15"}},"manifest":{"apiVersion":"v1","data":{"number":"15"},"kind":"ConfigMap","metadata":{"name":"c5"}},"created_at":"2026-11-22T21:13:39.673Z","changed_at":"2026-11-22T21:13:39.673Z"}');
INSERT INTO tidegate.document VALUES ('ConfigMap', 'default/c6', '{"value":{"key":"default/c6","data":{"number":"16"}},"manifest":{"apiVersion":"v1","data":{"number":"16"},"kind":"ConfigMap","metadata":{"name":"c6"}},"created_at":"2026-11-22T21:13:39.720Z","changed_at":"2026-11-22T21:13:39.720Z"}');
INSERT INTO tidegate.leader VALUES (1, 1795382014, 'one process 7#115f6b7fdb2490d0', '-infinity', 14, 11, '\x6015fa59dc38405f422d74920cc9749b2742955358113435a333caa15660446a');
INSERT INTO tidegate.ledger VALUES (1, '\x680cde724f83ac8b67e07341da20d8e64a1d448fa7d93f3e20026a23f47b7936', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.302Z","detail":{"manifest":{"apiVersion":"v1","data":{"greeting":"grüß dich","number":"1"},"kind":"ConfigMap","metadata":{"name":"a"}},"outcome":"created"},"previous":"0000000000000000000000000000000000000000000000000000000000000000","sequence":1,"subject":{"key":"default/a","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (2, '\x44b8c4e85bd2258c57a0e44b46b306ee89e58632254c7e53b71e197623d686bf', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.312Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"1","quoted":"it''s \"one\" \\ two"},"kind":"ConfigMap","metadata":{"name":"b"}},"outcome":"created"},"previous":"680cde724f83ac8b67e07341da20d8e64a1d448fa7d93f3e20026a23f47b7936","sequence":2,"subject":{"key":"default/b","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (3, '\x9a6abd271bbd18ec82975841d81949a6c28182ad1b77555b7f406589d3e89108', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.324Z","detail":{"manifest":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"password":"(secret)"}},"outcome":"created"},"previous":"44b8c4e85bd2258c57a0e44b46b306ee89e58632254c7e53b71e197623d686bf","sequence":3,"subject":{"key":"default/s","kind":"Secret"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (4, '\xc681f638f9bf3a6f5d36686c8536fc1f97a6e70b70ed5aadb0662fe23fe76e62', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.375Z","detail":{"manifest":{"apiVersion":"v1","data":{"greeting":"grüß dich","number":"2"},"kind":"ConfigMap","metadata":{"name":"a"}},"outcome":"configured"},"previous":"9a6abd271bbd18ec82975841d81949a6c28182ad1b77555b7f406589d3e89108","sequence":4,"subject":{"key":"default/a","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (5, '\x24836f6caf9b9b75b1a94fe310972b231734fc216daf6466a4012bcdc5445ebe', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.388Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"2","quoted":"it''s \"one\" \\ two"},"kind":"ConfigMap","metadata":{"name":"b"}},"outcome":"configured"},"previous":"c681f638f9bf3a6f5d36686c8536fc1f97a6e70b70ed5aadb0662fe23fe76e62","sequence":5,"subject":{"key":"default/b","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (6, '\x0af3c2624ce15178c1fbb8aaa4d94e6c665b03b3fd8150ee29c926feeab39afa', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.438Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"11"},"kind":"ConfigMap","metadata":{"name":"c1"}},"outcome":"created"},"previous":"24836f6caf9b9b75b1a94fe310972b231734fc216daf6466a4012bcdc5445ebe","sequence":6,"subject":{"key":"default/c1","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (7, '\xaae16f244a1d9999421148322ff4dde7745c622850a48f601e67fedd442d8c35', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.495Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"12"},"kind":"ConfigMap","metadata":{"name":"c2"}},"outcome":"created"},"previous":"0af3c2624ce15178c1fbb8aaa4d94e6c665b03b3fd8150ee29c926feeab39afa","sequence":7,"subject":{"key":"default/c2","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (8, '\x1a6b26076419f2b1f4ef2c61bbfb0b4b4f888d9dc270c33c9a44a7fcc7c7c78e', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.545Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"13"},"kind":"ConfigMap","metadata":{"name":"c3"}},"outcome":"created"},"previous":"aae16f244a1d9999421148322ff4dde7745c622850a48f601e67fedd442d8c35","sequence":8,"subject":{"key":"default/c3","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (9, '\x06b6a7b9759b7027d93ade13c0811327939356caa9868d63e3dd73991f526e43', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.594Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"14"},"kind":"ConfigMap","metadata":{"name":"c4"}},"outcome":"created"},"previous":"1a6b26076419f2b1f4ef2c61bbfb0b4b4f888d9dc270c33c9a44a7fcc7c7c78e","sequence":9,"subject":{"key":"default/c4","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (10, '\x8b08f3f545eebe5961e779276d6f4f909ade2267c344eed5e6a725b5f90057c9', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.673Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"15"},"kind":"ConfigMap","metadata":{"name":"c5"}},"outcome":"created"},"previous":"06b6a7b9759b7027d93ade13c0811327939356caa9868d63e3dd73991f526e43","sequence":10,"subject":{"key":"default/c5","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.ledger VALUES (11, '\x6015fa59dc38405f422d74920cc9749b2742955358113435a333caa15660446a', '{"actor":{"kind":"person","name":"uid-0"},"at":"2026-11-22T21:13:39.720Z","detail":{"manifest":{"apiVersion":"v1","data":{"number":"16"},"kind":"ConfigMap","metadata":{"name":"c6"}},"outcome":"created"},"previous":"8b08f3f545eebe5961e779276d6f4f909ade2267c344eed5e6a725b5f90057c9","sequence":11,"subject":{"key":"default/c6","kind":"ConfigMap"},"what":"Applied"}');
INSERT INTO tidegate.schema_version VALUES (1);
ALTER TABLE ONLY tidegate.change_begin
    ADD CONSTRAINT change_begin_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tidegate.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (after, kind, key);
ALTER TABLE ONLY tidegate.document
    ADD CONSTRAINT document_pkey PRIMARY KEY (kind, key);
ALTER TABLE ONLY tidegate.leader
    ADD CONSTRAINT leader_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tidegate.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (sequence);
CREATE TRIGGER leader_only_advances BEFORE UPDATE ON tidegate.leader FOR EACH ROW WHEN (((new.epoch < old.epoch) OR (new.commits < old.commits) OR (new.head_sequence < old.head_sequence))) EXECUTE FUNCTION tidegate.refuse('epochs and the head of the ledger never go back');
CREATE TRIGGER leader_stays BEFORE DELETE ON tidegate.leader FOR EACH ROW EXECUTE FUNCTION tidegate.refuse('the row of the leader is never deleted');
CREATE TRIGGER ledger_is_not_altered BEFORE UPDATE ON tidegate.ledger FOR EACH ROW EXECUTE FUNCTION tidegate.refuse('an entry of the ledger is never altered');
CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON tidegate.ledger FOR EACH ROW EXECUTE FUNCTION tidegate.refuse('an entry of the ledger is never deleted');
CREATE TRIGGER ledger_is_not_emptied BEFORE TRUNCATE ON tidegate.ledger FOR EACH STATEMENT EXECUTE FUNCTION tidegate.refuse('an entry of the ledger is never deleted');
