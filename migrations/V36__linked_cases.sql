-- Finds the links of a case from either end: each by the event that began it, which is never
-- corrected. As for referrals (V16), the facts are indexed as they are stored.
CREATE INDEX event_linked_lower
    ON event (tenant_no, (data::jsonb #>> '{cases,0}'), stream_no)
    WHERE type = 'CasesLinked' AND version = 1;
CREATE INDEX event_linked_higher
    ON event (tenant_no, (data::jsonb #>> '{cases,1}'), stream_no)
    WHERE type = 'CasesLinked' AND version = 1;
