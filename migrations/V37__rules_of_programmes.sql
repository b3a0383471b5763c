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

-- The second version of the referral pipeline: each referral with the definition, and the version of
-- its criteria, that it was made under.
CREATE TABLE referral_pipeline_2 (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    programme text NOT NULL,
    programme_version integer NOT NULL,
    -- Null where the referral was recorded before it said which.
    criteria_version integer,
    role text NOT NULL,
    area text NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    latest_incident_at timestamptz,
    -- pending, waiting, accepted or declined.
    decision text NOT NULL,
    decline_reason text,
    decided_at timestamptz,
    first_attempt_at timestamptz,
    first_reached_at timestamptz,
    PRIMARY KEY (tenant_no, case_id),
    CHECK ((decision = 'declined') = (decline_reason IS NOT NULL)),
    CHECK ((decision IN ('accepted', 'declined')) = (decided_at IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX referral_pipeline_2_by_programme
    ON referral_pipeline_2 (tenant_no, programme, received_at);

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('referral_pipeline', 2, 'referral_pipeline_2');
GRANT SELECT, INSERT, UPDATE, DELETE ON referral_pipeline_2 TO throughline_service;
