-- $1 tenant, $2 a case or null, $3 and $4 the projections that this program runs and their versions,
-- $5 how many at most; $6, $7 and $8 the case, projection and build of the row before, or nulls.
SELECT projection, build, stream_id, position, event_id, event_type, error_class, since, tries,
       tried_at, retry_at
FROM projection_parked
JOIN unnest($3::text[], $4::integer[]) AS runs (projection, version) USING (projection, version)
WHERE tenant_no = $1
  AND ($2 IS NULL OR stream_id = $2)
  AND ($6 IS NULL OR (stream_id, projection, build) > ($6, $7, $8))
ORDER BY stream_id, projection, build
LIMIT $5
