CREATE TABLE channels (id bigint PRIMARY KEY);
ALTER TABLE orders ADD COLUMN channel bigint REFERENCES channels;
ALTER TABLE orders ADD COLUMN other bigint;
ALTER TABLE orders ADD CONSTRAINT orders_other FOREIGN KEY (other) REFERENCES channels;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := now(); RETURN NEW; END $$;
CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
