-- Stretches of time in which a case was on one worker's caseload and nothing that is counted
-- changed, and the contacts: the least from which the workload of any date can be counted.
CREATE TABLE workload_stretch (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    from_at timestamptz NOT NULL,
    -- Null while it goes on.
    until_at timestamptz,
    programme text NOT NULL,
    worker text NOT NULL,
    team text,
    is_high_risk boolean NOT NULL,
    -- From when the case was dormant, if that was before the stretch ended.
    dormant_from timestamptz,
    PRIMARY KEY (tenant_no, case_id, from_at),
    CHECK (until_at > from_at)
) WITH (fillfactor = 80);

CREATE INDEX workload_stretch_by_end ON workload_stretch (tenant_no, until_at);

CREATE TABLE workload_contact (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    -- The fact's place in the log.
    position bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    programme text NOT NULL,
    -- Null when nobody had the case yet.
    worker text,
    team text,
    is_reached boolean NOT NULL,
    PRIMARY KEY (tenant_no, case_id, position)
) WITH (fillfactor = 80);

CREATE INDEX workload_contact_by_time ON workload_contact (tenant_no, occurred_at);

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('workload', 1, 'workload_stretch'),
    ('workload', 1, 'workload_contact');
GRANT SELECT, INSERT, UPDATE, DELETE ON workload_stretch, workload_contact TO throughline_service;
