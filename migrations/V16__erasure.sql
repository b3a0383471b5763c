-- Erasing a person means finding their cases: the referrals that name the person. The cast and the
-- operator are immutable, so the facts can be indexed as they are stored. A correction cannot move
-- a case to another person (the domain refuses it), so the referral itself is enough.
CREATE INDEX event_referral_person ON event (tenant_no, (data::jsonb ->> 'person_id'), position)
    WHERE type = 'ReferralReceived';

-- The keys of a person and of their cases are destroyed here and nowhere else. The service's role
-- may not delete from stream_key. It may call this, which chooses the rows itself, and only once
-- the person's erasure is in the log, by this transaction or an earlier one. A tenant that is still
-- loading has no such event yet: it gets one when it is live.
--
-- Each query asks for the order of the index that is meant, as those of the log do.
CREATE FUNCTION log_destroy_stream_keys(of_tenant integer, person uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    found_id uuid;
    found_kind text;
    person_stream bigint;
    recorded text[];
    case_streams bigint[];
    destroyed bigint;
BEGIN
    SELECT s.id, s.kind, s.stream_no INTO found_id, found_kind, person_stream FROM stream s
        WHERE s.tenant_no = of_tenant AND s.id >= person ORDER BY s.id LIMIT 1;
    IF found_id IS DISTINCT FROM person OR found_kind <> 'person' THEN
        RAISE EXCEPTION 'there is no such person' USING ERRCODE = 'TL004';
    END IF;
    recorded := ARRAY(SELECT e.type FROM event e
        WHERE e.tenant_no = of_tenant AND e.stream_no = person_stream ORDER BY e.version);
    IF 'SubjectErased' <> ALL (recorded) AND NOT EXISTS (SELECT FROM tenant t
            WHERE t.tenant_no = of_tenant AND t.state = 'loading') THEN
        RAISE EXCEPTION 'the erasure is not in the log' USING ERRCODE = 'TL005';
    END IF;
    case_streams := ARRAY(SELECT e.stream_no FROM event e
        WHERE e.tenant_no = of_tenant AND e.type = 'ReferralReceived'
            AND e.data::jsonb ->> 'person_id' >= person::text
            AND e.data::jsonb ->> 'person_id' <= person::text
        ORDER BY e.data::jsonb ->> 'person_id', e.position);
    DELETE FROM stream_key k
        WHERE k.tenant_no = of_tenant AND k.stream_no = ANY (person_stream || case_streams);
    GET DIAGNOSTICS destroyed = ROW_COUNT;
    RETURN destroyed;
END $$;

-- A caller's search path must not lead the function to tables of the caller's own.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION log_destroy_stream_keys(integer, uuid) '
        'SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;

REVOKE ALL ON FUNCTION log_destroy_stream_keys(integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log_destroy_stream_keys(integer, uuid) TO throughline_service;

-- Only an erasure or a rotation leaves dead rows in this table. They go at the next opportunity,
-- and not when a fifth of all keys is dead.
ALTER TABLE stream_key SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
