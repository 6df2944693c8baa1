CREATE TABLE "{types}$pgplumb$" (
    "{called}" "{relations}$pgplumb$" NOT NULL
);
CREATE TRIGGER "{columns}$1" BEFORE INSERT ON "{types}$pgplumb$" FOR EACH ROW EXECUTE FUNCTION "{locked}"();
