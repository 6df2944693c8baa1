-- pgplumb: irreversible "rows are rewritten"
SELECT 1;
