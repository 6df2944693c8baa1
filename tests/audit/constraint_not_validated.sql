-- finds: constraint "C" on public.t
-- finds: constraint d_check on public.d
-- finds: constraint f on public.t
create table far (id int primary key);
create table t (id int primary key, a int constraint fine check (a > 0), far int);
alter table t add constraint "C" check (a < 9) not valid;
alter table t add constraint f foreign key (far) references far not valid;
create domain d as int;
alter domain d add constraint d_check check (value > 0) not valid;
