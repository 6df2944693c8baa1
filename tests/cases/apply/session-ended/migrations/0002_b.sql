CREATE TABLE b (id integer);
SELECT pg_terminate_backend(pg_backend_pid());
