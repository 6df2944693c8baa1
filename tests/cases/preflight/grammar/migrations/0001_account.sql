CREATE TABLE "größe" (id int PRIMARY KEY);
CREATE TABLE account (id int,);
