-- What a command that may be sent again was answered, written in the transaction of its events.
--
-- Neither the caller's key nor the body is here. `scope` and `fingerprint` are HMACs under a key
-- that is not in the database: of who sent the key and where to, and of what was sent. `answer` is
-- the ids that the service drew for it, which name nobody.
CREATE TABLE idempotency_key (
    tenant_no integer NOT NULL,
    scope bytea NOT NULL CHECK (octet_length(scope) = 32),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer text NOT NULL,
    first_position bigint NOT NULL CHECK (first_position >= 1),
    last_position bigint NOT NULL CHECK (last_position >= first_position),
    -- The version of each write's stream after it, in the order of the writes.
    versions integer[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_no, scope)
);

-- Finds what is older than a day.
CREATE INDEX idempotency_key_created_at ON idempotency_key (tenant_no, created_at);

-- A key is remembered once and forgotten; what it was answered never changes.
GRANT SELECT, INSERT, DELETE ON idempotency_key TO throughline_service;
