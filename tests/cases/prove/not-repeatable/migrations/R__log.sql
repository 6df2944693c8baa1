CREATE TABLE IF NOT EXISTS log (line text);
INSERT INTO log VALUES ('seen');
