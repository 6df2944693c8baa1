create table book (id integer primary key);

-- the names are put together
do $$
begin
    for year in 2020..2026 loop
        execute format('create table sold_%s (id integer)', year);
    end loop;
end
$$;
