-- The role under which the service works. It may insert into the log and read it, and nothing else;
-- whoever owns the tables migrates. A role belongs to the whole cluster, so another database of it
-- may have made it already, or be making it at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_service') THEN
        CREATE ROLE throughline_service NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'there is no role throughline_service, and whoever migrates may not make '
            'it: have an administrator run CREATE ROLE throughline_service NOLOGIN, then migrate';
END $$;

-- Whoever migrates may also work as the service, unless an administrator thought otherwise: then
-- the service connects as someone else. A superuser needs no leave.
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT throughline_service TO CURRENT_USER;
    END IF;
EXCEPTION WHEN insufficient_privilege OR unique_violation THEN
    NULL;
END $$;

-- Nobody but the owner makes anything here, not even a temporary table that would come before one
-- of ours. Where the schema or the database is someone else's, that is theirs to say.
DO $$
BEGIN
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO throughline_service', current_schema());
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
EXCEPTION WHEN insufficient_privilege THEN
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

-- A tenant, its key and the end of its log never go, and no table of keys goes all at once.
CREATE TRIGGER tenant_refuse_delete BEFORE DELETE ON tenant
    FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER tenant_refuse_truncate BEFORE TRUNCATE ON tenant
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE tenant ENABLE ALWAYS TRIGGER tenant_refuse_delete;
ALTER TABLE tenant ENABLE ALWAYS TRIGGER tenant_refuse_truncate;

CREATE TRIGGER log_head_refuse_delete BEFORE DELETE ON log_head
    FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_head_refuse_truncate BEFORE TRUNCATE ON log_head
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_refuse_delete;
ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_refuse_truncate;

CREATE TRIGGER tenant_key_refuse_delete BEFORE DELETE ON tenant_key
    FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER tenant_key_refuse_truncate BEFORE TRUNCATE ON tenant_key
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE tenant_key ENABLE ALWAYS TRIGGER tenant_key_refuse_delete;
ALTER TABLE tenant_key ENABLE ALWAYS TRIGGER tenant_key_refuse_truncate;

CREATE TRIGGER stream_key_refuse_truncate BEFORE TRUNCATE ON stream_key
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE stream_key ENABLE ALWAYS TRIGGER stream_key_refuse_truncate;

-- The read models can be made again from the log.
GRANT SELECT, INSERT, UPDATE, DELETE ON projection_checkpoint, projection_parked, caseload,
    engagement_timeline, outcome_case, outcome_value TO throughline_service;

-- What has been migrated, so that the service can tell whether it may start.
GRANT SELECT ON refinery_schema_history TO throughline_service;
