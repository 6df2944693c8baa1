ALTER TABLE customer DROP phone;
