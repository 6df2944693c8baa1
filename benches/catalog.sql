-- A large catalog, for psql: `psql -v tables=2000 -f benches/catalog.sql`. Each table has ten columns, a primary key, a
-- foreign key, three more indexes, a trigger, row security and four policies.
create function touch() returns trigger language plpgsql as $$ begin new.c9 := now(); return new; end $$;
create function org() returns bigint language sql stable as $$ select nullif(current_setting('app.org', true), '')::bigint $$;
create table org (id bigint primary key);
-- one message, and so one transaction, for each table
select format($sql$
create table %1$s (
    c0 bigint generated always as identity primary key,
    c1 bigint not null constraint %1$s_org_fk references org (id),
    c2 text not null,
    c3 text not null default '',
    c4 integer not null default 0,
    c5 numeric(12, 2),
    c6 uuid default gen_random_uuid(),
    c7 jsonb not null default '{}',
    c8 boolean not null default false,
    c9 timestamptz not null default now()
);
create index %1$s_i1 on %1$s (c1);
create index %1$s_i2 on %1$s (c2, c9 desc);
create unique index %1$s_i3 on %1$s (c6) where c8;
create trigger %1$s_touch before update on %1$s for each row execute function touch();
alter table %1$s enable row level security;
create policy %1$s_sel on %1$s for select using (c1 = org());
create policy %1$s_ins on %1$s for insert with check (c1 = org());
create policy %1$s_upd on %1$s for update using (c1 = org()) with check (c1 = org());
create policy %1$s_del on %1$s for delete using (c1 = org());
$sql$, 't' || lpad(n::text, 4, '0'))
  from generate_series(0, :tables - 1) as n
\gexec
vacuum analyze;
