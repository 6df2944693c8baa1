DROP FUNCTION "{locked}"();
DROP TYPE "{relations}$pgplumb$";
