-- pgplumb: no-transaction
CREATE TABLE shop (id integer);
ALTER TABLE shop ADD COLUMN stock integer DEFAULT 'many';
