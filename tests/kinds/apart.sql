create schema ext;
create extension citext schema ext version '1.5';
create table public.t (a integer primary key, note text, code varchar(3) collate "C", constraint t_code_key unique (code));
create index t_note on public.t (note);
create materialized view public.m as select 1 as a;
