CREATE TYPE format AS ENUM ('print', 'ebook');

CREATE TABLE author (
    id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE book (
    id integer PRIMARY KEY,
    author_id integer NOT NULL REFERENCES author (id),
    title text NOT NULL,
    format format NOT NULL DEFAULT 'print',
    price numeric(8, 2) NOT NULL DEFAULT 0,
    CONSTRAINT book_price CHECK (price >= 0)
);

CREATE INDEX book_author ON book (author_id);
