-- The cases that outcomes are counted over, measured or not.
CREATE TABLE outcome_case (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    programme text NOT NULL,
    role text NOT NULL,
    area text NOT NULL,
    -- Whether the referral was accepted: accepted, open or closed.
    is_accepted boolean NOT NULL,
    PRIMARY KEY (tenant_no, case_id)
);

CREATE INDEX outcome_case_by_programme ON outcome_case (tenant_no, programme) WHERE is_accepted;

-- The latest value, or why there is none, of each key of each instrument at each stage.
CREATE TABLE outcome_value (
    tenant_no integer NOT NULL,
    case_id uuid NOT NULL,
    instrument text NOT NULL,
    key text NOT NULL,
    stage text NOT NULL,
    value text,
    missing text,
    occurred_at timestamptz NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (tenant_no, case_id, instrument, key, stage),
    CHECK (num_nonnulls(value, missing) = 1)
);

CREATE INDEX outcome_value_by_key ON outcome_value (tenant_no, key, stage, case_id);
