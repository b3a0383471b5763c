-- More than cases and persons have streams: a programme's definitions, workers and teams, the schedules
-- by which cases are drawn into arms, links between cases.
ALTER TABLE stream DROP CONSTRAINT stream_kind_check;
ALTER TABLE stream ADD CONSTRAINT stream_kind_check CHECK (kind IN (
    'case', 'person', 'tenant', 'programme', 'worker', 'team', 'allocation_schedule', 'case_link'
));
