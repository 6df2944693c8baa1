CREATE OR REPLACE VIEW names AS SELECT id, name FROM customer;
