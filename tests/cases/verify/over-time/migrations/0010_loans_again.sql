CREATE TABLE loan (
    id bigint PRIMARY KEY,
    book_id integer NOT NULL REFERENCES book (id),
    lent_at timestamptz NOT NULL DEFAULT now()
);

DROP INDEX book_writer;
CREATE INDEX book_writer ON book (writer_id, price DESC);
