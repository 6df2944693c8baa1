-- finds: policy bare on public.t
-- finds: policy setting on public.t
-- finds: policy sub on public.t
create schema "Auth";
create function "Auth".uid() returns uuid language sql stable as 'select null::uuid';
create function "Auth".fixed() returns uuid language sql immutable as 'select null::uuid';
create table t (id uuid primary key, org uuid);
create table u (id uuid primary key, org uuid);
alter table t enable row level security;
create policy bare on t for select using (id = "Auth".uid());
create policy setting on t for insert with check (id = current_setting('app.user')::uuid);
create policy sub on t for delete using (exists (select from u where u.id = "Auth".uid() and u.org = t.org));
-- not these: once for all rows; a constant
create policy once on t for update using (id = (select "Auth".uid()));
create policy cast_once on t for update using (id = (select current_setting('app.user')::uuid));
create policy fixed on t for update using (id = "Auth".fixed());
