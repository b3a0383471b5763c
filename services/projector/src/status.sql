-- $1 tenant or null. One row a shard: there are a few for each tenant.
SELECT tenant_no, projection, position, updated_at,
       (
           SELECT count(*)
           FROM projection_parked AS parked
           WHERE parked.tenant_no = checkpoint.tenant_no
             AND parked.projection = checkpoint.projection
       ) AS parked
FROM projection_checkpoint AS checkpoint
WHERE $1 IS NULL OR tenant_no = $1
ORDER BY tenant_no, projection
