-- finds: table public."Odd ""Name"".t"
-- finds: table public.parted
create table "Odd ""Name"".t" (id int primary key);
alter table "Odd ""Name"".t" enable row level security;
create table parted (id int) partition by list (id);
alter table parted enable row level security;
-- not these: a partition that is reached through its parent alone, a policy, no row security
create table parted_1 partition of parted for values in (1);
alter table parted_1 enable row level security;
create table ruled (id int primary key);
alter table ruled enable row level security;
create policy p on ruled using (id > 0);
create table open (id int primary key);
