-- Says that a projector is alive, and counts the others that run the same. $1 the holder, $2 what it
-- runs, $3 for how long it is alive, in milliseconds.
WITH long_gone AS (
    DELETE FROM projector
    WHERE holder IN (
        SELECT holder
        FROM projector
        WHERE alive_until < clock_timestamp() - interval '1 minute' AND holder <> $1
        FOR UPDATE SKIP LOCKED
    )
), me AS (
    INSERT INTO projector (holder, runs, alive_until)
    VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
    ON CONFLICT (holder) DO UPDATE SET alive_until = excluded.alive_until
)
SELECT count(*)
FROM projector
WHERE holder <> $1
  AND runs = $2
  AND alive_until > clock_timestamp()
