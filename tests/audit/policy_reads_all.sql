-- finds: policy "Read all" on public.t
create table t (id int primary key);
alter table t enable row level security;
create policy "Read all" on t for select using (true);
create policy partly on t for select using (id > 0);
create policy narrow on t as restrictive for select using (true);
create policy never on t for select using (false);
