DROP TABLE "{types}$pgplumb$";
