-- needs names only in what follows
CREATE OR REPLACE VIEW initials AS SELECT id, left(name, 1) AS initial FROM customer;
