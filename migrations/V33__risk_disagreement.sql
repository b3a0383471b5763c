-- One row for each case whose risk somebody assessed in its present or last episode.
CREATE TABLE risk_disagreement (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    programme text NOT NULL,
    role text NOT NULL,
    area text NOT NULL,
    status text NOT NULL,
    -- Since when it stands so: when the newest of the assessments compared was made.
    since timestamptz NOT NULL,
    levels_differ boolean NOT NULL,
    person_disagrees boolean NOT NULL,
    PRIMARY KEY (tenant_no, case_id)
) WITH (fillfactor = 80);

-- The list of cases whose risk is seen differently, the longest first.
CREATE INDEX risk_disagreement_by_since ON risk_disagreement (tenant_no, since, case_id)
    WHERE levels_differ OR person_disagrees;

-- One row for each assessor of such a case: what they said last.
CREATE TABLE risk_view (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    -- Its place among the case's, from 1: by role and organisation.
    place integer NOT NULL,
    assessor_role text NOT NULL,
    source_organisation text,
    level text NOT NULL,
    own_view text,
    assessed_at timestamptz NOT NULL,
    instrument text NOT NULL,
    event_id uuid NOT NULL,
    assessments integer NOT NULL,
    PRIMARY KEY (tenant_no, case_id, place)
) WITH (fillfactor = 80);

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('risk_disagreement', 1, 'risk_disagreement'),
    ('risk_disagreement', 1, 'risk_view');
GRANT SELECT, INSERT, UPDATE, DELETE ON risk_disagreement, risk_view TO throughline_service;
