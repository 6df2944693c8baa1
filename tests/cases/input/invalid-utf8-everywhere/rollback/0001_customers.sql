-- ÿþ
DROP TABLE customer;
