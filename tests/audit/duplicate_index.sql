-- finds: index public.a
-- finds: index public.b_expression
-- finds: index public.u2
create table t (id int primary key, a int, b text unique);
create index a on t (a);
create index "B" on t (a);
create unique index u2 on t (b);
create index a_expression on t (lower(b)) where a > 0;
create index b_expression on t (lower(b)) where (a > 0);
-- not these: order, class, predicate, method, table, included columns
create index backwards on t (a desc);
create index pattern on t (b text_pattern_ops);
create index partial on t (a) where a > 0;
create index hashed on t using hash (a);
create index including on t (a) include (b);
create table u (a int primary key);
create index other on u (a desc);
create table parted (id int, a int) partition by list (id);
create table p1 partition of parted for values in (1);
create index on parted (a);
