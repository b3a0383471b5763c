-- Moves a checkpoint, or leaves it where it is, and renews the lease, if both are as they are
-- believed to be. $1 tenant, $2 projection, $3 version, $4 build, $5 the epoch, $6 the position, $7
-- the new position, $8 the lease in milliseconds. Events that the log does not have (it was restored, or
-- a replica without them took over) are not applied, whatever was read before.
UPDATE projection_checkpoint
SET position = $7,
    updated_at = clock_timestamp(),
    leased_until = clock_timestamp() + $8 * interval '1 millisecond'
WHERE tenant_no = $1
  AND projection = $2
  AND version = $3
  AND build = $4
  AND epoch = $5
  AND position = $6
  AND $7 <= (SELECT h.position FROM log_head AS h WHERE h.tenant_no = $1)
