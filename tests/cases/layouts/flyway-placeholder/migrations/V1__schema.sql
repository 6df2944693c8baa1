-- the schema
CREATE SCHEMA ${schema};
