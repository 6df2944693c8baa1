SELECT 1 AS "never ends;
