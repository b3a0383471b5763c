-- What operators did to the projections: who, when, from where, and what came of it. A line is
-- written in the transaction of what it tells of, and never changes.
CREATE TABLE projection_audit (
    tenant_no integer NOT NULL,
    audit_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- As the log names who recorded an event.
    actor text NOT NULL,
    actor_role text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('command_line', 'rest')),
    action text NOT NULL CHECK (octet_length(action) BETWEEN 1 AND 64),
    projection text,
    build integer,
    case_id uuid,
    operation_id uuid,
    -- How many: cases that differ, streams to be tried again.
    count bigint,
    -- done, or refused with the rule that refused.
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason text,
    PRIMARY KEY (tenant_no, audit_id),
    CHECK ((outcome = 'refused') = (reason IS NOT NULL))
);

CREATE FUNCTION projection_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is never altered: % refused', TG_OP USING ERRCODE = 'TL002';
END $$;

CREATE TRIGGER projection_audit_refuse_change BEFORE UPDATE OR DELETE ON projection_audit
    FOR EACH ROW EXECUTE FUNCTION projection_audit_refuse();
CREATE TRIGGER projection_audit_refuse_truncate BEFORE TRUNCATE ON projection_audit
    FOR EACH STATEMENT EXECUTE FUNCTION projection_audit_refuse();
ALTER TABLE projection_audit ENABLE ALWAYS TRIGGER projection_audit_refuse_change;
ALTER TABLE projection_audit ENABLE ALWAYS TRIGGER projection_audit_refuse_truncate;

GRANT SELECT, INSERT ON projection_audit TO throughline_service;

-- What an operator's request with an Idempotency-Key was answered, written in the transaction of
-- what it did. As in idempotency_key, there is neither the key nor the body here but their HMACs.
CREATE TABLE operator_answer (
    tenant_no integer NOT NULL,
    scope bytea NOT NULL CHECK (octet_length(scope) = 32),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_no, scope)
);

GRANT SELECT, INSERT, DELETE ON operator_answer TO throughline_service;
