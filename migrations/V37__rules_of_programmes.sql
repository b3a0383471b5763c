-- The second version of the caseload: its level of risk is found by the rule that the case's
-- definition names, and a review is due at the stages of its schedule. A version has tables of its
-- own, since the program before this one may still be running on its own.
CREATE TABLE caseload_2 (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    -- The case's latest event.
    position bigint NOT NULL,
    programme text NOT NULL,
    role text NOT NULL,
    area text NOT NULL,
    status text NOT NULL,
    episode integer NOT NULL,
    opened_at timestamptz NOT NULL,
    worker text,
    team text,
    risk_level text,
    risk_assessed_at timestamptz,
    -- The rule that found the level, with its version.
    risk_rule text,
    attempts integer NOT NULL,
    reached integer NOT NULL,
    last_attempt_at timestamptz,
    last_reached_at timestamptz,
    dormant_from timestamptz,
    review_due timestamptz,
    open_information_requests integer NOT NULL,
    PRIMARY KEY (tenant_no, case_id),
    CHECK ((risk_level IS NULL) = (risk_rule IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX caseload_2_by_worker ON caseload_2 (tenant_no, worker, case_id)
    WHERE status = 'open';
CREATE INDEX caseload_2_open ON caseload_2 (tenant_no, case_id) WHERE status = 'open';

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('caseload', 2, 'caseload_2');
GRANT SELECT, INSERT, UPDATE, DELETE ON caseload_2 TO throughline_service;
