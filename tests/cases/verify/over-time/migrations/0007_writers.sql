ALTER TABLE author RENAME TO writer;
ALTER TABLE book RENAME COLUMN author_id TO writer_id;
ALTER INDEX book_author RENAME TO book_writer;
