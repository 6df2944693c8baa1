-- finds: policy who on public.t
-- finds: policy admins on public.t
-- finds: policy put on public.t
create table t (id int primary key, owner name);
create table admin (name name primary key);
alter table t enable row level security;
create policy "who " on t using (owner = current_user);
create policy "who" on t using (current_user = 'boss');
create policy admins on t for delete using (exists (select from admin a where a.name = current_user));
create policy put on t for insert with check (current_setting('app.writes', true) = 'yes');
-- not these: a column, the row as a whole, true, false
create policy of_column on t for select using (owner = current_user);
create function mine(r t) returns boolean language sql stable as 'select r.id > 0';
create policy whole on t for select using (mine(t));
create policy open on t for select using (true);
create policy never on t for select using (false);
create policy narrow on t as restrictive for select using (current_user <> 'nobody');
