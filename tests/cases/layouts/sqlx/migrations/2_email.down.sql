DROP INDEX email;
