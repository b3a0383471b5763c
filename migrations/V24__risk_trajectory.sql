-- One row for each risk assessment and each beginning of an episode: the stretch of time that it
-- began, at one level of risk or at none.
CREATE TABLE risk_stretch (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    -- Its place among the case's, from 1.
    place integer NOT NULL,
    programme text NOT NULL,
    role text NOT NULL,
    area text NOT NULL,
    from_at timestamptz NOT NULL,
    -- Null while it goes on.
    until_at timestamptz,
    -- When the spell that it is part of began; null for an assessment dated outside every episode.
    since timestamptz,
    -- Null before the first assessment.
    level text,
    -- The assessment that gave the level.
    event_id uuid,
    is_assessment boolean NOT NULL,
    level_before text,
    is_first boolean NOT NULL,
    is_first_at_level boolean NOT NULL,
    PRIMARY KEY (tenant_no, case_id, place),
    CHECK (until_at >= from_at),
    CHECK ((level IS NULL) = (event_id IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX risk_stretch_by_programme ON risk_stretch (tenant_no, programme, area);

INSERT INTO projection_table (projection, version, table_name) VALUES
    ('risk_trajectory', 1, 'risk_stretch');
GRANT SELECT, INSERT, UPDATE, DELETE ON risk_stretch TO throughline_service;
