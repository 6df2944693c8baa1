INSERT INTO customer (id, email) VALUES (1, 'a@example.com');

INSERT INTO customer (id, email)
VALUES (2, 'a@example.com');
