-- One of every kind that a check file knows, under names that need quotes here and there.
create role "Kind's owner" nologin;
create role kinds_app login;
create role kinds_reader noinherit;
grant kinds_reader to kinds_app;
create schema app;
create schema "Odd Schema";
grant usage on schema app to kinds_app;

create type app.mood as enum ('sad', 'ok');
create type app.pair as ("A b" integer, c text collate "C");
create function app.span_diff(text, text) returns float8 language sql immutable as 'select 1.0::float8';
create type app.span as range (subtype = text, collation = "C", subtype_diff = app.span_diff);
create domain app.positive as numeric(10, 2) not null default 1 constraint above check (value > 0);
create sequence app.numbers as integer increment by 2 minvalue 3 maxvalue 900 start 5 cache 4 cycle;
grant usage on sequence app.numbers to kinds_app;

create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.on_ddl() returns event_trigger language plpgsql as $$ begin end $$;
create function app.one(a integer default 1) returns integer language sql stable strict security definer
  set search_path to app, pg_temp as 'select 1';
revoke execute on function app.one(integer) from public;
grant execute on function app.one(integer) to kinds_app;
create procedure app.work(a integer) language sql as 'select 1';
create function app.add(integer, integer) returns integer language sql as 'select $1 + $2';
create aggregate app.total (integer) (sfunc = app.add, stype = integer, initcond = '0');

create table app.other (id integer primary key, note text);
create index other_note on app.other (note);
create table app."Odd ""t""" (
  id integer generated always as identity,
  "Org" integer not null,
  name varchar(40) collate "C",
  amount numeric(12, 2) not null default 0,
  twice numeric generated always as (amount * 2) stored,
  mood app.mood default 'ok',
  during tstzrange,
  constraint "Odd ""t""_pkey" primary key (id),
  constraint name_key unique ("Org", name) deferrable,
  constraint amount_check check (amount > 0) no inherit,
  constraint other_fk foreign key ("Org") references app.other (id) match full on delete cascade,
  constraint apart exclude using gist (during with &&) where (amount > 1)
) with (fillfactor = 70);
alter table app."Odd ""t""" add constraint late check (amount < 1000) not valid;
alter table app."Odd ""t""" alter name set storage external, alter name set statistics 50;
create index by_name on app."Odd ""t""" (lower(name) collate "C" text_pattern_ops desc nulls last, "Org") include (amount) where amount > 5;
create statistics app.stats (ndistinct, dependencies) on "Org", name from app."Odd ""t""";
create trigger touch before insert or update of name on app."Odd ""t""" for each row when (new.amount > 1) execute function app.touch('a');
create constraint trigger late_touch after insert on app."Odd ""t""" from app.other deferrable for each row execute function app.touch();
create rule keep as on delete to app."Odd ""t""" where old.amount > 3 do also insert into app.other values (old.id, 'gone');
create policy own on app."Odd ""t""" as restrictive for update to kinds_app using (amount > 1) with check (amount > 2);
alter table app."Odd ""t""" enable row level security;
grant select, update (name) on app."Odd ""t""" to kinds_app;
create unlogged table app.fast (id integer);
create table app.base (a integer);
create table app.heir (b integer) inherits (app.base);
create table app.log (id integer, at timestamptz) partition by range (at);
create table app.log_2025 partition of app.log for values from ('2025-01-01 00:00+00') to ('2026-01-01 00:00+00');
create table app.log_rest partition of app.log default;
create trigger log_touch after insert on app.log for each row execute function app.touch();
create index log_at on only app.log (at);
create foreign data wrapper kinds_fdw;
create server far type 'kind' version '1' foreign data wrapper kinds_fdw options (host 'here');
create foreign table app.away (id integer options (column_name 'x')) server far options (table_name 'y');
create view app.shown with (security_barrier = true) as select id, amount from app."Odd ""t""" where amount > 1;
create materialized view app.kept with (fillfactor = 60) as select id from app.other;
create unique index kept_id on app.kept (id);
create event trigger log_ddl on ddl_command_end when tag in ('CREATE TABLE') execute function app.on_ddl();
alter event trigger log_ddl disable;
create publication feed for table app.other with (publish = 'insert, update');
alter default privileges for role "Kind's owner" in schema app grant select on tables to kinds_app;
comment on table app.other is 'the others';

