CREATE TABLE a (id integer);
COPY a FROM stdin;
1
2
\.
