SELECT 1;
-- pgplumb: lock-timeout 2s
SELECT 2;
