CREATE TABLE a (
	id	integer,
	price	numeric(10 2)
);
