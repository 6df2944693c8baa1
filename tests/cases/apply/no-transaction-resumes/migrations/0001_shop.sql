CREATE TABLE shop (id integer, name text);
INSERT INTO shop VALUES (1, 'one'), (2, 'one');
