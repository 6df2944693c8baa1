ALTER TYPE state RENAME TO state_with_more;
CREATE TYPE state AS ENUM ('open', 'done');
ALTER TABLE "Order" ALTER COLUMN state TYPE state
    USING (CASE state::text WHEN 'lost''n found' THEN 'open' ELSE state::text END)::state;
DROP TYPE state_with_more;
