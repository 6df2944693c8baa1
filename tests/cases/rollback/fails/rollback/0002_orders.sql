DROP INDEX orders_customer;
DROP TABLE order_s;
