-- One row per case. Times say from when a rule holds; the read compares.
CREATE TABLE caseload (
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
    attempts integer NOT NULL,
    reached integer NOT NULL,
    last_attempt_at timestamptz,
    last_reached_at timestamptz,
    dormant_from timestamptz,
    review_due timestamptz,
    open_information_requests integer NOT NULL,
    PRIMARY KEY (tenant_no, case_id)
) WITH (fillfactor = 80);

CREATE INDEX caseload_by_worker ON caseload (tenant_no, worker, case_id) WHERE status = 'open';
CREATE INDEX caseload_open ON caseload (tenant_no, case_id) WHERE status = 'open';
