CREATE TABLE kept (note pg_catalog.varchar, CHECK (note OPERATOR(pg_catalog.<>) pg_catalog.upper(note)));
