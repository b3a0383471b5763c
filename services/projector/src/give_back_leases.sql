-- Gives leases back. The shards with their epochs come in one array a column. The epoch is raised,
-- so that whatever the holder has still under way finds itself fenced off. A row that is locked is
-- left: its lease runs out.
WITH mine AS (
    SELECT c.tenant_no, c.projection, c.version, c.build
    FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::bigint[])
             AS held (tenant_no, projection, version, build, epoch)
    JOIN projection_checkpoint AS c USING (tenant_no, projection, version, build, epoch)
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE projection_checkpoint AS c
SET holder = NULL,
    leased_until = NULL,
    epoch = c.epoch + 1
FROM mine
WHERE c.tenant_no = mine.tenant_no
  AND c.projection = mine.projection
  AND c.version = mine.version
  AND c.build = mine.build
