ALTER TABLE book
    ALTER COLUMN price TYPE numeric(10, 2),
    ALTER COLUMN price DROP DEFAULT,
    DROP CONSTRAINT book_price,
    ADD CONSTRAINT book_price CHECK (price > 0 OR format = 'ebook');
