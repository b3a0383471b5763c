-- Takes leases that nobody has, or that have run out. $1 the holder, $2 the lease in milliseconds,
-- $3 how many at most; then the shards, those that matter most first, in one array a column.
-- A row that is locked is being written by whoever has it, or was, and is left for later.
WITH free AS (
    SELECT c.tenant_no, c.projection, c.version, c.build,
           c.holder IS NOT NULL AND c.holder <> $1 AS from_another
    FROM unnest($4::integer[], $5::text[], $6::integer[], $7::integer[]) WITH ORDINALITY
             AS wanted (tenant_no, projection, version, build, place)
    JOIN projection_checkpoint AS c USING (tenant_no, projection, version, build)
    WHERE c.holder IS NULL
       OR c.holder = $1
       OR c.leased_until IS NULL
       OR c.leased_until < clock_timestamp()
    ORDER BY wanted.place
    LIMIT $3
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE projection_checkpoint AS c
SET holder = $1,
    epoch = c.epoch + 1,
    leased_until = clock_timestamp() + $2 * interval '1 millisecond'
FROM free
WHERE c.tenant_no = free.tenant_no
  AND c.projection = free.projection
  AND c.version = free.version
  AND c.build = free.build
RETURNING c.tenant_no, c.projection, c.build, c.epoch, c.position, free.from_another
