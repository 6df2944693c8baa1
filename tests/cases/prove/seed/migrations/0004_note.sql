ALTER TABLE "user" ADD COLUMN note text DEFAULT 'none';
