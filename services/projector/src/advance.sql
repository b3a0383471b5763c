-- $1 tenant, $2 projection, $3 the epoch and $4 the position that were claimed, $5 the new position.
UPDATE projection_checkpoint
SET position = $5,
    updated_at = clock_timestamp()
WHERE tenant_no = $1
  AND projection = $2
  AND epoch = $3
  AND position = $4
