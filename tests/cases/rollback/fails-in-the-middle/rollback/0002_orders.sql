DROP TABLE order_s;
