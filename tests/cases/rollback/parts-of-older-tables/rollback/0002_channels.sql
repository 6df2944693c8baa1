DROP TRIGGER orders_touch ON orders;
ALTER TABLE orders DROP CONSTRAINT orders_other, DROP COLUMN other, DROP COLUMN channel;
DROP FUNCTION touch();
DROP TABLE channels;
