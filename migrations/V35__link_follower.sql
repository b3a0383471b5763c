-- How far each tenant's log has been followed for what passes between linked cases (ADR 0031), and
-- who does so now. Only tenants with links have a row. The lease is taken for a turn; its epoch,
-- raised whenever it changes hands, fences whoever was stopped meanwhile.
CREATE TABLE link_follower (
    tenant_no integer PRIMARY KEY,
    -- What lies up to here has passed, or was decided not to.
    position bigint NOT NULL CHECK (position >= 0),
    epoch bigint NOT NULL DEFAULT 0,
    holder uuid,
    leased_until timestamptz
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON link_follower TO throughline_service;
