-- longer than the timeout of the script before, which is not its own
SELECT pg_sleep(2.2);
ALTER TABLE entry ADD CONSTRAINT entry_amount CHECK (amount > 0);
