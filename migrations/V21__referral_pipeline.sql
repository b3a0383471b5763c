-- One row per referral: its facts and when they happened. Waits are counted when they are asked for.
CREATE TABLE referral_pipeline (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    programme text NOT NULL,
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

CREATE INDEX referral_pipeline_by_programme
    ON referral_pipeline (tenant_no, programme, received_at);

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('referral_pipeline', 1, 'referral_pipeline');
GRANT SELECT, INSERT, UPDATE, DELETE ON referral_pipeline TO throughline_service;
