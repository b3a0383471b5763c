-- $1 tenant, $2 projection, $3 version. Always one row: where nothing was ever switched, build 0.
SELECT asked.build, COALESCE(held.position, 0) AS position,
       (
           SELECT count(*)
           FROM projection_parked AS parked
           WHERE parked.tenant_no = $1
             AND parked.projection = $2
             AND parked.version = $3
             AND parked.build = asked.build
       ) AS stale_cases
FROM (
    SELECT COALESCE(
        (
            SELECT live.build
            FROM projection_live AS live
            WHERE live.tenant_no = $1 AND live.projection = $2 AND live.version = $3
        ),
        0
    ) AS build
) AS asked
LEFT JOIN projection_checkpoint AS held
    ON held.tenant_no = $1
   AND held.projection = $2
   AND held.version = $3
   AND held.build = asked.build
