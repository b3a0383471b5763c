-- $1 tenant, $2 projection, $3 version, $4 the epoch and $5 the position that were claimed, $6 the
-- new position.
UPDATE projection_checkpoint
SET position = $6,
    updated_at = clock_timestamp()
WHERE tenant_no = $1
  AND projection = $2
  AND version = $3
  AND build = 0
  AND epoch = $4
  AND position = $5
