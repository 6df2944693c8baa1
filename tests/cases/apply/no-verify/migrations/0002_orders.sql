CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    amount numeric(10, 2) NOT NULL,
    CONSTRAINT orders_amount CHECK (amount > 0)
);

CREATE INDEX orders_customer ON orders (customer_id) WHERE amount > 100;
