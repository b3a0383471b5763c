-- One row per fact of a case, corrections looked through. The position is the fact's own.
CREATE TABLE engagement_timeline (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    schema_version smallint NOT NULL,
    occurred_at timestamptz NOT NULL,
    precision text NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- The facts in force, as exact JSON text.
    data text NOT NULL,
    corrected_by uuid,
    retracted_by uuid,
    PRIMARY KEY (tenant_no, case_id, position)
) WITH (fillfactor = 90);

CREATE INDEX engagement_timeline_in_order
    ON engagement_timeline (tenant_no, case_id, occurred_at, position);
