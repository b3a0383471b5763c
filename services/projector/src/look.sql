-- Every shard of this program: the build's checkpoint beside the end of the tenant's log. $1 the
-- projections that it runs and $2 their versions. A projection of a tenant that has no build at all
-- comes with nulls. An event is never older than its tenant, whatever its history says.
SELECT h.tenant_no, h.position AS head, runs.projection,
       c.build, c.position, c.epoch, c.holder,
       coalesce(c.leased_until > clock_timestamp(), false) AS is_leased,
       CASE WHEN c.position < h.position THEN (
           SELECT greatest(e.recorded_at, t.created_at)
           FROM event AS e
           WHERE e.tenant_no = c.tenant_no AND e.position = c.position + 1
       ) END AS oldest
FROM log_head AS h
JOIN tenant AS t USING (tenant_no)
CROSS JOIN unnest($1::text[], $2::integer[]) AS runs (projection, version)
LEFT JOIN projection_checkpoint AS c
    ON c.tenant_no = h.tenant_no
   AND c.projection = runs.projection
   AND c.version = runs.version
