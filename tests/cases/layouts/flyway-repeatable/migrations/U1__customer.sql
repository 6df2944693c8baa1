DROP VIEW IF EXISTS names, initials;
DROP TABLE customer;
