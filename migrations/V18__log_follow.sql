-- Lets an appender that has planned ahead go on only if what it relied on is still so: the log ends
-- where it believes, the tenant's key is the one it wrapped new keys with, the keys it sealed under
-- have not been destroyed (which need not move the end of the log), and the first event is not recorded so long ago that a reader may have been told that nothing of that time would come
-- (services/log/src/settle.rs). Called under the tenant's lock; gives the clock's time.
CREATE FUNCTION log_follow(
    tenant integer,
    last_position bigint,
    last_hash bytea,
    wrapped_key bytea,
    sealed_streams bigint[],
    first_recorded_at timestamptz
) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM log_head h JOIN tenant_key k USING (tenant_no)
        WHERE h.tenant_no = tenant AND h.position = last_position AND h.hash = last_hash
            AND k.wrapped = wrapped_key
    ) THEN
        RAISE EXCEPTION 'the log has moved on' USING ERRCODE = 'TL004';
    END IF;
    IF EXISTS (
        SELECT FROM unnest(sealed_streams) AS sealed (stream_no)
        WHERE NOT EXISTS (SELECT FROM stream_key k
            WHERE k.tenant_no = tenant AND k.stream_no = sealed.stream_no)
    ) THEN
        RAISE EXCEPTION 'a key was destroyed' USING ERRCODE = 'TL004';
    END IF;
    IF first_recorded_at NOT BETWEEN clock_timestamp() - interval '100 milliseconds'
        AND clock_timestamp() + interval '1 second' THEN
        RAISE EXCEPTION 'the appender is late' USING ERRCODE = 'TL005';
    END IF;
    RETURN clock_timestamp();
END $$;

GRANT EXECUTE ON FUNCTION log_follow TO throughline_service;
