-- A build's tables are named after its number, not after the version of the code. Two releases that
-- ask for a rebuild of one projection at the same moment must not be given the same number: the one
-- would drop the other's tables.
CREATE UNIQUE INDEX projection_rebuild_number
    ON projection_rebuild (tenant_no, projection, build);
DROP INDEX projection_rebuild_build;
