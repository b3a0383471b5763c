-- How far each projection has followed each tenant's log.
CREATE TABLE projection_checkpoint (
    tenant_no integer NOT NULL,
    projection text NOT NULL,
    -- The version of the code whose rows these are.
    version integer NOT NULL,
    -- Everything up to here is in the rows, and nothing later.
    position bigint NOT NULL DEFAULT 0,
    -- Raised whenever the rows begin anew: an owner from before is fenced off.
    epoch bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_no, projection),
    CHECK (position >= 0)
) WITH (fillfactor = 50);

-- Streams that a projection cannot read: the others go on, and reads of these say that they are stale.
CREATE TABLE projection_parked (
    tenant_no integer NOT NULL,
    projection text NOT NULL,
    stream_id uuid NOT NULL,
    -- The event that cannot be taken.
    position bigint NOT NULL,
    -- A class, never content.
    error_class text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_no, projection, stream_id)
);
