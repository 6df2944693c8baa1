create table public.modern (a integer, b integer, note text compression pglz,
  constraint modern_pkey primary key (a), constraint u unique nulls not distinct (b));
create table public.child (a integer, b integer, constraint f foreign key (a) references public.modern (a) on delete set null (a));
create view public.invoked with (security_invoker = true) as select a from public.modern;
create function public.std(a integer) returns integer return a + 1;
create statistics public.of_expressions on (a + b), (a * 2) from public.modern;
create publication some_rows for table public.modern (a, b) where (a > 0), public.child with (publish_via_partition_root = true);
create publication of_schema for tables in schema public;
create unlogged sequence public.fast_seq;
create type public.span as range (subtype = integer, multirange_type_name = public.spans);
