DROP TABLE never;
