-- How far the builds are that readers are answered from. $1 tenant or null, $2 and $3 the projections
-- that this program runs and their versions. An event is never older than its tenant, whatever its
-- history says.
SELECT h.tenant_no, runs.projection, coalesce(live.build, 0) AS build, h.position AS head,
       coalesce(c.position, 0) AS position,
       c.updated_at,
       (
           SELECT count(*)
           FROM projection_parked AS parked
           WHERE parked.tenant_no = h.tenant_no
             AND parked.projection = runs.projection
             AND parked.version = runs.version
             AND parked.build = coalesce(live.build, 0)
       ) AS parked,
       CASE WHEN coalesce(c.position, 0) < h.position THEN (
           SELECT greatest(0, extract(epoch FROM
               clock_timestamp() - greatest(e.recorded_at, t.created_at)))::float8
           FROM event AS e
           WHERE e.tenant_no = h.tenant_no AND e.position = coalesce(c.position, 0) + 1
       ) END AS lag_seconds
FROM log_head AS h
JOIN tenant AS t USING (tenant_no)
CROSS JOIN unnest($2::text[], $3::integer[]) AS runs (projection, version)
LEFT JOIN projection_live AS live
    ON live.tenant_no = h.tenant_no
   AND live.projection = runs.projection
   AND live.version = runs.version
LEFT JOIN projection_checkpoint AS c
    ON c.tenant_no = h.tenant_no
   AND c.projection = runs.projection
   AND c.version = runs.version
   AND c.build = coalesce(live.build, 0)
WHERE $1 IS NULL OR h.tenant_no = $1
ORDER BY h.tenant_no, runs.projection
