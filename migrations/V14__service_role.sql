-- The role under which the service works. It may insert into the log and read it, and nothing else;
-- whoever owns the tables migrates. A role belongs to the whole cluster, so another database of it
-- may have made it already, or be making it at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_service') THEN
        CREATE ROLE throughline_service NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;

-- The log.
GRANT SELECT, INSERT ON event, stream, stream_key, tenant_key TO throughline_service;
GRANT SELECT, INSERT, UPDATE (state) ON tenant TO throughline_service;
GRANT SELECT, INSERT, UPDATE (position, recorded_at, hash, streams) ON log_head
    TO throughline_service;

-- The end of a log only ever moves on.
CREATE FUNCTION log_head_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tenant_no <> OLD.tenant_no OR NEW.position <= OLD.position
        OR NEW.streams < OLD.streams OR NEW.recorded_at <= OLD.recorded_at THEN
        RAISE EXCEPTION 'the end of a log only ever moves on' USING ERRCODE = 'TL003';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER log_head_keep BEFORE UPDATE ON log_head
    FOR EACH ROW EXECUTE FUNCTION log_head_keep();
ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_keep;

-- The read models can be made again from the log.
GRANT SELECT, INSERT, UPDATE, DELETE ON projection_checkpoint, projection_parked, caseload,
    engagement_timeline, outcome_case, outcome_value TO throughline_service;
