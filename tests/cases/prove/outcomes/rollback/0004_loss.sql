-- the index is forgotten
SELECT 1;
