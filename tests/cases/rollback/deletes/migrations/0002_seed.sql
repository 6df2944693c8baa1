INSERT INTO customer (id, email) VALUES (1, 'seed');
