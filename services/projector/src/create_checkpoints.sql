-- Begins following build 0 where no build of that version is followed or was ever switched to: build 0
-- may be dropped after that, and is never made again. One array a column.
INSERT INTO projection_checkpoint (tenant_no, projection, version)
SELECT wanted.tenant_no, wanted.projection, wanted.version
FROM unnest($1::integer[], $2::text[], $3::integer[]) AS wanted (tenant_no, projection, version)
WHERE NOT EXISTS (
    SELECT
    FROM projection_checkpoint AS c
    WHERE c.tenant_no = wanted.tenant_no
      AND c.projection = wanted.projection
      AND c.version = wanted.version
)
AND NOT EXISTS (
    SELECT
    FROM projection_live AS live
    WHERE live.tenant_no = wanted.tenant_no
      AND live.projection = wanted.projection
      AND live.version = wanted.version
)
ORDER BY wanted.tenant_no, wanted.projection
ON CONFLICT DO NOTHING
