-- pgplumb: no-transction
-- pgplumb: lock-timeout soon
-- pgplumb: irreversible
SELECT 1;
