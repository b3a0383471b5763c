-- Gives leases back. The shards with their epochs come in one array a column. The epoch is raised,
-- so that whatever the holder has still under way finds itself fenced off.
UPDATE projection_checkpoint AS c
SET holder = NULL,
    leased_until = NULL,
    epoch = c.epoch + 1
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::bigint[])
         AS held (tenant_no, projection, version, build, epoch)
WHERE c.tenant_no = held.tenant_no
  AND c.projection = held.projection
  AND c.version = held.version
  AND c.build = held.build
  AND c.epoch = held.epoch
