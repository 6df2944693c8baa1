-- finds: policy "Mine" on public.s
-- finds: policy mine_put on public.t
create table t (id int primary key, owner name);
alter table t enable row level security;
create table s (id int primary key, owner name);
alter table s enable row level security;
create policy "Mine" on s for select using (owner = current_user);
create policy everything on s for select using (true);
create policy mine_put on t for insert to audit_app with check (owner = current_user);
create policy any_put on t for insert to audit_app, audit_other with check (true);
-- not these: one role of many, other roles,
create policy "Mine" on t for select using (owner = current_user);
create policy everything on t for select to audit_app using (true);
--  other commands, restrictive, another table
create table u (id int primary key, owner name);
alter table u enable row level security;
create policy mine on u for update to audit_app using (owner = current_user);
create policy others on u for update to audit_other using (true);
create policy reads on u for select using (true);
create policy narrow on u as restrictive for update to audit_app using (true);
