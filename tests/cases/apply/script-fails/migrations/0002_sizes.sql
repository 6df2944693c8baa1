-- Größe ✓ und Öl: characters of several bytes stand before the mistake
CREATE TABLE größe (
    "maß ✓" integer,
    name text NOT NULL CHECK (name + 1 > 0)
);
