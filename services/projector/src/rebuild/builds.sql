-- $1 tenant or null. One row for each build that is followed: a few for each tenant.
SELECT c.tenant_no, c.projection, c.version, c.build, c.position, c.updated_at,
       c.build = coalesce(live.build, 0) AS is_live,
       coalesce(c.build = live.previous_build, false) AS is_previous,
       (
           SELECT count(*)
           FROM projection_parked AS p
           WHERE p.tenant_no = c.tenant_no
             AND p.projection = c.projection
             AND p.version = c.version
             AND p.build = c.build
       ) AS parked
FROM projection_checkpoint AS c
LEFT JOIN projection_live AS live USING (tenant_no, projection, version)
WHERE $1 IS NULL OR c.tenant_no = $1
ORDER BY c.tenant_no, c.projection, c.build
