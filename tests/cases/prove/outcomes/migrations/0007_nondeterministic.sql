DO $$
BEGIN
    EXECUTE format('CREATE TABLE %I (id integer)', 'part_' || md5(random()::text));
END
$$;
