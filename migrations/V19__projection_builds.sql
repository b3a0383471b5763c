-- Builds: a projection's rows can be made again beside those in use.
--
-- A build is one making of a projection's rows for one tenant by one version of the code. Build 0 is
-- in the tables that the migrations made, which tenants share; any other has tables of its own,
-- named after them with `_t<tenant>_b<build>`. See ops/adr/0018.

-- Which tables a version of a projection consists of. A migration that makes one says so here.
CREATE TABLE projection_table (
    projection text NOT NULL,
    version integer NOT NULL,
    table_name text NOT NULL,
    PRIMARY KEY (projection, version, table_name)
);
INSERT INTO projection_table (projection, version, table_name) VALUES
    ('caseload', 1, 'caseload'),
    ('engagement_timeline', 1, 'engagement_timeline'),
    ('outcome_snapshot', 1, 'outcome_case'),
    ('outcome_snapshot', 1, 'outcome_value');

-- A checkpoint is a build's: the row is there for as long as the build is followed. Whoever holds
-- the lease follows; the epoch, raised whenever the lease changes hands, keeps everybody else from
-- writing.
ALTER TABLE projection_checkpoint
    ADD COLUMN build integer NOT NULL DEFAULT 0 CHECK (build >= 0),
    ADD COLUMN holder uuid,
    ADD COLUMN leased_until timestamptz;
ALTER TABLE projection_checkpoint DROP CONSTRAINT projection_checkpoint_pkey;
ALTER TABLE projection_checkpoint ADD PRIMARY KEY (tenant_no, projection, version, build);

-- Which build readers are answered from. No row means build 0. The build before is kept following
-- until it is dropped, so that a switch can be taken back.
CREATE TABLE projection_live (
    tenant_no integer NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    build integer NOT NULL,
    previous_build integer,
    switched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_no, projection, version),
    CHECK (build IS DISTINCT FROM previous_build)
) WITH (fillfactor = 50);

-- Streams are parked for a build: another may read them.
ALTER TABLE projection_parked
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN build integer NOT NULL DEFAULT 0,
    ADD COLUMN event_id uuid,
    ADD COLUMN tries integer NOT NULL DEFAULT 1,
    ADD COLUMN tried_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE projection_parked DROP CONSTRAINT projection_parked_pkey;
ALTER TABLE projection_parked
    ADD PRIMARY KEY (tenant_no, projection, version, build, stream_id);

