-- One row per contact with a person that was made although something spoke against it.
CREATE TABLE contact_override (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    -- The attempt.
    event_id uuid NOT NULL,
    programme text NOT NULL,
    -- Who had the case then.
    worker text,
    occurred_at timestamptz NOT NULL,
    -- How exactly that is known: instant, day or month.
    precision text NOT NULL,
    channel text NOT NULL,
    -- Why it was made all the same.
    reason text NOT NULL,
    -- What spoke against it, plan or hold, and the event that set that; null where nothing does any
    -- more.
    objection text,
    objection_id uuid,
    PRIMARY KEY (tenant_no, case_id, event_id),
    CHECK ((objection IS NULL) = (objection_id IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX contact_override_by_time
    ON contact_override (tenant_no, occurred_at, case_id, event_id);

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('contact_override', 1, 'contact_override');
GRANT SELECT, INSERT, UPDATE, DELETE ON contact_override TO throughline_service;
