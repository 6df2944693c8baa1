-- finds: table public."Soon"
-- finds: table public.ended
-- finds: table public.with_default
create table ended (at date) partition by range (at);
create table ended_1 partition of ended for values from ('2020-01-01') to ('2020-02-01');
do $$ begin
  create table "Soon" (at timestamptz) partition by range (at);
  execute format('create table soon_1 partition of "Soon" for values from (%L) to (%L)', now() - interval '30 days', now() + interval '20 days');
  create table later (at timestamptz) partition by range (at);
  execute format('create table later_1 partition of later for values from (%L) to (%L)', now(), now() + interval '40 days');
end $$;
create table with_default (at timestamp, id int) partition by range (at, id);
create table with_default_1 partition of with_default for values from ('2020-01-01', 1) to ('2020-02-01', 1);
create table with_default_d partition of with_default default;
-- not these: for ever, not by time, none yet
create table ever (at date) partition by range (at);
create table ever_1 partition of ever for values from ('2020-01-01') to ('2020-02-01');
create table ever_2 partition of ever for values from ('2020-02-01') to (maxvalue);
create table infinite (at date) partition by range (at);
create table infinite_1 partition of infinite for values from ('2020-01-01') to ('infinity');
create table listed (at date) partition by list (at);
create table listed_1 partition of listed for values in ('2020-01-01');
create table numbered (id int) partition by range (id);
create table numbered_1 partition of numbered for values from (1) to (5);
create table none (at date) partition by range (at);
