DROP FUNCTION greet();
DROP TABLE archive, shop;
