-- finds: index public."A"
-- finds: index public.beside_unique
create table t (id int primary key, a int, b int, c text, constraint k unique (b, a));
create index "A" on t (a);
create index ab on t (a, b);
create index beside_unique on t (b, a);
-- not these: it is unique itself, another beginning, order, predicate, method, duplicates
create unique index u on t (a, id);
create index c on t (c);
create index d on t (c desc, a);
create index p on t (id, a) where a > 0;
create index h on t using hash (c);
create table twice (a int, b int);
create index one on twice (a);
create index two on twice (a);