-- One rebuild: asked for, worked on by whoever holds its lease, taken up again by another when that
-- one dies. Every phase can be repeated.
CREATE TABLE projection_rebuild (
    tenant_no integer NOT NULL,
    operation_id uuid NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    -- The build that is made.
    build integer NOT NULL CHECK (build > 0),
    -- queued, folding, indexing, catching_up, comparing, then one of: switched, compared (a dry
    -- run), cancelled, failed.
    phase text NOT NULL DEFAULT 'queued' CHECK (phase IN ('queued', 'folding', 'indexing',
        'catching_up', 'comparing', 'switched', 'compared', 'cancelled', 'failed')),
    is_dry_run boolean NOT NULL,
    -- Who asked, as a principal of the tenant or of the command line.
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    -- Whole streams are folded up to here; what comes later is followed.
    pinned_position bigint,
    events_total bigint,
    events_done bigint NOT NULL DEFAULT 0,
    rows_written bigint NOT NULL DEFAULT 0,
    -- What the comparison with the live build found, as JSON: ids, tables and columns, no values.
    comparison text,
    -- A class, never content.
    error_class text,
    cancel_requested boolean NOT NULL DEFAULT false,
    epoch bigint NOT NULL DEFAULT 0,
    holder uuid,
    leased_until timestamptz,
    PRIMARY KEY (tenant_no, operation_id)
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX projection_rebuild_build
    ON projection_rebuild (tenant_no, projection, version, build);
-- One at a time of each projection of a tenant.
CREATE UNIQUE INDEX projection_rebuild_one_at_a_time
    ON projection_rebuild (tenant_no, projection, version)
    WHERE phase IN ('queued', 'folding', 'indexing', 'catching_up', 'comparing');

-- The slices that a rebuild is cut into: a range of streams, folded and written in one transaction.
CREATE TABLE projection_rebuild_slice (
    tenant_no integer NOT NULL,
    operation_id uuid NOT NULL,
    slice integer NOT NULL,
    first_stream bigint NOT NULL,
    last_stream bigint NOT NULL,
    -- Null until it is written.
    events bigint,
    PRIMARY KEY (tenant_no, operation_id, slice),
    CHECK (first_stream <= last_stream)
) WITH (fillfactor = 80);

GRANT SELECT ON projection_table TO throughline_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection_live, projection_rebuild,
    projection_rebuild_slice TO throughline_service;

-- The service may not define tables. What a rebuild needs of that is lent to it by three functions
-- that know only the tables of projections, and never touch a build that readers are answered from.

CREATE FUNCTION projection_build_table(table_name text, tenant integer, build integer)
    RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT format('%s_t%s_b%s', table_name, tenant, build) $$;

CREATE FUNCTION projection_refuse_live(of_projection text, of_version integer, tenant integer,
    of_build integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF of_build IS NULL OR of_build < 1 THEN
        RAISE EXCEPTION 'the tables of build 0 are the migrations''' USING ERRCODE = 'TL006';
    END IF;
    -- The share lock keeps a switch from happening meanwhile.
    PERFORM FROM projection_live l
        WHERE l.tenant_no = tenant AND l.projection = of_projection AND l.version = of_version
            AND l.build = of_build
        FOR SHARE;
    IF FOUND THEN
        RAISE EXCEPTION 'readers are answered from this build' USING ERRCODE = 'TL006';
    END IF;
END $$;

-- Makes the tables of a build, empty and without indexes; those there may be already go first.
CREATE FUNCTION projection_make_tables(of_projection text, of_version integer, tenant integer,
    of_build integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    template text;
    made text;
    options text;
BEGIN
    PERFORM projection_drop_tables(of_projection, of_version, tenant, of_build);
    FOR template IN SELECT t.table_name FROM projection_table t
        WHERE t.projection = of_projection AND t.version = of_version
    LOOP
        made := projection_build_table(template, tenant, of_build);
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
            'INCLUDING STORAGE INCLUDING COMPRESSION)', made, template);
        SELECT array_to_string(c.reloptions, ', ') INTO options
            FROM pg_class c WHERE c.oid = template::regclass;
        IF options <> '' THEN
            EXECUTE format('ALTER TABLE %I SET (%s)', made, options);
        END IF;
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO throughline_service', made);
    END LOOP;
END $$;

-- Gives a build's tables the indexes that the migrations' tables have, and the planner its figures.
-- What is there already is left.
CREATE FUNCTION projection_index_tables(of_projection text, of_version integer, tenant integer,
    of_build integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    template text;
    made text;
    index_of record;
    index_name text;
BEGIN
    PERFORM projection_refuse_live(of_projection, of_version, tenant, of_build);
    FOR template IN SELECT t.table_name FROM projection_table t
        WHERE t.projection = of_projection AND t.version = of_version
    LOOP
        made := projection_build_table(template, tenant, of_build);
        FOR index_of IN SELECT c.relname, i.indisprimary, pg_get_indexdef(i.indexrelid) AS definition
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = template::regclass ORDER BY c.relname
        LOOP
            index_name := projection_build_table(index_of.relname, tenant, of_build);
            CONTINUE WHEN to_regclass(quote_ident(index_name)) IS NOT NULL;
            EXECUTE regexp_replace(index_of.definition, '^CREATE (UNIQUE )?INDEX \S+ ON \S+ ',
                format('CREATE \1INDEX %I ON %I ', index_name, made));
            IF index_of.indisprimary THEN
                EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY USING INDEX %I', made, index_name);
            END IF;
        END LOOP;
        EXECUTE format('ANALYZE %I', made);
    END LOOP;
END $$;

-- Drops the tables of a build.
CREATE FUNCTION projection_drop_tables(of_projection text, of_version integer, tenant integer,
    of_build integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    template text;
BEGIN
    PERFORM projection_refuse_live(of_projection, of_version, tenant, of_build);
    FOR template IN SELECT t.table_name FROM projection_table t
        WHERE t.projection = of_projection AND t.version = of_version
    LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I',
            projection_build_table(template, tenant, of_build));
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION projection_make_tables, projection_index_tables, projection_drop_tables
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection_make_tables, projection_index_tables, projection_drop_tables
    TO throughline_service;

-- They look in the schema that they were made in and make tables there (the first that is named:
-- pg_catalog is searched before it all the same), and nowhere else.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['projection_make_tables(text, integer, integer, integer)',
        'projection_index_tables(text, integer, integer, integer)',
        'projection_drop_tables(text, integer, integer, integer)']
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
    END LOOP;
END $$;
