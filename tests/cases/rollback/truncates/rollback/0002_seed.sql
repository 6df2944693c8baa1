TRUNCATE customer;
