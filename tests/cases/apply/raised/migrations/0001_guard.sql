DO $do$
BEGIN
    RAISE EXCEPTION 'not on a Friday' USING DETAIL = 'It is Friday.', HINT = 'Come back on Monday.', ERRCODE = 'P0042';
END
$do$;
