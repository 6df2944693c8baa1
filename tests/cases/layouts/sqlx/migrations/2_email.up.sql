-- no-transaction
CREATE INDEX email ON customer (email);
