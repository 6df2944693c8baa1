-- finds: role audit_bypass
-- as: audit_bypass
create table t (id int primary key);
