-- ✓
CREATE TABLE b (
    "ä" integer,
    id intger
);
