CREATE TABLE more (id int);
