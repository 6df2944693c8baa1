CREATE TABLE next (id integer);
CREATE INDEX next_when ON next (happened_at);
