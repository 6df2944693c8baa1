-- finds: index public."Large"
create table t (id int primary key, a text, b text);
insert into t select i, repeat('x', 60) || i, i from generate_series(1, 20000) i;
create index "Large" on t (a);
create index small on t (b) where id < 10;
create unique index large_unique on t (a, b);
