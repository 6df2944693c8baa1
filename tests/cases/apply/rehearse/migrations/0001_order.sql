CREATE TABLE orders (id int PRIMARY KEY, account int REFERENCES account (id));
INSERT INTO orders SELECT id, id FROM account;
UPDATE account SET name = 'y' WHERE id < 4;
