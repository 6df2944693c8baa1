-- finds: policy a on public.t
-- finds: policy b on public.t
-- finds: policy c on public.t
create function uid() returns int language sql stable as 'select null::int';
create table t (id int primary key, org int);
alter table t enable row level security;
create policy a on t for select using (uid() is null or id = uid());
create policy b on t for delete using (org = 1 or (select uid()) is null);
create policy c on t for insert with check (current_setting('app.org', true) is null or org = current_setting('app.org', true)::int);
-- not these
create policy d on t for select using (uid() is not null or org = 1);
create policy e on t for select using (uid() is null and org = 1);
create policy f on t for select using (org is null or id = uid());
create policy g on t as restrictive for select using (uid() is null or id = uid());
