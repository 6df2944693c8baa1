-- Takes back {label}: {title}
--
-- Leaves the database as it was before. Without CASCADE, so that what others have come to use stays, with an
-- error that names it. When nothing can take the migration back, delete this file and say so above the first
-- statement of {migration}: `-- pgplumb: irreversible "reason"`.

