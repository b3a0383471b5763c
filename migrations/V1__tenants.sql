-- A tenant is one data controller. Everything else in this schema belongs to a tenant, and every
-- key begins with its number, so that tenants can be spread over several servers (Citus:
-- distribution column tenant_no) without a change here. This table alone is a reference table: it
-- is small, and a name must be unique over all of them.
CREATE TABLE tenant (
    tenant_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9_./:-]{0,63}$'),
    state text NOT NULL CHECK (state IN ('loading', 'live')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Where the tenant's log ends. One row a tenant, rewritten by every append: the room left in its
-- page keeps those rewrites from touching any index.
CREATE TABLE log_head (
    tenant_no integer PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0),
    recorded_at timestamptz CHECK (recorded_at IS NOT NULL OR position = 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    streams bigint NOT NULL CHECK (streams >= 0)
) WITH (fillfactor = 10);

-- The tenant's key, wrapped by the master key, which is not in the database.
CREATE TABLE tenant_key (
    tenant_no integer PRIMARY KEY,
    wrapped bytea NOT NULL
);

-- A tenant's name and number are in its first hash, and going live cannot be undone.
CREATE FUNCTION tenant_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.tenant_no <> NEW.tenant_no OR OLD.name <> NEW.name OR OLD.state = 'live' THEN
        RAISE EXCEPTION 'a live tenant does not change, nor does a name' USING ERRCODE = 'TL001';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER tenant_keep BEFORE UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION tenant_keep();
ALTER TABLE tenant ENABLE ALWAYS TRIGGER tenant_keep;
