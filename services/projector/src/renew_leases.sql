-- Renews the leases of a process. $1 the lease in milliseconds; then the shards with their epochs,
-- in one array a column. A row that is locked is being renewed by its own batch.
WITH mine AS (
    SELECT c.tenant_no, c.projection, c.version, c.build
    FROM unnest($2::integer[], $3::text[], $4::integer[], $5::integer[], $6::bigint[])
             AS held (tenant_no, projection, version, build, epoch)
    JOIN projection_checkpoint AS c USING (tenant_no, projection, version, build, epoch)
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE projection_checkpoint AS c
SET leased_until = clock_timestamp() + $1 * interval '1 millisecond'
FROM mine
WHERE c.tenant_no = mine.tenant_no
  AND c.projection = mine.projection
  AND c.version = mine.version
  AND c.build = mine.build
