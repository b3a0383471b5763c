-- One row per request for information, and what came of it. Whether it is overdue depends on when
-- that is asked.
CREATE TABLE agency_request (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    -- The event that made it.
    request_id uuid NOT NULL,
    programme text NOT NULL,
    worker text,
    agency text NOT NULL,
    what text,
    requested_at timestamptz NOT NULL,
    due_at timestamptz,
    chases integer NOT NULL,
    last_chased_at timestamptz,
    escalations integer NOT NULL,
    -- open, answered or refused.
    outcome text NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_no, case_id, request_id),
    CHECK ((outcome = 'open') = (ended_at IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX agency_request_by_time ON agency_request (tenant_no, requested_at);
CREATE INDEX agency_request_due ON agency_request (tenant_no, due_at, case_id, request_id)
    WHERE outcome = 'open' AND due_at IS NOT NULL;

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('agency_response', 1, 'agency_request');
GRANT SELECT, INSERT, UPDATE, DELETE ON agency_request TO throughline_service;
