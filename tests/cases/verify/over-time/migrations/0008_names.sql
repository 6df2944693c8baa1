ALTER TABLE book DROP COLUMN title, ADD COLUMN name text NOT NULL, ADD COLUMN subtitle text;
CREATE UNIQUE INDEX book_name ON book (writer_id, lower(name));
