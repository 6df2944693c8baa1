-- finds: table public."T"
create table "T" (id int primary key) with (autovacuum_enabled = off);
create table fine (id int primary key) with (autovacuum_enabled = true);
create table other (id int primary key) with (fillfactor = 70);
