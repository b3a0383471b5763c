-- $1 tenant, $2 projection, $3 version. A row that another projector holds is as good as none.
SELECT held.position, held.epoch,
       EXISTS (
           SELECT
           FROM projection_parked
           WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = 0
       ) AS has_parked
FROM projection_checkpoint AS held
WHERE held.tenant_no = $1
  AND held.projection = $2
  AND held.version = $3
  AND held.build = 0
FOR UPDATE OF held SKIP LOCKED
