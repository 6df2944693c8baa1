CREATE TYPE pg_temp.mood AS ENUM ('fine');
CREATE TABLE hangs (id integer, mood pg_temp.mood);
DECLARE stays CURSOR WITH HOLD FOR SELECT * FROM hangs;
