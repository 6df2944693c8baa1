-- ✓
CREATE TABLE b (
    "ä" integer,
    id integer DEFAULT 'x'
);
