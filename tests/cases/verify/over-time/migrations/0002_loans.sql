CREATE TABLE loan (
    id integer PRIMARY KEY,
    book_id integer NOT NULL REFERENCES book (id) ON DELETE CASCADE,
    reader text NOT NULL,
    due date
);

CREATE INDEX loan_due ON loan (due) WHERE due IS NOT NULL;

CREATE VIEW open_loans AS SELECT id, reader FROM loan WHERE due IS NOT NULL;

CREATE FUNCTION is_late(due date, today date) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT due < today';
