-- $1 tenant, $2 projection. A row that another projector holds is as good as none.
SELECT held.position, held.epoch, held.version,
       EXISTS (
           SELECT
           FROM projection_parked
           WHERE tenant_no = $1 AND projection = $2
       ) AS has_parked
FROM projection_checkpoint AS held
WHERE held.tenant_no = $1
  AND held.projection = $2
FOR UPDATE OF held SKIP LOCKED
