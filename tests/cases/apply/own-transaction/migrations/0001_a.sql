BEGIN;
CREATE TABLE a (id integer);
END;
-- done
