-- A stream may also be a cohort's definitions, or an edition of an evaluation.
--
-- The old constraint is narrower, so no row can fail the new one: it need not be checked again.
ALTER TABLE stream DROP CONSTRAINT stream_kind_check;
ALTER TABLE stream ADD CONSTRAINT stream_kind_check CHECK (kind IN (
    'case', 'person', 'tenant', 'programme', 'worker', 'team', 'allocation_schedule', 'case_link',
    'cohort', 'edition'
)) NOT VALID;
