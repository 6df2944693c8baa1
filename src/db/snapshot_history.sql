create role follower_a
alter role follower_a connection limit 3
comment on role follower_a is 'a role'
alter role follower_a set work_mem = '5MB'
create role follower_b in role follower_a
create schema s
grant usage on schema s to follower_a
alter schema s owner to follower_a
comment on schema s is 'of s'
create type s.mood as enum ('ok')
alter type s.mood add value 'sad'
grant usage on type s.mood to follower_a with grant option
revoke usage on type s.mood from public
create domain s.positive as integer check (value > 0)
alter domain s.positive set default 3
comment on constraint positive_check on domain s.positive is 'why'
alter domain s.positive add constraint later check (value < 9) not valid
create type s.pair as (a integer, b text)
alter type s.pair add attribute c s.mood
comment on type s.pair is 'two'
create type s.floatrange as range (subtype = float8)
create table s.t (id integer primary key, mood s.mood, note text, extra s.pair)
create table s.u (id integer references s.t (id), v s.positive)
create view s.v as select id, mood from s.t
create function s.f(a s.t) returns integer language sql as 'select a.id'
create function s.g() returns trigger language plpgsql as 'begin return new; end'
create trigger tr before update on s.t for each row when (old.note is not null) execute function s.g()
alter table s.t rename column mood to feeling
alter table s.t rename to tt
alter type s.mood rename to humour
alter function s.g() rename to h
alter table s.tt rename column id to number
alter schema s rename to s2
alter role follower_a rename to follower_c
alter table s2.tt alter column note set storage external
alter table s2.tt alter column note set statistics 55
alter table s2.tt alter column note set (n_distinct = 5)
--14 alter table s2.tt alter column note set compression pglz
alter table s2.tt replica identity full
alter table s2.tt set (fillfactor = 70)
alter table s2.tt set (toast.autovacuum_enabled = false)
create index i on s2.tt (note, (upper(note))) where note <> ''
alter index s2.i alter column 2 set statistics 77
alter table s2.tt cluster on t_pkey
comment on index s2.i is 'fast'
comment on column s2.tt.note is 'a note'
comment on table s2.tt is 'a table'
comment on trigger tr on s2.tt is 'a trigger'
comment on constraint u_id_fkey on s2.u is 'a key'
alter table s2.tt disable trigger tr
drop trigger tr on s2.tt
drop index s2.i
comment on column s2.tt.note is null
create policy p on s2.tt using (feeling = 'ok')
alter policy p on s2.tt using (feeling = 'sad')
comment on policy p on s2.tt is 'a policy'
drop policy p on s2.tt
alter table s2.tt enable row level security
grant select, update (note) on s2.tt to follower_c
revoke delete on s2.tt from postgres
revoke select on s2.tt from follower_c
create rule r as on delete to s2.u do instead nothing
comment on rule r on s2.u is 'a rule'
alter table s2.u disable rule r
drop rule r on s2.u
alter table s2.u drop constraint u_id_fkey
create sequence s2.q
alter sequence s2.q increment 5 cache 7 owned by s2.u.v
alter sequence s2.q owned by none
grant usage on sequence s2.q to follower_c
alter table s2.u alter column v set default nextval('s2.q')
alter sequence s2.q rename to q2
alter table s2.u alter column v drop default
create table s2.parent (a integer, b integer) partition by range (a)
create table s2.child partition of s2.parent for values from (1) to (2)
create index on s2.parent (b)
alter table s2.parent rename to ancestor
alter table s2.ancestor detach partition s2.child
create table s2.heir () inherits (s2.u)
alter table s2.heir no inherit s2.u
create materialized view s2.m as select 1 as one
alter materialized view s2.m rename column one to two
refresh materialized view s2.m with no data
create statistics s2.st (dependencies) on number, note from s2.tt
comment on statistics s2.st is 'a statistics object'
--13 alter statistics s2.st set statistics 33
drop statistics s2.st
create publication pub for table s2.tt
alter publication pub set (publish = 'insert')
alter publication pub drop table s2.tt
drop publication pub
alter default privileges in schema s2 grant select on tables to follower_c
alter default privileges in schema s2 revoke select on tables from follower_c
create function s2.et() returns event_trigger language plpgsql as 'begin end'
create event trigger et on ddl_command_end execute function s2.et()
alter event trigger et disable
drop event trigger et
alter function s2.h() cost 7
alter function s2.h() set work_mem = '1MB'
grant execute on function s2.h() to follower_c
revoke execute on function s2.h() from public
create or replace function s2.h() returns trigger language plpgsql as 'begin return null; end'
comment on function s2.h() is 'a function'
alter function s2.h() owner to follower_c
create function s2.eq(a s2.pair, b s2.pair) returns boolean language sql immutable as 'select true'
create operator s2.=== (leftarg = s2.pair, rightarg = s2.pair, function = s2.eq)
comment on operator s2.=== (s2.pair, s2.pair) is 'an operator'
drop operator s2.=== (s2.pair, s2.pair)
create function s2.as_text(a s2.pair) returns text language sql immutable as 'select $$x$$'
create cast (s2.pair as text) with function s2.as_text(s2.pair)
drop cast (s2.pair as text)
create collation s2.c from "C"
drop collation s2.c
create text search configuration s2.ts (copy = simple)
alter text search configuration s2.ts drop mapping for word
drop text search configuration s2.ts
create aggregate s2.total (integer) (sfunc = int4pl, stype = integer)
drop aggregate s2.total (integer)
create operator family s2.fam using btree
drop operator family s2.fam using btree
create foreign data wrapper w
create server srv foreign data wrapper w options (host 'h')
create foreign table s2.ft (a integer options (x 'y')) server srv options (z '1')
alter foreign table s2.ft options (set z '2')
create user mapping for follower_c server srv options (password 'hidden')
drop server srv cascade
alter database postgres set work_mem = '6MB'
comment on database postgres is 'a database'
grant connect on database postgres to follower_c
alter table s2.tt drop column extra
alter type s2.pair drop attribute c
drop view s2.v
drop materialized view s2.m
alter table s2.tt alter column feeling type text using feeling::text
alter table s2.tt set unlogged
alter table s2.tt owner to follower_c
drop function s2.f(s2.tt)
drop type s2.floatrange
drop schema s2 cascade
drop role follower_b
