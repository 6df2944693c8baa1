DECLARE
    script pg_catalog.text;
    number pg_catalog.int4 := 0;
    refused pg_catalog.int4[] := '{}';
BEGIN
    -- names that are cut and the like are told when the script runs
    PERFORM pg_catalog.set_config('client_min_messages', 'error', true);
    FOREACH script IN ARRAY pg_catalog.current_setting('pgplumb.scripts')::pg_catalog.text[] LOOP
        BEGIN
            EXECUTE pg_catalog.concat('SELECT 1 OPERATOR(pg_catalog./) 0;', pg_catalog.chr(10), script);
        EXCEPTION
            WHEN division_by_zero THEN NULL;
            WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported THEN
                refused := pg_catalog.array_append(refused, number);
            WHEN others THEN NULL;
        END;
        number := number OPERATOR(pg_catalog.+) 1;
    END LOOP;
    -- behind a pooler the session goes on, and keeps the name
    PERFORM pg_catalog.set_config('pgplumb.scripts', '', true);
    PERFORM pg_catalog.set_config('pgplumb.refused', pg_catalog.array_to_string(refused, ','), true);
END
