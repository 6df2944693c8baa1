-- finds: constraint "Fk" on public.t
-- finds: constraint f_pair on public.t
-- finds: constraint f_partial on public.t
create table far (id int primary key, a int, b int, unique (a, b));
create table t (id int primary key, bare int constraint "Fk" references far, a int, b int, partial int constraint f_partial references far,
  served int constraint f_served references far, given int constraint f_given references far,
  constraint f_pair foreign key (a, b) references far (a, b));
create index on t (a);
create index on t (partial) where partial > 0;
-- not these: in any order, with more columns behind, over all that are not null
create index on t (given) where given is not null;
create index on t (served, id);
create table u (a int, b int, x int, foreign key (a, b) references far (a, b));
create index on u (b, a, x);
create table parted (id int, far int references far) partition by list (id);
create table p1 partition of parted for values in (1);
create index on parted (far);
