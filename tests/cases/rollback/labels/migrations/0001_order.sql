CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE "Order" (id integer PRIMARY KEY, state state NOT NULL);
