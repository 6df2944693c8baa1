DROP TABLE customer;
DROP TYPE tier;
