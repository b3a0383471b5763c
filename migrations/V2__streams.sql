-- A stream is one case, one person or the tenant itself. Its number is dense within the tenant, so
-- that a replay can be cut into ranges; callers know only the random id.
--
-- The stream's version is not here: it is the version of its last event, which the event table's
-- own index gives as fast. A counter here would be rewritten with every event, and be a second
-- account of the same thing. So rows are only ever inserted.
CREATE TABLE stream (
    tenant_no integer NOT NULL,
    stream_no bigint NOT NULL CHECK (stream_no >= 1),
    kind text NOT NULL CHECK (kind IN ('case', 'person', 'tenant')),
    id uuid NOT NULL,
    PRIMARY KEY (tenant_no, stream_no),
    UNIQUE (tenant_no, id)
);

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
