ALTER TABLE customer ADD CHECK (name <> '');
