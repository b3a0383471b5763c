-- Projectors that are alive, so that each takes its share of the shards and no more (ADR 0019). The
-- leases themselves are in projection_checkpoint. This is no tenant's: like `tenant` it is a small
-- reference table.
CREATE TABLE projector (
    holder uuid PRIMARY KEY,
    -- Which versions of which projections it runs: those who run others have no part of its share.
    runs text NOT NULL,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON projector TO throughline_service;

-- The event that a parked stream stopped at, and when the stream is tried again: sooner when
-- somebody asks for it.
ALTER TABLE projection_parked
    ADD COLUMN event_type text,
    ADD COLUMN retry_at timestamptz NOT NULL DEFAULT clock_timestamp();
