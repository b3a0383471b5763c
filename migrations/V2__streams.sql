-- A stream is one case, one person or the tenant itself. Its number is dense within the tenant, so
-- that a replay can be cut into ranges; callers know only the random id. The version is the number
-- of events, and is what an append's expectation is checked against.
--
-- The version is in no index and a fifth of each page is left free, so that an append rewrites the
-- row in place.
CREATE TABLE stream (
    tenant_no integer NOT NULL,
    stream_no bigint NOT NULL CHECK (stream_no >= 1),
    kind text NOT NULL CHECK (kind IN ('case', 'person', 'tenant')),
    id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    PRIMARY KEY (tenant_no, stream_no),
    UNIQUE (tenant_no, id)
) WITH (fillfactor = 80);

-- The key of a case or person, wrapped by the tenant's key. Every such stream gets its row when it
-- begins and never a second one, so a missing row means one thing only: the subject was erased,
-- and what was sealed under the key can never be read again. This is the one table of the log from
-- which rows are deleted.
CREATE TABLE stream_key (
    tenant_no integer NOT NULL,
    stream_no bigint NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (tenant_no, stream_no)
);
