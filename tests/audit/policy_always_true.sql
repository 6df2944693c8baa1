-- finds: policy "all of it" on public.t
-- finds: policy change on public.t
-- finds: policy one on public.t
-- finds: policy put on public.t
create table t (id int primary key);
alter table t enable row level security;
create policy "all of it" on t using (true);
create policy put on t for insert with check (true);
create policy change on t for update using (true) with check (id > 0);
create policy one on t for delete using (1 = 1);
-- not these: reading, restrictive, a condition, nothing
create policy read on t for select using (true);
create policy narrow on t as restrictive for insert with check (true);
create policy partly on t for insert with check (id > 0);
create policy never on t for delete using (false);
