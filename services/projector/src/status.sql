-- $1 tenant or null. One row a build that is followed: there are a few for each tenant.
SELECT tenant_no, projection, version, build, position, updated_at,
       (
           SELECT count(*)
           FROM projection_parked AS parked
           WHERE parked.tenant_no = checkpoint.tenant_no
             AND parked.projection = checkpoint.projection
             AND parked.version = checkpoint.version
             AND parked.build = checkpoint.build
       ) AS parked
FROM projection_checkpoint AS checkpoint
WHERE $1 IS NULL OR tenant_no = $1
ORDER BY tenant_no, projection, version, build
