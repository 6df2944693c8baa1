-- finds: table "Sch ema"."T"
create schema "Sch ema";
create table "Sch ema"."T" (id int primary key);
create policy "p 1" on "Sch ema"."T" using (id > 0);
create policy "p 2" on "Sch ema"."T" for insert with check (id > 0);
-- not this: it is enabled
create table ruled (id int primary key);
alter table ruled enable row level security;
create policy p on ruled using (id > 0);
