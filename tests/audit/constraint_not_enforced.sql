-- finds: constraint "C" on public.t
-- finds: constraint f on public.t
-- from: 18
create table far (id int primary key);
create table t (id int primary key, a int constraint fine check (a > 0), far int);
alter table t add constraint "C" check (a < 9) not enforced;
alter table t add constraint f foreign key (far) references far not enforced;