-- what an owner gave away of its own
create table app.lent (id integer);
revoke all on app.lent from current_user;
grant select, update (id) on app.lent to current_user;
create function app.lent() returns integer language sql as 'select 1';
revoke all on function app.lent() from current_user;
alter default privileges for role kinds_reader revoke all on types from kinds_reader;
alter default privileges for role kinds_reader revoke all on sequences from kinds_reader;
alter default privileges for role kinds_reader grant usage on sequences to kinds_reader;

-- granted by two roles
create server "Two hands" foreign data wrapper kinds_fdw;
grant usage on foreign server "Two hands" to kinds_reader, kinds_app with grant option;
set role kinds_reader;
grant usage on foreign server "Two hands" to kinds_app;
reset role;

-- parts with something of their own
create type app.noted_pair as ("A b" integer, c text);
comment on column app.noted_pair."A b" is 'a: b';
create domain app.noted_text as text constraint "not: none" check (value <> '') constraint other check (value <> 'x');
comment on constraint "not: none" on domain app.noted_text is 'some';
create view app.noted as select 1 as id, 2 as amount;
alter view app.noted alter amount set default 3;
comment on column app.noted.id is 'which';
create materialized view app.stored as select 1 as id, 'a'::text as note;
alter materialized view app.stored alter note set storage external;
create table app.summed (a integer);
create index summed_sum on app.summed ((a + 1), (a + 2));
alter index app.summed_sum alter column 1 set statistics 6;

-- what partitions have from their parent, and of their own beside it
create table app.shared (
  id integer, kind integer, note text,
  constraint shared_key primary key (id, kind) with (fillfactor = 80),
  constraint shared_kind check (kind > 0),
  constraint shared_other foreign key (kind) references app.other (id)
) partition by list (kind);
create index shared_sum on app.shared ((id + kind)) with (fillfactor = 90);
create trigger shared_touch after insert on app.shared for each row execute function app.touch();
create table app.shared_1 partition of app.shared for values in (1);
create table app.shared_2 partition of app.shared for values in (2);
create table app.shared_3 partition of app.shared for values in (3);
comment on index app.shared_2_expr_idx is 'a';
alter index app.shared_2_expr_idx set (fillfactor = 70);
alter index app.shared_2_expr_idx alter column 1 set statistics 9;
comment on constraint shared_2_pkey on app.shared_2 is 'b';
comment on constraint shared_kind on app.shared_2 is 'c';
comment on constraint shared_other on app.shared_2 is 'd';
comment on trigger shared_touch on app.shared_2 is 'e';
create table app.unheld (id integer references app.other (id));
alter table app.unheld disable trigger all;

-- of what has no kind of its own the comments are watched
create function app.same(a integer, b app.mood) returns boolean language sql immutable as 'select true';
create function app.rank(a app.mood) returns integer language sql immutable as 'select 1';
create operator app.=== (leftarg = integer, rightarg = app.mood, function = app.same);
create operator app.!! (rightarg = integer, function = app.one);
create cast (app.mood as integer) with function app.rank(app.mood);
create cast (app.mood as text) with inout;
create collation app."Coll's" from "C";
create conversion app.conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create operator family app.fam using hash;
create operator class app."Ints" for type integer using btree as operator 3 =, function 1 btint4cmp(integer, integer);
create text search configuration app.plain (copy = simple);
create text search dictionary app.dict (template = simple);
create text search parser app.pars (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search template app.tmpl (init = dsimple_init, lexize = dsimple_lexize);
create language kinds_lang handler plpgsql_call_handler;
create access method kinds_heap type table handler heap_tableam_handler;
create transform for integer language kinds_lang (from sql with function prsd_lextype(internal), to sql with function int4recv(internal));
select lo_create(4711);
comment on operator app.=== (integer, app.mood) is 'it''s the same';
comment on cast (app.mood as integer) is 'rank';
comment on collation app."Coll's" is 'bytes';
comment on text search configuration app.plain is 'plain';
comment on operator class app."Ints" using btree is 'ints';
comment on transform for integer language kinds_lang is 'both ways';
comment on foreign data wrapper kinds_fdw is 'none';
