-- The log. `data` is text and not jsonb: the hash covers it byte for byte, so it must come back as
-- it was given. `sealed` is ciphertext.
--
-- There is no foreign key to stream: the log has one writer, which numbers both in one
-- transaction; the check would cost more than the insert, and `throughline log verify` makes it.
CREATE TABLE event (
    tenant_no integer NOT NULL,
    position bigint NOT NULL CHECK (position >= 1),
    stream_no bigint NOT NULL,
    event_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    schema_version smallint NOT NULL CHECK (schema_version >= 1),
    type text NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 100),
    occurred_at timestamptz NOT NULL,
    occurred_precision text NOT NULL CHECK (occurred_precision IN ('instant', 'day', 'month')),
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_role text NOT NULL,
    source_organisation text,
    command_id uuid NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    traceparent text,
    data text NOT NULL,
    sealed bytea,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_no, position),
    UNIQUE (tenant_no, stream_no, version),
    UNIQUE (tenant_no, event_id)
);

-- Nothing recorded is altered. The triggers fire whatever the session's replication role is.
CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is never altered: % refused', TG_OP USING ERRCODE = 'TL002';
END $$;

CREATE TRIGGER event_refuse_change BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER event_refuse_truncate BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE event ENABLE ALWAYS TRIGGER event_refuse_change;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_refuse_truncate;

CREATE TRIGGER stream_refuse_change BEFORE UPDATE OR DELETE ON stream
    FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER stream_refuse_truncate BEFORE TRUNCATE ON stream
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE stream ENABLE ALWAYS TRIGGER stream_refuse_change;
ALTER TABLE stream ENABLE ALWAYS TRIGGER stream_refuse_truncate;
