-- A build's rows held against the log, as an operation: asked for, worked on by whoever has its lease,
-- looked at, called off. Nothing it does is seen by readers, so that whoever takes one over begins
-- it again.
CREATE TABLE projection_verification (
    tenant_no integer NOT NULL,
    operation_id uuid NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    -- Null: the one that readers are answered from when it is looked at.
    build integer CHECK (build >= 0),
    -- How many cases; null: every one.
    sample integer CHECK (sample > 0),
    phase text NOT NULL DEFAULT 'queued'
        CHECK (phase IN ('queued', 'verifying', 'verified', 'cancelled', 'failed')),
    -- Who asked, as a principal of the tenant or of the command line.
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    cases_total bigint,
    cases_done bigint NOT NULL DEFAULT 0,
    -- What was found, as JSON: ids, tables and columns, no values.
    comparison text,
    -- A class, never content.
    error_class text,
    cancel_requested boolean NOT NULL DEFAULT false,
    epoch bigint NOT NULL DEFAULT 0,
    holder uuid,
    leased_until timestamptz,
    PRIMARY KEY (tenant_no, operation_id)
) WITH (fillfactor = 50);

-- One at a time of each projection of a tenant.
CREATE UNIQUE INDEX projection_verification_one_at_a_time
    ON projection_verification (tenant_no, projection, version)
    WHERE phase IN ('queued', 'verifying');

GRANT SELECT, INSERT, UPDATE ON projection_verification TO throughline_service;
