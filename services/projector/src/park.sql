-- $1 tenant, $2 projection, $3 version, $4 build, $5 stream, $6 the position, $7 the id and $8 the
-- type of the event that cannot be taken, $9 why, $10 and $11 the shortest and the longest time
-- until the next try, in milliseconds. One that is parked already stays so since when it was.
INSERT INTO projection_parked AS present
    (tenant_no, projection, version, build, stream_id, position, event_id, event_type, error_class,
     retry_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + $10 * interval '1 millisecond')
ON CONFLICT (tenant_no, projection, version, build, stream_id) DO UPDATE
SET position = excluded.position,
    event_id = excluded.event_id,
    event_type = excluded.event_type,
    error_class = excluded.error_class,
    tries = present.tries + 1,
    tried_at = clock_timestamp(),
    retry_at = clock_timestamp()
        + least($11, $10 * power(2, least(present.tries, 30))) * interval '1 millisecond'
